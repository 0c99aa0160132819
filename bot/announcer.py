"""When the crowd's change of mood is worth a line in chat that nobody asked for. Pure."""

from typing import Final, NamedTuple

from bot.crowd import Mood


class Change(NamedTuple):
    """From one leading emotion to another."""

    before: str
    after: str


class Announcer:
    """Fed with a mood about once a second.

    A change counts when another emotion leads clearly and holds. It is told as it happens or never: what changed while
    it was too early for a line, or while nobody had written since the last one, is old news afterwards.
    """

    HOLD_SECONDS: Final = 20.0
    CLEAR: Final = 0.08
    """By so much the new emotion must lead before the second, and before the one that led till then."""

    def __init__(self, minutes: float) -> None:
        """At most one line every so many minutes."""
        self._seconds = 60.0 * minutes
        self._last = float("-inf")
        # Nothing was said yet, so there is nothing that would need an answer.
        self._answered = True
        self._leading: str | None = None
        self._rising: str | None = None
        self._since = 0.0

    def heard(self) -> None:
        """Somebody else wrote in chat."""
        self._answered = True

    def rest(self) -> None:
        """The mood is unknown for a while: what leads after it is no change."""
        self._leading = self._rising = None

    def look(self, mood: Mood) -> Change | None:
        """The change to announce now, if any."""
        leader = self._clear_leader(mood)
        if mood.shares is None:
            self.rest()
        if leader is None or leader == self._leading:
            self._rising = None
            return None
        # A clock that was set back must not make the wait longer.
        if leader != self._rising or mood.time < self._since:
            self._rising, self._since = leader, mood.time
        if mood.time - self._since < self.HOLD_SECONDS:
            return None
        before, self._leading, self._rising = self._leading, leader, None
        if before is None or not self._answered or 0 <= mood.time - self._last < self._seconds:
            return None
        self._last, self._answered = mood.time, False
        return Change(before, leader)

    def _clear_leader(self, mood: Mood) -> str | None:
        if mood.shares is None:
            return None
        first, second = sorted(mood.shares, reverse=True)[:2]
        return mood.top if first - second >= self.CLEAR else None
