"""`[obs]` of config.toml: types, ranges, defaults."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Mode = Literal["on", "dry-run", "off"]
"""What becomes of reactions: done, only told, or not even looked for."""


class ObsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[obs]`: how OBS is reached. Its password is in the keyring."""

    enabled: bool = False
    host: Annotated[str, Meta(min_length=1, max_length=253, pattern=r"^[\w.:\[\]-]+$")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 4455
    timeout: Annotated[float, Meta(ge=0.5, le=30)] = 3.0
    source: Annotated[str, Meta(min_length=1, max_length=200)] = "LERA mood"
    start_replay_buffer: bool = False
    reactions: Mode = "on"
