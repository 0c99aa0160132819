"""`[obs]` and `[[reaction]]` of config.toml: types, ranges, defaults. `rules.py` checks what a type can't say."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(max_length=200)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=3600)]

Mode = Literal["on", "dry-run", "off"]
"""What becomes of reactions: done, only told, or not even looked for."""

Position = Literal["left", "right", "bottom", "corner"]
"""Where the overlay stands: at an edge of the whole picture, or small in the lower right corner."""


class ObsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[obs]`: how OBS is reached. Its password is in the keyring."""

    enabled: bool = False
    host: Annotated[str, Meta(min_length=1, max_length=253, pattern=r"^[\w.:\[\]-]+$")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 4455
    timeout: Annotated[float, Meta(ge=0.5, le=30)] = 3.0
    source: Annotated[str, Meta(min_length=1, max_length=200)] = "LERA mood"
    start_replay_buffer: bool = False
    reactions: Mode = "on"


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
