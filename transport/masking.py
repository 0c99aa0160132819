"""Which viewers' votes are counted, so that one join or leave can't be read off the bars. Pure: time comes in.

Whoever sees the bars before and after a single viewer comes or goes can take the one off the other and has that
viewer's expression. So while the bars are shown, the counted set changes only by two persons or more at a time:

- Joins and leaves wait for each other: the first of them sets a random patience (3 to 8 s), at whose end all that
  have come by then take effect at once. Until then a joiner doesn't count, and of one who has left the last reading
  stays counted, frozen and without the viewer's key.
- Each such change leaves some out who were counted before, whom chance names: one, and one more for each ten counted,
  five at most. The next change brings them back and leaves out others. So nobody comes in or goes out alone: with a
  joiner come those who were left out, with a leaver go those who are left out now, and nothing tells the one from
  the other, also to somebody who came or went at the same time on purpose.
- Who would come in alone, since nobody was left out, waits until somebody can come along. Close to the minimum that
  is the next one who joins.
- While the bars are hidden there is nothing to read off: everybody counts at once, and nobody stays frozen. Shown
  again, the crowd changes as by all joins and leaves since. Whoever was told of last and is back by then has not left:
  the sum of the same people tells nothing new. After `FORGOTTEN` seconds it is as if nothing had ever been shown.

Where leaving one out leaves fewer than `minimum_viewers`, the number counted says so, and the bars are hidden. Crowds
of `LARGE` and more are not masked, since one vote moves a bar there by half a point at most, nor is a
`minimum_viewers` of 1, which is a streamer's own test. Nobody counts longer than `LONGEST` seconds after they left or
expired.

Of a crowd at several hubs each masks its own viewers, and is told how many count `elsewhere`: those add to the minimum
and to `LARGE`, and to the tens of those left out (of its own a fifth and one at most). Where no more than `FEW` viewers
are at a hub, nobody may be there to come along; so that they aren't left out for ever, all of them come in after 20 to
40 s. **One alone at a hub of a small crowd then comes alone.**

What it can't do: of a joiner and the k who come along, or a leaver and the k who go along, nobody can tell whose vote
is whose, but what the votes are may be worked out while nobody else's face moves: a guess is right one time in k + 1,
and more often the more alike the votes are. Who controls all other viewers, or knows their votes, knows the remaining
one's; who controls m of n leaves fewer that mask. Who brings about many changes while nobody's face moves sees many
sums that leave some out, and so learns all votes without whose they are, and from two such lists the vote that is
missing in one. That people come and go is no secret, since their number is told. Against all of these only noise helps
(differential privacy, `bot/privacy.py`).
"""

import hashlib
import random
import secrets
from collections.abc import Container
from typing import Final


