"""What a plate shows: the live feed's frame in words and numbers. Pure, and the same rules as the overlay's."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from bot.drawing.words import Words
from model.emotions import EMOTIONS

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
State = Literal["connecting", "live", "gathering", "resting", "stale", "hidden"]
"""The overlay's; `hidden` is a plate that a moderator has taken off the picture."""
Signal = Literal["connecting", "live", "stale"]
Bar = tuple[float, float, float]
"""A share and the ends of its 90 % interval, 0..1."""

STEADY: Final = 0.02
"""A share that moved less than this reads as steady: the interval of a small crowd is far wider."""
EMPTY: Final[tuple[Bar, ...]] = ((0.0, 0.0, 0.0),) * len(EMOTIONS)
UNKNOWN: Final = ("\N{EN DASH}",) * len(EMOTIONS)


class Source(Struct, frozen=True):
    """How many voters one source has, and its part of the mood."""

    voters: Count = 0
    part: Share = 0.0


class Sources(Struct, frozen=True):
    """Where the votes come from."""

    face: Source = Source()
    chat: Source = Source()


class MoodFrame(Struct, frozen=True, tag="mood"):
    """A mood as `/live` sends it, as far as it is shown. What a newer bot says besides is passed over."""

    viewers: Count = 0
    minimum_viewers: Count = 0
    enough: bool = False
    paused: bool = False
    overlay: bool = True
    shares: dict[str, Share] | None = None
    intervals: dict[str, tuple[Share, Share]] | None = None
    top: str | None = None
    trend: dict[str, float] | None = None
    sources: Sources | None = None


class Beat(Struct, frozen=True, tag="beat"):
    """Says that the bot is alive and nothing changed."""


class Look(Struct, frozen=True):
    """All that a plate shows. `numbers` are in the order of EMOTIONS, `top` is the row that leads."""

    state: State
    title: str
    headline: str
    portrait: str
    bars: tuple[Bar, ...] = EMPTY
    numbers: tuple[str, ...] = UNKNOWN
    top: str | None = None
    viewers: str = ""
    way: Literal["", "rising", "falling", "steady"] = ""
    trend: str = ""


_decoder: Final[msgspec.json.Decoder[MoodFrame | Beat]] = msgspec.json.Decoder(MoodFrame | Beat)


def read_frame(text: str | bytes) -> MoodFrame | Beat | None:
    """A frame that is safe to show; None for one that is not known here."""
    try:
        frame = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(frame, MoodFrame) and frame.enough and not _is_whole(frame):
        return None
    return frame


def look_of(frame: MoodFrame | None, signal: Signal, words: Words) -> Look:
    """What the plate shows of the newest frame. A stale one keeps its bars, which then are drawn in grey."""
    if frame is None:
        return Look("connecting", words.title, words.connecting, "silence")
    bars = EMPTY
    if frame.shares is not None and frame.intervals is not None:
        bars = tuple((frame.shares[name], *frame.intervals[name]) for name in EMOTIONS)
    if signal != "live":
        return Look("stale", words.stale, words.reconnecting, "silence", bars)
    if not frame.overlay:
        return Look("hidden", "", "", "silence")
    if frame.paused:
        return Look("resting", words.title, words.resting, "rest")
    if not frame.enough or frame.shares is None or frame.top is None:
        gathering = words.gathering.format(have=frame.viewers, need=frame.minimum_viewers)
        return Look("gathering", words.title, gathering, "crowd")
    sources = frame.sources or Sources()
    is_chat = sources.chat.part > 0
    faces = sources.face.voters if sources.face.part else 0
    change = None if frame.trend is None else frame.trend[frame.top]
    way = "" if change is None else _way(change)
    return Look(
        state="live",
        title=words.crowd if is_chat else words.looking,
        headline=words.expressions[frame.top],
        portrait=frame.top,
        bars=bars,
        numbers=tuple(percent(frame.shares[name]) for name in EMOTIONS),
        top=frame.top,
        viewers=words.voters(faces, sources.chat.voters) if is_chat else words.number(frame.viewers),
        way=way,
        trend=words.trend[way] if way else "",
    )


def percent(share: float) -> str:
    """As a page shows it: halves go up."""
    return f"{int(100 * share + 0.5)}%"


def _way(change: float) -> Literal["rising", "falling", "steady"]:
    return "rising" if change > STEADY else "falling" if change < -STEADY else "steady"


def _is_whole(frame: MoodFrame) -> bool:
    parts = (frame.shares, frame.intervals, *([frame.trend] if frame.trend is not None else []))
    if any(part is None or not set(EMOTIONS) <= set(part) for part in parts):
        return False
    return frame.top in EMOTIONS
