"""Moods and rules as tests like to write them."""

from typing import Any

from bot.crowd import Mood
from bot.obs.rules import Rule, checked
from bot.obs.settings import ReactionSettings
from model.emotions import EMOTIONS
from transport.reading import Probabilities


def mood(viewers: int = 20, trend: dict[str, float] | None = None, **shares: float) -> Mood:
    """A crowd with these shares; the rest is spread over the others."""
    rest = (1 - sum(shares.values())) / (len(EMOTIONS) - len(shares))
    return Mood(
        time=0.0,
        viewers=viewers,
        minimum_viewers=3,
        shares=_seven({emotion: shares.get(emotion, rest) for emotion in EMOTIONS}),
        trend=None if trend is None else _seven({emotion: trend.get(emotion, 0.0) for emotion in EMOTIONS}),
    )


def nobody() -> Mood:
    """Too few to say anything."""
    return Mood(time=0.0, viewers=1, minimum_viewers=3)


def rules(*tables: dict[str, Any]) -> tuple[Rule, ...]:
    """Checked rules of these tables."""
    return checked((f"table {number}:", ReactionSettings(**table)) for number, table in enumerate(tables, 1))


def _seven(values: dict[str, float]) -> Probabilities:
    happiness, sadness, neutral, anger, surprise, disgust, fear = (values[emotion] for emotion in EMOTIONS)
    return (happiness, sadness, neutral, anger, surprise, disgust, fear)