class Masking:
    """Joins and leaves in; out comes who counts. A name is a viewer's key, or stands for a frozen reading.

    `settle` is to be called before each look at the crowd, with whether the last look was shown.
    """

    LARGE: Final = 200
    SHORTEST: Final = 3.0
    LONGEST: Final = 8.0
    MOST_OUT: Final = 5
    FORGOTTEN: Final = 120.0
    """Seconds after which hidden bars are no use to take others off: by then the faces in them show something else."""
    FEW: Final = 2
    FEW_SHORTEST: Final = 20.0
    FEW_LONGEST: Final = 40.0

    def __init__(self, minimum_viewers: int, chance: random.Random | None = None, *, on: bool = True) -> None:
        """`chance` is the operating system's unless a test gives its own. `on` False counts everybody at once."""
        self._on = on and minimum_viewers > 1
        self._minimum = self._whole_minimum = minimum_viewers
        # How many votes count at other hubs.
        self._elsewhere = 0
        self._chance = chance or random.SystemRandom()
        self._secret = secrets.token_bytes(16)
        self._number = 0
        self._present: set[str] = set()
        self._counted: set[str] = set()
        # The name of the frozen reading of each who has left, under a fingerprint in which nobody can look a key up;
        # and the names of those whom even that must not know again.
        self._frozen: dict[bytes, str] = {}
        self._nameless: set[str] = set()
        # Who is left out by chance until the next change.
        self._out: set[str] = set()
        self._due: float | None = None
        # When the few of this hub come in, where nobody else could come along.
        self._few_due: float | None = None
        # Everybody counts at once, while the bars are hidden and in a large crowd.
        self._open = True
        # Whether the bars are shown, and ever were; of those who were counted then, who is here, and how many aren't.
        self._shown = self._was_shown = False
        self._told: set[str] = set()
        self._gone = 0
        # Fingerprints of those who aren't, who may come back; and since when nothing is shown.
        self._away: set[bytes] = set()
        self._hidden_since: float | None = None
        # The last change has not been shown yet.
        self._fresh = False

    def go_by(self, minimum_viewers: int, on: bool) -> None:
        """From now on another minimum holds, or nothing is masked any more, or everything is again."""
        self._on = on and minimum_viewers > 1
        self._whole_minimum = minimum_viewers
        self._minimum = max(0, minimum_viewers - self._elsewhere)

    @property
    def present(self) -> int:
        """How many viewers have a vote, counted or not."""
        return len(self._present)

    @property
    def counted(self) -> int:
        """How many votes count, frozen ones included."""
        return len(self._counted)

    @property
    def frozen(self) -> int:
        """How many of those who count have left."""
        return len(self._frozen) + len(self._nameless)

    def counts(self, name: str) -> bool:
        """Whether the vote under this name counts."""
        return name in self._counted

    def join(self, viewer: str) -> str | None:
        """A viewer has a vote from now on. Returns the name of their frozen reading, in whose place it comes."""
        self._present.add(viewer)
        if self._away:
            fingerprint = self._fingerprint(viewer)
            if fingerprint in self._away:
                self._away.discard(fingerprint)
                self._told.add(viewer)
                self._gone -= 1
        if self._open:
            self._counted.add(viewer)
            return None
        frozen = self._frozen.pop(self._fingerprint(viewer), None) if self._frozen else None
        if frozen is not None:
            # Back before anybody could tell that they were away.
            self._counted.discard(frozen)
            self._counted.add(viewer)
        return frozen

    def leave(self, viewer: str) -> str | None:
        """A viewer's vote is withdrawn. Returns the name under which the last reading stays; None: nothing stays."""
        if viewer not in self._present:
            return None
        self._present.discard(viewer)
        self._miss(viewer)
        self._out.discard(viewer)
        if viewer not in self._counted:
            return None
        self._counted.discard(viewer)
        if self._open:
            return None
        # No viewer's key begins so.
        self._number += 1
        name = f"~{self._number}"
        self._frozen[self._fingerprint(viewer)] = name
        self._counted.add(name)
        return name

    def move(self, viewer: str) -> str | None:
        """A viewer's vote is at another hub, so that it may not stay here. Returns the name of a frozen reading."""
        frozen = self._frozen.pop(self._fingerprint(viewer), None)
        if frozen is not None:
            self._counted.discard(frozen)
        self._miss(viewer)
        for names in (self._present, self._counted, self._out):
            names.discard(viewer)
        return frozen

    def forget(self, viewer: str) -> None:
        """Nothing stays by which this viewer, who has left, could be known again."""
        fingerprint = self._fingerprint(viewer)
        self._away.discard(fingerprint)
        name = self._frozen.pop(fingerprint, None)
        if name is not None:
            self._nameless.add(name)

    def clear(self) -> None:
        """Everybody has left, and nothing stays. What was shown before was shown."""
        if self._shown and not self._fresh:
            self._remember()
            self._fresh = True
        for viewer in list(self._told):
            self._miss(viewer)
        for names in (self._present, self._counted, self._frozen, self._nameless, self._told, self._out):
            names.clear()
        self._due = self._few_due = None

    def settle(
        self, now: float, *, shown: bool = True, known: Container[str] = (), elsewhere: int = 0
    ) -> tuple[str, ...] | None:
        """Let take effect what is due. Returns the names of frozen readings to drop now; None: nothing has changed.

        `shown` says whether the bars were after the last call. `known` are viewers whose votes everybody sees (tiles):
        they mask nobody. `elsewhere`: so many votes count at other hubs.
        """
        if not self._on and self._open:
            return None
        self._elsewhere, self._minimum = elsewhere, max(0, self._whole_minimum - elsewhere)
        large = self._large
        returned, hidden = shown and not self._shown, self._shown and not shown
        if hidden and not self._fresh:
            self._remember()
        self._shown, self._fresh = shown, False
        self._forget_told(shown, now)
        again, self._was_shown = self._was_shown, self._was_shown or shown
        was_open, self._open = self._open, large or not shown
        if self._open:
            self._few_due = None
            # While they are hidden, it stays known who was left out when they were shown.
            return None if was_open else self._count(set(self._present), set() if shown else self._out)
        if returned:
            if again and self._ready(self._told, self._gone):
                return self._change(self._told, self._gone, known)
            if again:
                return self._count(set(self._told), self._out) if self.whole else None
            # Nobody has been told of anybody, so chance may name any. All hubs do this at once, and each leaves out its
            # share of those who may be, so that the bars aren't hidden for it.
            present = len(self._present)
            most = (present + elsewhere - self._whole_minimum) * present // max(1, present + elsewhere)
            return self._leave_out(self._present, self._present, min(most, 1), most, known)
        newcomers = self._present - self._counted - self._out
        if not newcomers and not self.frozen:
            self._due = None
        elif self._due is None or self._due > now + self.LONGEST:
            # The first that waits, or a clock that was set back.
            self._due = now + self._chance.uniform(self.SHORTEST, self.LONGEST)
        elif now >= self._due:
            self._due = None
            base, gone = self._counted & self._present, self.frozen
            # Without anybody who has left, those who come can wait until there are enough.
            if gone or self._ready(base, gone):
                self._remember()
                self._fresh = True
                self._few_due = None
                return self._change(base, gone, known)
        return self._let_few_in(now)

    def _let_few_in(self, now: float) -> tuple[str, ...] | None:
        few = len(self._present) <= self.FEW and self._elsewhere > 0
        if not few or self._present <= self._counted:
            self._few_due = None
        elif self._few_due is None or self._few_due > now + self.FEW_LONGEST:
            self._few_due = now + self._chance.uniform(self.FEW_SHORTEST, self.FEW_LONGEST)
        elif now >= self._few_due:
            self._due = self._few_due = None
            self._remember()
            self._fresh = True
            return self._count(set(self._present), set())
        return None

    @property
    def _large(self) -> bool:
        return not self._on or len(self._present) + self._elsewhere >= self.LARGE

    @property
    def ready(self) -> bool:
        """Whether at least `minimum_viewers` would count if the bars, hidden now, were shown."""
        if not self._was_shown or self._large:
            return len(self._present) >= self._minimum
        return self._ready(self._told, self._gone) or self.whole

    @property
    def whole(self) -> bool:
        """Whether all who were told of last are here, and are enough."""
        return self._was_shown and not self._gone and len(self._told) >= self._minimum

    def _staying(self, base: set[str], gone: int) -> tuple[set[str], int]:
        """All who could count after those of `base`, and how many of them must be left out."""
        newcomers = self._present - base - self._out
        entering = newcomers | self._out
        if newcomers and len(entering) == 1:
            # Nobody comes in alone.
            entering = set()
        unchanged = not newcomers and not gone
        return base | entering, 0 if unchanged else 2 if not entering and not gone else 1

    def _ready(self, base: set[str], gone: int) -> bool:
        staying, least = self._staying(base, gone)
        return len(staying) - least >= self._minimum

    def _change(self, base: set[str], gone: int, known: Container[str]) -> tuple[str, ...]:
        """Count those of `base` and who comes in, but for some of `base` whom chance names."""
        staying, least = self._staying(base, gone)
        if not least:
            return self._count(set(base), self._out)
        return self._leave_out(staying, base, least, len(staying) - self._minimum, known)

    def _leave_out(
        self, staying: set[str], some: set[str], least: int, most: int, known: Container[str]
    ) -> tuple[str, ...]:
        """Count all who stay, but for `least` to `most` of `some`."""
        whole = (len(staying) + self._elsewhere) // 10
        number = max(least, min(most, 1 + min(whole, self.MOST_OUT - 1, len(staying) // 5)))
        # A set has another order in each run, and a test's chance must repeat itself.
        choice = sorted(viewer for viewer in some if viewer not in known)
        if len(choice) < number:
            choice = sorted(some)
        out = set(self._chance.sample(choice, max(0, min(number, len(choice)))))
        return self._count(staying - out, out)

    def _count(self, viewers: set[str], out: set[str]) -> tuple[str, ...]:
        ended = (*self._frozen.values(), *self._nameless)
        self._frozen.clear()
        self._nameless.clear()
        self._counted, self._out = viewers, out
        return ended

    def _remember(self) -> None:
        """Note who has been told of."""
        self._told, self._gone, self._away = self._counted & self._present, self.frozen, set(self._frozen)

    def _miss(self, viewer: str) -> None:
        """Somebody has left; who was told of is known again for a while."""
        if viewer in self._told:
            self._told.discard(viewer)
            self._gone += 1
            self._away.add(self._fingerprint(viewer))

    def _forget_told(self, shown: bool, now: float) -> None:
        since = self._hidden_since
        if shown:
            self._hidden_since = None
        elif since is None or now < since:
            self._hidden_since = now
        elif self._was_shown and now - since >= self.FORGOTTEN:
            self._was_shown, self._gone = False, 0
            for names in (self._told, self._away, self._out):
                names.clear()

    def _fingerprint(self, viewer: str) -> bytes:
        return hashlib.blake2b(viewer.encode(), digest_size=16, key=self._secret).digest()
