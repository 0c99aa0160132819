"""A mood in words: what the {variables} of a text stand for. Pure."""

from bot.crowd import Mood
from bot.disagreement import Disagreement
from bot.language import Language
from model.emotions import EMOTIONS
from transport.reading import Probabilities

SMALLEST_SHARE = 0.05
"""A share below it isn't worth a mention."""
SMALLEST_CHANGE = 0.03


class Telling:
    """Puts moods, shares and times into a language's words."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def values(self, mood: Mood, emotion: str | None = None) -> dict[str, str]:
        """All variables of a mood that has shares; `emotion` is the one that is asked for, else the leading one."""
        assert mood.shares is not None and mood.intervals is not None and mood.top is not None
        asked = emotion or mood.top
        index = EMOTIONS.index(asked)
        low, high = mood.intervals[index]
        return {
            "emotion": self._language.name_of(asked),
            "share": percent(mood.shares[index]),
            "low": percent(low),
            "high": percent(high),
            "top": self._language.name_of(mood.top),
            "looks": self._language.looks_of(mood.top),
            "ranking": self.ranking(mood.shares, 3),
            "viewers": str(mood.viewers),
            "minimum": str(mood.minimum_viewers),
            "voters": self.voters(mood),
            "faces": str(mood.faces.voters if mood.faces.part else 0),
            "chatters": str(mood.chat.voters if mood.chat.part else 0),
            "chat_part": percent(mood.chat.part),
            "trend": self.trend(mood) or self._language.piece("no_trend" if mood.trend is None else "steady"),
        }

    def ranking(self, shares: Probabilities, most: int) -> str:
        """Such as "happiness 62% and fear 20%", largest first, without what is too small to mention; never empty."""
        ranked = sorted(zip(shares, EMOTIONS, strict=True), reverse=True)[:most]
        told = [entry for place, entry in enumerate(ranked) if entry[0] >= SMALLEST_SHARE or place == 0]
        piece, name_of = self._language.piece, self._language.name_of
        return self._language.joined(
            [piece("ranked", emotion=name_of(name), share=percent(share)) for share, name in told]
        )

    def trend(self, mood: Mood) -> str:
        """What rose and fell most in the last half minute; empty when nothing moved, or too little is known."""
        if mood.trend is None:
            return ""
        changes = sorted(zip(mood.trend, EMOTIONS, strict=True))
        (fall, falling), (rise, rising) = changes[0], changes[-1]
        parts = []
        for piece, change, emotion in (("rose", rise, rising), ("fell", -fall, falling)):
            if change >= SMALLEST_CHANGE:
                name = self._language.name_of(emotion)
                parts.append(self._language.piece(piece, emotion=name, points=str(round(change * 100))))
        return self._language.joined(parts) if parts else ""

    def voters(self, mood: Mood) -> str:
        """Whose votes count: "38 faces and 120 chatters", or "12 viewers" where there are only faces."""
        faces, chatters = mood.faces, mood.chat
        if faces.part and chatters.part:
            return self._language.joined(
                [self._number(faces.voters, "face", "faces"), self._number(chatters.voters, "chatter", "chatters")]
            )
        if chatters.part:
            return self._number(mood.viewers, "chatter", "chatters")
        return self._number(mood.viewers, "viewer", "viewers")

    def sides(self, dispute: Disagreement) -> str:
        """Who disagrees: "faces and chat"."""
        return self._language.joined([self._language.piece(f"side_{side}") for side in dispute.between])

    def ago(self, seconds: float) -> str:
        """Such as "2 minutes ago"."""
        if seconds < 10:
            return self._language.piece("just_now")
        if seconds < 90:
            return self._language.piece("seconds_ago", count=str(round(seconds)))
        if seconds < 5400:
            return self._language.piece("minutes_ago", count=str(round(seconds / 60)))
        return self._language.piece("hours_ago", count=f"{seconds / 3600:.1f}")

    def _number(self, count: int, one: str, many: str) -> str:
        return self._language.piece(one if count == 1 else many, count=str(count))


def percent(share: float) -> str:
    """Such as "62%"."""
    return f"{round(share * 100)}%"


def clock(seconds: float) -> str:
    """Such as "1:02:03" or "2:03"."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"
