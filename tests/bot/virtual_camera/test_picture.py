"""The picture that the camera sends: where the plate stands in it, and on what."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.virtual_camera.device import mend, open_camera
from bot.virtual_camera.picture import plate_of
from bot.virtual_camera.settings import VirtualCameraSettings
from lera.configuration import Configuration
from lera.errors import LeraError
from tests.bot.drawing.looks import look


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 480), (320, 240), (480, 854), (1920, 200)])
@pytest.mark.parametrize("position", ["left", "center", "right"])
def test_the_plate_fits_into_every_picture(width: int, height: int, position: str) -> None:
    settings = VirtualCameraSettings(width=width, height=height, size=1.0, position=position)  # type: ignore[arg-type]
    plate = plate_of(settings)
    plate.draw(look())
    assert plate.canvas.pixels.shape == (height, width, 3)
    left, top, right, bottom = plate.layout.plate
    assert 0 < left < right < width and 0 < top < bottom < height
    beyond = {
        "left": left < width - right or left < 20,
        "center": abs(left - (width - right)) <= 2,
        "right": right > left,
    }
    assert beyond[position]
    assert (plate.canvas.pixels[0, 0] == (0x1B, 0x24, 0x40)).all()


def test_a_background_is_cut_to_fit(tmp_path: Path) -> None:
    stripes = np.zeros((100, 400, 4), np.uint8)
    stripes[:, :200] = (200, 0, 0, 255)
    stripes[:, 200:] = (0, 0, 200, 0)
    path = tmp_path / "back ground.png"
    Image.fromarray(stripes).save(path)
    plate = plate_of(VirtualCameraSettings(image=str(path), background="#0f0"))
    assert (plate.canvas.pixels[0, 0] == (200, 0, 0)).all()
    assert (plate.canvas.pixels[0, -1] == (0, 255, 0)).all(), "where the picture is transparent, the colour shows"


@pytest.mark.parametrize("name", ["missing.png", "text.png"])
def test_a_background_that_is_none_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(LeraError, match=r"\[virtual_camera\] image"):
        plate_of(VirtualCameraSettings(image=str(tmp_path / name)))


@pytest.mark.parametrize(
    "line", ["width = 641", "height = 99999", 'background = "blue"', 'language = "fr"', "size = 0", "fps = 30"]
)
def test_silly_settings_are_refused(line: str) -> None:
    with pytest.raises(LeraError, match=line.split()[0]):
        Configuration(f"[virtual_camera]\n{line}\n").section("virtual_camera", VirtualCameraSettings)


def test_a_missing_device_is_one_line_with_the_mend() -> None:
    with pytest.raises(LeraError) as caught:
        open_camera(VirtualCameraSettings(device="/dev/no-such-camera"))
    assert "\n" not in str(caught.value) and "[virtual_camera] device" in str(caught.value)
    for system, word in (("win32", "OBS"), ("darwin", "System Settings"), ("linux", "v4l2loopback")):
        assert word in mend(system=system) and "\n" not in mend(system=system)


def test_a_missing_package_is_one_line_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyvirtualcam", None)
    with pytest.raises(LeraError, match="-m pip install pyvirtualcam"):
        open_camera(VirtualCameraSettings())
