"""How often chat is answered. Pure: time comes in, and askers are opaque keys."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, Literal

from transport.limits import Rate

Pace = Literal["question", "nonsense", "vote", "own"]
"""Each kind has cooldowns of its own, so that none uses up another's: what nobody understands, or many votes, must not
keep a question from its answer. `own` is what somebody does for themselves: link, forget."""

# How many at once of the same person, and in the channel.
_BURSTS: Final[Mapping[Pace, tuple[int, int]]] = {
    "question": (1, 1),
    "nonsense": (1, 1),
    "vote": (1, 1),
    "own": (5, 20),
}
OWN_SECONDS: Final = 10.0
"""The shortest cooldown of what people do for themselves, whatever the settings: codes must not be guessed in a row."""


class Cooldowns:
    """Cooldowns of each person and of the channel."""

    REMEMBERED: Final = 4096

    def __init__(self, user: float, channel: float, by_command: Mapping[str, float] | None = None) -> None:
        """`user` and `channel` are seconds; `by_command` takes the user's place for single commands."""
        self._user = user
        self._by_command = dict(by_command or {})
        self._channel = {pace: Rate(channel, burst) for pace, (_, burst) in _BURSTS.items()}
        self._users: OrderedDict[tuple[str, str], Rate] = OrderedDict()

    def allow(self, key: str, command: str, pace: Pace | None, now: float) -> bool:
        """Whether this person may use the command now; counts it when so. Without a pace, only its own cooldown."""
        user = self._rate(key, command, pace)
        if pace is None:
            return user is None or user.allow(now)
        assert user is not None
        # Asked of the channel first: a turn that the channel denies must not use up the user's own.
        return self._channel[pace].ready(now) and user.allow(now) and self._channel[pace].allow(now)

    def _rate(self, key: str, command: str, pace: Pace | None) -> Rate | None:
        own = self._by_command.get(command)
        if own is None and pace is None:
            return None
        bucket = (key, command if own is not None else str(pace))
        rate = self._users.get(bucket)
        if rate is None:
            burst = _BURSTS[pace][0] if pace is not None and own is None else 1
            seconds = self._user if own is None else own
            rate = self._users[bucket] = Rate(max(seconds, OWN_SECONDS) if pace == "own" else seconds, burst)
        self._users.move_to_end(bucket)
        if len(self._users) > self.REMEMBERED:
            self._users.popitem(last=False)
        return rate
