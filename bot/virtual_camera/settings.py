"""The `[virtual_camera]` table of config.toml."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from bot.drawing.palette import Theme
from bot.drawing.words import Language

KEY_VARIABLE: Final = "LERA_KEY"
"""Where the camera's program finds the overlay's key: other users can read a command line, but no environment."""


class VirtualCameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[virtual_camera]`: the bars as a webcam. Lengths are in pixels, and even, as video is."""

    enabled: bool = False
    width: Annotated[int, Meta(ge=160, le=3840, multiple_of=2)] = 1280
    height: Annotated[int, Meta(ge=120, le=2160, multiple_of=2)] = 720
    frames_per_second: Annotated[float, Meta(ge=1, le=60)] = 30.0
    background: Annotated[str, Meta(pattern=r"^#([0-9a-fA-F]{3}){1,2}$")] = "#1b2440"
    image: str = ""
    size: Annotated[float, Meta(ge=0.2, le=1)] = 0.85
    position: Literal["center", "left", "right"] = "center"
    theme: Theme = "dark"
    language: Language = "en"
    device: str = ""
