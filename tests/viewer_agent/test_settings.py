from pathlib import Path

import msgspec
import pytest

from lera.configuration import Configuration
from lera.errors import LeraError
from tests.viewer_agent.helpers import ROOT
from viewer_agent.settings import ViewerSettings


def test_the_shipped_config_holds_the_defaults() -> None:
    shipped = Configuration(Path(ROOT / "config.toml").read_text("utf-8"))
    assert shipped.section("viewer", ViewerSettings) == ViewerSettings()
    for name in ViewerSettings.__struct_fields__:
        assert f"\n{name} = " in Path(ROOT / "config.toml").read_text("utf-8")


@pytest.mark.parametrize("line", ["frames_per_second = 0", "clip_frames = 2.5", "camera = -1", "previw = true"])
def test_nonsense_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(LeraError, match="line 2"):
        Configuration(f"[viewer]\n{line}\n").section("viewer", ViewerSettings)


def test_a_camera_may_be_a_number_or_a_name() -> None:
    assert msgspec.convert({"camera": 1}, ViewerSettings).camera == 1
    assert msgspec.convert({"camera": "/dev/video1"}, ViewerSettings).camera == "/dev/video1"
