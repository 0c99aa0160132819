"""`[[reaction]]` of config.toml: types, ranges, defaults. `rules.py` checks what a type can't say."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(max_length=200)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=3600)]

Position = Literal["left", "right", "bottom", "corner"]
"""Where the overlay stands: at an edge of the whole picture, or small in the lower right corner."""


class ReactionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[reaction]]`: when the crowd looks so, do that. None and "" mean: not said."""

    name: Annotated[str, Meta(max_length=60)] = ""
    when: str = ""
    emotion: str = ""
    above: float | None = None
    release: float | None = None
    seconds: Seconds = 3.0
    cooldown: Annotated[float, Meta(ge=1, le=86_400)] = 30.0
    do: str = ""
    back: bool | None = None
    scene: Name = ""
    source: Name = ""
    filter: Name = ""
    setting: Name = ""
    low: Annotated[float, Meta(ge=-1e6, le=1e6)] | None = None
    high: Annotated[float, Meta(ge=-1e6, le=1e6)] | None = None
    text: Annotated[str, Meta(max_length=500)] = ""
    hotkey: Name = ""
    event: Annotated[str, Meta(max_length=60)] = ""
