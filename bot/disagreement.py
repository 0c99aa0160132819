"""Where faces, chat and streamer say different things. Pure: time comes in."""

from typing import Literal

from msgspec import Struct

Side = Literal["streamer", "faces", "chat"]


class Disagreement(Struct, frozen=True):
    """Two sides that clearly look different, and which of the seven each is. `since` is when it began."""

    between: tuple[Side, Side]
    says: tuple[str, str]
    since: float
