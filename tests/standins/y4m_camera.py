"""A virtual camera for tests: pyvirtualcam's own `register_backend`, and a .y4m file in place of a device.

`python -m tests.standins.y4m_camera ADDRESS` is `python -m bot.virtual_camera` with that backend. The device that the
settings name is the file. Like the real backends it refuses a device that isn't there (its folder must exist), frames
that are not of the size it was opened with, and any use after `close`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pyvirtualcam
from numpy.typing import NDArray

FOURCC_RGB = pyvirtualcam.util.encode_fourcc(pyvirtualcam.PixelFormat.RGB.value)


class Y4mCamera:
    """Writes what it is sent as YUV 4:2:0, as a real device would get it."""

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
        if fourcc != FOURCC_RGB:
            raise RuntimeError("this camera takes RGB")
        if device is None or not Path(device).parent.is_dir():
            raise RuntimeError(f"no camera {device}")
        self._size = (width, height)
        self._device = device
        self._file = Path(device).open("wb", buffering=0)  # noqa: SIM115 - it stays open until `close`
        self._file.write(f"YUV4MPEG2 W{width} H{height} F{round(fps * 1000)}:1000 Ip A1:1 C420jpeg\n".encode())

    def send(self, frame: NDArray[np.uint8]) -> None:
        width, height = self._size
        assert frame.ndim == 1 and frame.dtype == np.uint8 and frame.flags.c_contiguous
        if self._device_is_gone() or self._file.closed:
            raise RuntimeError("the camera is gone")
        yuv = cv2.cvtColor(frame.reshape(height, width, 3), cv2.COLOR_RGB2YUV_I420)
        self._file.write(b"FRAME\n" + yuv.tobytes())

    def close(self) -> None:
        assert not self._file.closed, "closed twice"
        self._file.close()

    def device(self) -> str:
        return self._device

    def native_fourcc(self) -> int | None:
        return None

    def _device_is_gone(self) -> bool:
        return not Path(self._device).exists()


def read_frames(path: Path, newest: bool = False) -> Iterator[NDArray[np.uint8]]:
    """The whole frames of such a file so far, or its newest alone; each (height, width, 3) of red, green and blue."""
    with path.open("rb") as file:
        header = file.readline()
        sizes = {word[:1]: word[1:] for word in header.split()[1:]}
        width, height = int(sizes[b"W"]), int(sizes[b"H"])
        length = len(b"FRAME\n") + width * height * 3 // 2
        whole = (path.stat().st_size - len(header)) // length
        for number in range(max(0, whole - 1) if newest else 0, whole):
            file.seek(len(header) + number * length)
            frame = file.read(length)
            assert frame[:6] == b"FRAME\n"
            yuv = np.frombuffer(frame, np.uint8, offset=6).reshape(height * 3 // 2, width)
            yield np.asarray(cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420), np.uint8)


if __name__ == "__main__":
    pyvirtualcam.register_backend("y4m", Y4mCamera)
    from bot.virtual_camera.__main__ import main
    from lera.cli import run_program

    sys.exit(run_program(main))
