"""Which viewers' votes are counted, so that one join or leave can't be read off the bars. Pure: time comes in.

Whoever sees the bars before and after a single viewer comes or goes can take the one off the other and has that
viewer's expression. So while the bars are shown, the counted set changes only by two persons or more at a time:

- Joins and leaves wait for each other: the first of them sets a random patience (3 to 8 s), at whose end all that
  have come by then take effect at once. Until then a joiner doesn't count, and of one who has left the last reading
  stays counted, frozen and without the viewer's key.
- Each such change takes one more viewer along who was counted before, and whom chance names: that one is left out
  until the next change brings them back and takes another. So also a change of one person alone, or of one person and
  of others whose votes an attacker knows, moves the bars by somebody whom the attacker has not chosen.
- While the bars are hidden there is nothing to read off: everybody counts at once, and nobody stays frozen. Shown
  again, the crowd is told without one of those who were told of before.

Where leaving one out leaves fewer than `minimum_viewers`, the number counted says so, and the bars are hidden. Crowds
of `LARGE` and more are not masked, since one vote moves a bar there by half a point at most, nor is a
`minimum_viewers` of 1, which is a streamer's own test. Nobody counts longer than `LONGEST` seconds after they left or
expired.

What it can't do: who controls all other viewers, or knows their votes, knows the remaining one's. Who controls m of n
knows who is left out both before and after a change with probability (m/n)^2 at most, and then sees the rest of it.
Who brings about many changes while nobody's face moves sees all the sums that leave one out, and so learns all votes
without whose they are, and from two such lists the vote that is missing in one. That people come and go is no secret,
since their number is told. Against all of these only noise helps (differential privacy, `bot/privacy.py`).
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

    def __init__(self, minimum_viewers: int, chance: random.Random | None = None, *, on: bool = True) -> None:
        """`chance` is the operating system's unless a test gives its own. `on` False counts everybody at once."""
        self._on = on and minimum_viewers > 1
        self._chance = chance or random.SystemRandom()
        self._secret = secrets.token_bytes(16)
        self._number = 0
        self._present: set[str] = set()
        self._counted: set[str] = set()
        # The name of the frozen reading of each who has left, under a fingerprint in which nobody can look a key up;
        # and the names of those whom even that must not know again.
        self._frozen: dict[bytes, str] = {}
        self._nameless: set[str] = set()
        self._out: str | None = None
        self._due: float | None = None
        # Everybody counts at once, while the bars are hidden and in a large crowd.
        self._open = True
        # Whether the bars are shown, and ever were; of those who were counted then, who is here, and how many aren't.
        self._shown = self._was_shown = False
        self._told: set[str] = set()
        self._gone = 0
        # The last change has not been shown yet.
        self._fresh = False

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
        if viewer in self._told:
            self._told.discard(viewer)
            self._gone += 1
        if viewer == self._out:
            self._out = None
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

    def forget(self, viewer: str) -> None:
        """Nothing stays by which this viewer, who has left, could be known again."""
        name = self._frozen.pop(self._fingerprint(viewer), None)
        if name is not None:
            self._nameless.add(name)

    def clear(self) -> None:
        """Everybody has left, and nothing stays. What was shown before was shown."""
        self._gone += len(self._told)
        for names in (self._present, self._counted, self._frozen, self._nameless, self._told):
            names.clear()
        self._out = self._due = None

    def settle(self, now: float, *, shown: bool = True, known: Container[str] = ()) -> tuple[str, ...] | None:
        """Let take effect what is due. Returns the names of frozen readings to drop now; None: nothing has changed.

        `shown` says whether the bars were after the last call. `known` are viewers whose votes everybody sees (tiles):
        they mask nobody.
        """
        if not self._on:
            return None
        large = len(self._present) >= self.LARGE
        returned, hidden = shown and not self._shown, self._shown and not shown
        if hidden and not self._fresh:
            self._remember()
        self._shown, self._fresh = shown, False
        again, self._was_shown = self._was_shown, self._was_shown or shown
        is_open, was_open, self._open = large or not shown, self._open, large or not shown
        if is_open:
            return None if was_open else self._count(set(self._present))
        if returned:
            changed = self._gone > 0 or self._told != self._present
            return self._change(known) if again and changed else None
        waiting = bool(self.frozen) or len(self._present - self._counted) > (self._out is not None)
        if not waiting:
            self._due = None
        elif self._due is None or self._due > now + self.LONGEST:
            # The first that waits, or a clock that was set back.
            self._due = now + self._chance.uniform(self.SHORTEST, self.LONGEST)
        elif now >= self._due:
            self._remember()
            self._fresh = True
            return self._change(known)
        return None

    def _change(self, known: Container[str]) -> tuple[str, ...]:
        """Count all who are here but one, who was counted before, and whom chance names."""
        before = self._told & self._present or self._present
        choice = [viewer for viewer in before if viewer not in known] or list(before)
        # A set has another order in each run, and a test's chance must repeat itself.
        out = self._chance.choice(sorted(choice)) if choice else None
        return self._count(self._present - {out}, out)

    def _count(self, viewers: set[str], out: str | None = None) -> tuple[str, ...]:
        ended = (*self._frozen.values(), *self._nameless)
        self._frozen.clear()
        self._nameless.clear()
        self._counted, self._out, self._due = viewers, out, None
        return ended

    def _remember(self) -> None:
        """Note who has been told of."""
        self._told, self._gone = self._counted & self._present, self.frozen

    def _fingerprint(self, viewer: str) -> bytes:
        return hashlib.blake2b(viewer.encode(), digest_size=16, key=self._secret).digest()
