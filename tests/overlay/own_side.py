"""What the bot tells of the streamer's own side, as tests hand it to a page beside a mood."""

from typing import Any, Final

from model.emotions import EMOTIONS

Fields = dict[str, Any]

ABSENT: Final[Fields] = {"streamer": None, "resonance": None, "disagreement": None}


def streamer(top: str = "happiness", share: float = 0.62, **parts: float) -> Fields:
    """The streamer's own mood; `parts` are the weights of face, voice and words."""
    shares = {emotion: share if emotion == top else (1 - share) / 6 for emotion in EMOTIONS}
    return {"shares": shares, "top": top, "quality": 0.8, "parts": parts or {"face": 0.55, "voice": 0.3, "words": 0.15}}


def resonance(
    score: float = 72.0, low: float = 58.0, high: float = 83.0, *, significant: bool = True, lag: float | None = 6.2
) -> Fields:
    """A resonance that is known, with each of the seven but disgust."""
    ends = (None, None) if lag is None else (lag - 1.4, lag + 1.7)
    emotions = {emotion: max(0.0, score - 9.0 * place) for place, emotion in enumerate(EMOTIONS)}
    return {
        "state": "ok", "score": score, "low": low, "high": high, "significant": significant,
        "lag": lag, "lag_low": ends[0], "lag_high": ends[1], "emotions": emotions | {"disgust": None},
    }  # fmt: skip


NOT_ENOUGH: Final[Fields] = {
    "state": "not_enough", "score": None, "low": None, "high": None, "significant": False,
    "lag": None, "lag_low": None, "lag_high": None, "emotions": None,
}  # fmt: skip


def disagreement(
    one: str = "streamer", other: str = "chat", says: tuple[str, str] = ("happiness", "sadness")
) -> Fields:
    """Two sides that say different things."""
    return {"between": [one, other], "says": {one: says[0], other: says[1]}, "since": 1763640100.0}


STATES: Final[dict[str, Fields]] = {
    "clear": {"streamer": streamer(), "resonance": resonance(), "disagreement": None},
    "chance": {
        "streamer": streamer("surprise"),
        "resonance": resonance(21, 4, 44, significant=False),
        "disagreement": None,
    },
    "disagree": {"streamer": streamer(), "resonance": resonance(38, 20, 57, lag=9.0), "disagreement": disagreement()},
    "waits": {"streamer": streamer("neutral"), "resonance": NOT_ENOUGH, "disagreement": None},
    "hidden": {"streamer": None, "resonance": resonance(), "disagreement": None},
}
"""The states of the overlay's element for it, but for "absent"."""
SHEET: Final = "own_side"
APPROVED: Final = {
    "clear": "lang=en&plate=dark",
    "chance": "lang=en&plate=light&motion=reduced",
    "disagree": "lang=zh-TW&plate=clear",
}
"""Of which states pictures are approved, in which look; each in every theme."""
