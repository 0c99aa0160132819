"""The overlay's live feed: the newest frame, and who waits for the next. Old frames are never queued."""

import asyncio
from typing import Any, Final

import msgspec

from bot.crowd import Mood, Part
from bot.disagreement import Disagreement
from bot.resonance import ResonanceState
from model.emotions import EMOTIONS
from model.modalities import Fused

BEAT_SECONDS: Final = 2.0
"""A subscriber gets a beat this long after the last frame, and takes the feed for dead after some missed ones."""

_encoder = msgspec.json.Encoder()


def mood_frame(
    mood: Mood,
    channel: str,
    connected: int,
    session: int,
    board: dict[str, Any] | None = None,
    stage: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A mood as the overlay and `/api/mood` see it, without its time. Seven-part values are keyed by emotion.

    Rounded so that a change too small to see is no change. `board` is what moderators have set (`Board.frame`), and the
    noise (`Noise.frame`); `stage` is what the streamer's agent adds (`stage_frame`).
    """
    return {
        "type": "mood",
        "channel": channel,
        "session": str(session),
        "viewers": mood.viewers,
        # Where noise covers who is there, nobody is told exactly.
        "connected": mood.faces.voters if (board or {}).get("privacy") else connected,
        "minimum_viewers": mood.minimum_viewers,
        "enough": mood.enough,
        "shares": _by_emotion(mood.shares, 4),
        "intervals": _intervals(mood),
        "top": mood.top,
        "valence": None if mood.valence is None else round(mood.valence, 3),
        "arousal": None if mood.arousal is None else round(mood.arousal, 3),
        "trend": _by_emotion(mood.trend, 2),
        "sources": {"face": _source(mood.faces), "chat": _source(mood.chat)},
        **(stage or stage_frame(None, None, None)),
        **(board or {}),
    }


def stage_frame(
    streamer: Fused | None, resonance: ResonanceState | None, disagreement: Disagreement | None
) -> dict[str, Any]:
    """What `mood_frame` has of the streamer; each is None where there is nothing to tell."""
    return {
        "streamer": None if streamer is None else _streamer(streamer),
        "resonance": None if resonance is None else _resonance(resonance),
        "disagreement": None if disagreement is None else _disagreement(disagreement),
    }


def _streamer(fused: Fused) -> dict[str, Any]:
    shares = [float(share) for share in fused.probabilities]
    return {
        "shares": {emotion: round(share, 2) for emotion, share in zip(EMOTIONS, shares, strict=True)},
        "top": EMOTIONS[shares.index(max(shares))],
        "quality": round(float(fused.quality), 2),
        "parts": {modality: round(float(part), 2) for modality, part in fused.parts.items()},
    }


def _resonance(found: ResonanceState) -> dict[str, Any]:
    emotions = None
    if found.emotions is not None:
        emotions = {name: _whole(value) for name, value in zip(EMOTIONS, found.emotions, strict=True)}
    return {
        "state": found.state,
        "score": _whole(found.score),
        "low": _whole(found.low),
        "high": _whole(found.high),
        "significant": found.significant,
        "lag": _tenth(found.lag),
        "lag_low": _tenth(found.lag_low),
        "lag_high": _tenth(found.lag_high),
        "emotions": emotions,
    }


def _disagreement(found: Disagreement) -> dict[str, Any]:
    return {
        "between": list(found.between),
        "says": dict(zip(found.between, found.says, strict=True)),
        "since": round(found.since, 1),
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _source(part: Part) -> dict[str, Any]:
    return {"voters": part.voters, "part": round(part.part, 2), "shares": _by_emotion(part.shares, 4)}


def _by_emotion(values: tuple[float, ...] | None, digits: int) -> dict[str, float] | None:
    if values is None:
        return None
    return {emotion: round(value, digits) for emotion, value in zip(EMOTIONS, values, strict=True)}


def _intervals(mood: Mood) -> dict[str, list[float]] | None:
    if mood.intervals is None:
        return None
    pairs = zip(EMOTIONS, mood.intervals, strict=True)
    return {emotion: [round(low, 3), round(high, 3)] for emotion, (low, high) in pairs}


class Feed:
    """Holds the newest frame; `next` waits for one that its caller has not seen."""

    def __init__(self) -> None:
        self.version = 0
        self.frame: dict[str, Any] = {}
        self.text = ""
        # The same, with what only the streamer may see.
        self.streamer_text = ""
        self._private: dict[str, Any] = {}
        self._changed = asyncio.Event()

    def publish(self, frame: dict[str, Any], time: float, private: dict[str, Any] | None = None) -> bool:
        """Offer a frame. False, and nothing happens, when it equals the last but for its time.

        `private` stands in place of the frame's own fields in what the streamer's key opens.
        """
        same = frame == {key: value for key, value in self.frame.items() if key != "time"}
        if self.version and same and (private or {}) == self._private:
            return False
        self.frame = {**frame, "time": round(time, 3)}
        self._private = private or {}
        self.text = _encoder.encode(self.frame).decode()
        self.streamer_text = _encoder.encode({**self.frame, **self._private}).decode() if private else self.text
        self.version += 1
        # Each version has an event of its own, so that a waiter can't miss one between set and clear.
        self._changed.set()
        self._changed = asyncio.Event()
        return True

    async def next(self, seen: int) -> int:
        """Wait until there is a frame newer than version `seen`; returns its version. Raises TimeoutError."""
        if self.version == seen:
            async with asyncio.timeout(BEAT_SECONDS):
                await self._changed.wait()
        return self.version


def beat(time: float) -> str:
    """The frame that says: nothing has changed, and the bot is alive."""
    return _encoder.encode({"type": "beat", "time": round(time, 3)}).decode()
