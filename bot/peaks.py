"""The strongest moment of each emotion in this stream. Pure."""

from msgspec import Struct

from bot.crowd import Mood
from model.emotions import EMOTIONS


class Peak(Struct, frozen=True):
    """When an emotion's share was largest, and how large (0..1)."""

    emotion: str
    share: float
    time: float


class Peaks:
    """Fed with every remembered mood."""

    def __init__(self) -> None:
        self._best: dict[str, Peak] = {}

    def add(self, mood: Mood) -> None:
        """Look at one mood; those below the minimum of viewers say nothing."""
        if mood.shares is None:
            return
        for emotion, share in zip(EMOTIONS, mood.shares, strict=True):
            best = self._best.get(emotion)
            if best is None or share > best.share:
                self._best[emotion] = Peak(emotion, share, mood.time)

    def of(self, emotion: str) -> Peak | None:
        """The peak of one emotion."""
        return self._best.get(emotion)

    def strongest(self) -> Peak | None:
        """The highest peak of all that is not neutral: a calm start is no moment."""
        felt = [peak for peak in self._best.values() if peak.emotion != "neutral"]
        return max(felt, key=lambda peak: peak.share, default=None)
