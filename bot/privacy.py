"""What keeps the mood from telling of one viewer: when it is shown, and noise on demand. Pure, time comes in.

**Hysteresis** (`Showing`): below the minimum the split is hidden at once, and after that it is shown again from one
more on, so that nobody can push it on and off around one viewer. The minimum is enough again where the very same people
are back, and after two minutes.

**Differential privacy** (`Noise`, Dwork and others, "Calibrating noise to sensitivity", TCC 2006), where `[privacy]
epsilon` is above 0. Neighbours: two crowds of which one has one counted vote more. Released, for each standing
(anonymous, linked), are eight numbers: how many votes count, and the weighed sums of the seven. A vote is in one
standing, adds 1 to its number and, since its weight is at most 1 and its seven sum to 1, at most 1 to its sums
together (L1). The sums are rounded to a grid of 1/1024; each of the seven may be rounded one step further apart, so
that they differ by at most 1024 + 8 steps. Both get noise of the discrete Laplace distribution, in whole steps,
with half of the release's epsilon each:

    number + Z(2 / e),    1024 * sums + Z(2 * 1032 / e),    P[Z(t) = z] ~ exp(-|z| / t)

so that one release is e-differentially private (add the halves), and noise is drawn in whole numbers from the operating
system's source by rejection, without one floating-point operation (Canonne, Kamath and Steinke, "The discrete Gaussian
for differential privacy", NeurIPS 2020, algorithms 1 and 2): the attack on the low bits of floating-point noise
(Mironov, CCS 2012) finds none. One release every `release_seconds` costs `epsilon * release_seconds / 60`; what is
between is the last one again. Budgets of releases add up (`spent`): who watches for ten minutes has ten times
`epsilon` about a viewer who was counted all the time. All that the bot tells and keeps is made of the released numbers:
whether the split is shown, `viewers`, shares, parts, history, archive. Chat is public and gets no noise; chatters who
are linked to a viewer don't count, since whether they do would tell that the viewer's face does.
"""

import random
import secrets
from typing import Annotated, Final

import numpy as np
from msgspec import Meta, Struct

from model.emotions import EMOTIONS
from transport.masking import Masking
from transport.partial import BINS, MAX_VOTERS, NO_VOTES, Partial, Tally


class PrivacySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[privacy]`: what keeps the bars from telling of one viewer."""

    mask_changes: bool = True
    epsilon: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    release_seconds: Annotated[float, Meta(ge=1, le=600)] = 10.0


class Showing:
    """Whether a crowd of so many is shown: from the minimum on, and after it was hidden from one more on for a time."""

    def __init__(self, minimum_viewers: int) -> None:
        """A minimum of 1 is a streamer's own test: with one viewer there is nobody to hide."""
        self._minimum = minimum_viewers
        self._again = minimum_viewers + (minimum_viewers > 1)
        self._was_shown = False
        self._seen = float("-inf")
        self.shown = False

    @property
    def needed(self) -> int:
        """With how many it is shown, as things are."""
        return self._again if self._was_shown and not self.shown else self._minimum

    def look(self, voters: int, now: float = 0.0, *, whole: bool = False) -> bool:
        """Whether this many are shown at `now`; `whole`: all whose votes were shown last are among them."""
        if self.shown or now < self._seen:
            self._seen = now
        elif now - self._seen >= Masking.FORGOTTEN:
            self._was_shown = False
        self.shown = voters >= (self._minimum if whole else self.needed)
        self._was_shown |= self.shown
        return self.shown


class Noise:
    """One noisy release every so many seconds, made of the sums of all that count; in between it holds."""

    GRID: Final = 1024
    SENSITIVITY: Final = GRID + 8
    """Of the seven rounded sums together, in steps of the grid."""

    def __init__(self, settings: PrivacySettings, chance: random.Random | None = None) -> None:
        """`chance` is the operating system's unless a test gives its own."""
        self.on = settings.epsilon > 0
        self.seconds = settings.release_seconds
        # Rounded up to a whole millionth, so that scales are ratios of whole numbers, and never told too small.
        self._millionths = -int(-settings.epsilon * self.seconds / 60 * 1_000_000 // 1)
        self._chance = chance or secrets.SystemRandom()
        self._releases = 0
        self._held = Partial(NO_VOTES, NO_VOTES)
        self._released = float("-inf")

    @property
    def epsilon(self) -> float:
        """Of one release."""
        return self._millionths / 1_000_000

    @property
    def spent(self) -> float:
        """The budget of all releases so far."""
        return self._releases * self.epsilon

    def frame(self) -> dict[str, float] | None:
        """What pages are told: `epsilon` of each release, one every `seconds`, and `spent` by all. None without."""
        return {"epsilon": self.epsilon, "seconds": self.seconds, "spent": round(self.spent, 6)} if self.on else None

    def look(self, exact: Partial, now: float) -> Partial:
        """What is told of these votes at `now`: with noise, and for a while the same. Without epsilon, as it is."""
        if not self.on:
            return exact
        # A clock that was set back is no reason for more releases, nor for bars that hold for hours.
        if not 0.0 <= now - self._released < self.seconds:
            if now < self._released:
                self._released = now
                return self._held
            self._held = Partial(self._noisy(exact.anonymous), self._noisy(exact.linked))
            self._releases += 1
            self._released = now
        return self._held

    def _noisy(self, votes: Tally) -> Tally:
        sums = [round(value * self.GRID) for value in votes.totals.tolist()]
        scale, parts = 2 * 1_000_000, self._millionths
        voters = votes.voters + discrete_laplace(scale, parts, self._chance)
        noisy = [value + discrete_laplace(scale * self.SENSITIVITY, parts, self._chance) for value in sums]
        # From here on nothing is looked at but what is released.
        told = np.array([max(value, 0) for value in noisy], np.float64) / self.GRID
        if voters <= 0 or not told.any():
            return NO_VOTES
        weights, bins = np.zeros((len(EMOTIONS), BINS)), np.zeros((len(EMOTIONS), BINS))
        weights[:, 0], bins[:, 0] = told.sum(), told
        return Tally(min(voters, MAX_VOTERS), weights, bins)


def discrete_laplace(numerator: int, denominator: int, chance: random.Random) -> int:
    """A whole number z with probability ~ exp(-|z| * denominator / numerator), exactly (Canonne and others, 2020)."""
    while True:
        rest = chance.randrange(numerator)
        if not _happens(rest, numerator, chance):
            continue
        wholes = 0
        while _happens(1, 1, chance):
            wholes += 1
        size = (rest + numerator * wholes) // denominator
        negative = chance.randrange(2)
        if not (negative and size == 0):
            return -size if negative else size


def _happens(numerator: int, denominator: int, chance: random.Random) -> bool:
    """True with probability exp(-numerator / denominator), for a ratio of 0 to 1."""
    tries = 1
    while chance.randrange(denominator * tries) < numerator:
        tries += 1
    return tries % 2 == 1
