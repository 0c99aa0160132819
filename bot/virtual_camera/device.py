"""The webcam that other programs see: a device of the system's, through pyvirtualcam."""

import sys
from typing import Protocol

from bot.drawing.shapes import Pixels
from bot.virtual_camera.settings import VirtualCameraSettings
from lera.errors import LeraError

PACKAGE_MISSING = (
    "The virtual camera needs pyvirtualcam, which doesn't come with LERA: "
    f'run `"{sys.executable}" -m pip install pyvirtualcam`.'
)
READY = "The virtual camera is on"


class Camera(Protocol):
    """An open device. `send` takes (height, width, 3) of red, green and blue, and may wait for the device."""

    @property
    def device(self) -> str:
        """Its name, as other programs show it."""

    def send(self, frame: Pixels) -> None:
        """Show a frame. Raises when the device has gone."""

    def close(self) -> None:
        """Let it go."""


def open_camera(settings: VirtualCameraSettings) -> Camera:
    """Open the device that is named, or the first. Raises LeraError: no package, no device."""
    try:
        # Here alone, and only in this program: its licence is another one.
        import pyvirtualcam
    except ImportError:
        raise LeraError(PACKAGE_MISSING) from None
    try:
        camera: Camera = pyvirtualcam.Camera(
            settings.width, settings.height, settings.frames_per_second, device=settings.device or None
        )
    except (RuntimeError, OSError) as error:
        # The library tells each system's reason in a line of its own.
        reason = "; ".join(line.strip() for line in str(error).splitlines()) or "no device"
        raise LeraError(f"No virtual camera could be opened ({reason}). {mend(settings.device)}") from None
    return camera


def mend(device: str = "", system: str = sys.platform) -> str:
    """What to do where no device could be opened, in one line for each system."""
    if device:
        return (
            f'Set [virtual_camera] device to "" for the first one; {device} is not there, or another program uses it.'
        )
    if system == "win32":
        return "Install OBS Studio 26 or newer, whose virtual camera is used; stop it in OBS if it runs there."
    if system == "darwin":
        return (
            "Install OBS Studio 30 or newer, start and stop its virtual camera once, and allow it in System Settings."
        )
    return (
        "Install v4l2loopback (Debian, Ubuntu: `sudo apt install v4l2loopback-dkms`), then "
        '`sudo modprobe v4l2loopback exclusive_caps=1 card_label="LERA mood"`.'
    )
