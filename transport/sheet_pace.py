"""How often who may call Google, so that a whole crowd stays under the quotas. Pure: seconds in, seconds out."""

import math
import random
from typing import Final

from msgspec import Struct

from transport.reading import Pace


class Quota(Struct, frozen=True):
    """What Google allows in one minute, of reads and of writes each. `minute` is shorter where time is compressed."""

    project: int = 300
    user: int = 60
    minute: float = 60.0

    def seconds(self, real: float) -> float:
        """So many seconds, in this quota's time."""
        return real * self.minute / 60.0


USED: Final = 0.8
"""The part of a quota that posts may use; the rest is for joining, leaving and trying again."""

BOT_WRITES: Final = 6
"""The bot's own writes a minute."""

HEARTBEAT: Final = 15.0
"""Seconds after which an unchanged viewer reports again."""

SLOWEST: Final = 15.0
"""Seconds between two posts of a viewer beyond which a mood is no longer live: time for the hub."""


def sheet_pace(viewers: int, quota: Quota, shared: bool) -> Pace:
    """The pace at which `viewers` agents together use at most the allowed part of the quota.

    With `shared` all agents and the bot are one user of Google's (a service account); else each has its own login, and
    the project's quota is what they share. Every agent has the same interval, so changes are fairly shared.
    """
    budget = USED * (quota.user if shared else quota.project) - BOT_WRITES
    fair = quota.minute * viewers / budget
    alone = quota.minute / (USED * quota.user)
    step = quota.seconds(0.1)
    # In steps, and never rounded down, so that one viewer more or less changes little and the sum stays under.
    interval = math.ceil(round(max(fair, alone) / step, 6)) * step
    return Pace(round(interval, 4), round(max(quota.seconds(HEARTBEAT), interval), 4))


def read_interval(quota: Quota, shared: bool) -> float:
    """Seconds between two looks of the bot. Where agents share its account, half of the reads are left to them."""
    return quota.seconds(2.0 if shared else 1.5)


def write_interval(quota: Quota) -> float:
    """Seconds between two writes of the bot."""
    return quota.minute / BOT_WRITES


def too_slow(pace: Pace, quota: Quota, part: float = 1.0) -> bool:
    """Whether the crowd has outgrown the Sheet, or this part of what it carries."""
    return pace.interval > part * quota.seconds(SLOWEST)


def full_jitter(attempt: int, quota: Quota, asked: float = 0.0, chance: random.Random | None = None) -> float:
    """Seconds to wait before trying again: anything from none to a ceiling that doubles up to half a minute.

    The spread over the whole range keeps a crowd from coming back as one. What the server asked for comes on top.
    """
    ceiling = min(quota.seconds(30.0), quota.seconds(2.0) * 2.0 ** min(attempt, 16))
    return min(asked, quota.minute) + (chance or random).uniform(0.0, ceiling)
