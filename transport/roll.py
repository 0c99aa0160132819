"""Who has joined which hub last, so that nobody has a vote at two. Pure: time comes in, in seconds.

Each hub numbers its joins and tells them to the others (`Joins`); who hears of a later join lets go of the viewer. A
report names up to which number its viewers' joins are (`included`), and up to which number of each other hub it has
let go (`heard`). Two reports hold together only when each has heard what the other includes: a version vector (Parker
et al., IEEE TSE 9, 1983). So it needs no equal clocks and no waiting, and holds however a network is cut.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from transport.bus import BEATS_PER_SECOND, MAX_JOINS, MAX_NODES, Joined, Joins, joined_in, joins_of
from transport.partial import viewer_hash
from transport.reading import Reading


class Change(NamedTuple):
    """What hearing of joins has changed here.

    `gone` have joined another hub since; True for those of whom clocks can't quite tell, who may have come back here.
    Votes of `held` must wait again. `missed`: joins before these never came.
    """

    gone: dict[str, bool]
    held: list[str]
    missed: bool


class _Entry:
    __slots__ = ("beat", "counted", "people", "sequence", "time")

    def __init__(self, people: list[bytes], time: int, beat: int) -> None:
        self.people = people
        self.beat = beat
        # Told as it stands, so that any two hubs judge alike whose is the later one.
        self.time = time
        # Of the Joins that told of it; 0 while none has.
        self.sequence = 0
        self.counted = False


class _Other:
    __slots__ = ("ahead", "time", "upto")

    def __init__(self) -> None:
        self.upto = 0
        # Numbers that came before an earlier one.
        self.ahead: set[int] = set()
        self.time = 0.0


class Roll:
    """The viewers of one channel at one hub, and what is known of the others'."""

    SETTLE: Final = 1.2
    """A node's joins are included after so many seconds: by then the other nodes have reported that they heard."""
    REMEMBERED: Final = 300.0
    """Seconds for which a silent hub is known."""
    RECALLED: Final = 60.0
    """Seconds of joins that are asked for where some were missed, besides those of the time without a bus."""
    MAX_AHEAD: Final = 1024
    MAX_HEARD: Final = 4096
    """So many who have joined elsewhere are known with their times."""
    UNSURE: Final = 2.0
    """Seconds by which two hubs' ideas of the bot's clock may differ, with room to spare."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.sequence = 0
        self.included = 0
        # The last reading of each viewer whose vote must wait.
        self.waiting: dict[str, Reading | None] = {}
        self._entries: dict[str, _Entry] = {}
        self._viewers: dict[bytes, str] = {}
        self._untold: dict[str, None] = {}
        self._told: deque[tuple[int, float]] = deque()
        self._others: dict[str, _Other] = {}
        self._heard_at: dict[bytes, int] = {}
        self._absent: set[str] = set()
        # How often `tell` was called. After a machine has slept, the bot's clock is far ahead of what was heard before.
        self._beats = 0

    def __len__(self) -> int:
        return len(self._entries)

    def join(self, viewer: str, time: float, person: str = "") -> None:
        """A viewer has joined here, again perhaps, when the bot's clock said `time`.

        `person`, where one is known, has one vote whatever the viewer.
        """
        before = self._entries.get(viewer)
        self._drop(viewer)
        people = [viewer_hash(viewer), *([viewer_hash(f"person:{person}")] if person else [])]
        # After all that was heard of them, whatever the clocks say.
        known = max((self._heard_at.get(person, 0) for person in people), default=0)
        entry = self._entries[viewer] = _Entry(people, max(round(time * 1000), known + 1), self._beats)
        # Whose vote was here and nowhere else keeps it while others are told; only a new one waits.
        entry.counted = before is not None and before.counted and before.people == people
        self._viewers.update(dict.fromkeys(people, viewer))
        self._untold[viewer] = None
        if not entry.counted:
            self.waiting.setdefault(viewer, None)

    def leave(self, viewer: str) -> None:
        """A viewer has no vote here and no seat any more."""
        self._drop(viewer)
        self.waiting.pop(viewer, None)

    def prune(self, present: Callable[[str], bool]) -> None:
        """Leave all who were neither seated nor counted at this call and the last, to be made some seconds apart.

        Until then they are known here, for what may stay of their votes a little longer.
        """
        absent = {viewer for viewer in self._entries if not present(viewer)}
        for viewer in absent & self._absent:
            self.leave(viewer)
        self._absent = absent

    def tell(self, now: float) -> list[Joins]:
        """Frames that tell the others of the newest joins. To be called BEATS_PER_SECOND times a second at most."""
        self._beats += 1
        frames = []
        while self._untold:
            self.sequence += 1
            joined: list[Joined] = []
            while self._untold and len(joined) < MAX_JOINS - 1:
                viewer = next(iter(self._untold))
                del self._untold[viewer]
                entry = self._entries[viewer]
                entry.sequence = entry.sequence or self.sequence
                # Whoever missed this telling is answered with it.
                entry.beat = self._beats
                joined += [Joined(person, entry.time) for person in entry.people]
            self._told.append((self.sequence, now))
            frames.append(joins_of(self.node, self.sequence, joined))
        return frames

    def stand(self) -> Joins:
        """The frame that says how far this hub has come, so that others notice what they have missed."""
        return Joins(self.node, self.sequence)

    def answer(self, seconds: float) -> list[Joins]:
        """Frames that tell a node again who joined here in the last `seconds` that this hub was awake."""
        oldest = self._oldest(seconds)
        recent = [
            Joined(person, entry.time)
            for entry in self._entries.values()
            if entry.sequence and entry.beat >= oldest
            for person in entry.people
        ]
        # Only the last one says that it was all.
        chunks = [recent[start : start + MAX_JOINS] for start in range(0, len(recent), MAX_JOINS)] or [[]]
        return [
            *(joins_of(self.node, 0, chunk) for chunk in chunks[:-1]),
            joins_of(self.node, self.sequence, chunks[-1], whole=True),
        ]

    def settle(self, now: float) -> list[Reading]:
        """Include the joins that were told long enough ago; gives the readings that waited for it."""
        return self.include(self.told_before(now - self.SETTLE))

    def told_before(self, time: float) -> int:
        """The number of the last joins that were told by then."""
        return max((number for number, told in self._told if told <= time), default=self.included)

    def include(self, upto: int) -> list[Reading]:
        """Include the joins told up to this number; gives the readings that waited for it."""
        self.included = max(self.included, upto)
        while self._told and self._told[0][0] <= self.included:
            self._told.popleft()
        found = []
        for viewer in list(self.waiting):
            entry = self._entries.get(viewer)
            if entry is None or 0 < entry.sequence <= self.included:
                reading = self.waiting.pop(viewer)
                if entry is not None:
                    entry.counted = True
                    if reading is not None:
                        found.append(reading)
        return found

    def hear(self, frame: Joins, now: float) -> Change:
        """Another hub's joins."""
        gone: dict[str, bool] = {}
        held: list[str] = []
        for person, then in joined_in(frame):
            self._note(person, then)
            viewer = self._viewers.get(person)
            if viewer is None:
                continue
            entry = self._entries[viewer]
            if (then, frame.node) > (entry.time, self.node):
                self.leave(viewer)
                gone[viewer] = then - entry.time < self.UNSURE * 1000
            elif then < entry.time and entry.beat < self._oldest(self.RECALLED):
                # Told so long ago that the other may have heard of all our joins but this one. Until it is said again,
                # it may have the vote.
                self._untold[viewer] = None
                entry.sequence = 0
            elif then < entry.time and not frame.whole:
                # Both joined at once, the other has forgotten of ours, or its word took long: said again, it lets go.
                self._untold[viewer] = None
            if viewer not in gone and entry.counted and not 0 < entry.sequence <= self.included:
                # It was away in between: what counts here must be what the other has heard of.
                entry.counted = False
                self.waiting[viewer] = None
                held.append(viewer)
        return Change(gone, held, self._follow(frame, now))

    def heard(self, now: float) -> dict[str, int]:
        """Up to which number the joins of each other hub are known here."""
        self._forget_silent(now)
        return {node: other.upto for node, other in self._others.items()}

    def heard_of(self, node: str) -> int:
        """The same of one hub; 0 for one that is not known."""
        other = self._others.get(node)
        return 0 if other is None else other.upto

    def _oldest(self, seconds: float) -> float:
        return self._beats - seconds * BEATS_PER_SECOND

    def _note(self, person: bytes, time: int) -> None:
        self._heard_at[person] = max(time, self._heard_at.pop(person, 0))
        if len(self._heard_at) > self.MAX_HEARD:
            del self._heard_at[next(iter(self._heard_at))]

    def _follow(self, frame: Joins, now: float) -> bool:
        other = self._others.get(frame.node)
        if other is None:
            # Each restart of a hub has a name of its own.
            self._forget_silent(now)
            if len(self._others) >= MAX_NODES:
                return False
            other = self._others[frame.node] = _Other()
        other.time = now
        if frame.whole:
            other.upto = max(other.upto, frame.sequence)
        elif frame.people and frame.sequence > other.upto and len(other.ahead) < self.MAX_AHEAD:
            other.ahead.add(frame.sequence)
        while other.upto + 1 in other.ahead:
            other.upto += 1
        other.ahead = {number for number in other.ahead if number > other.upto}
        return other.upto < frame.sequence

    def _forget_silent(self, now: float) -> None:
        for node in [node for node, other in self._others.items() if other.time < now - self.REMEMBERED]:
            del self._others[node]

    def _drop(self, viewer: str) -> None:
        entry = self._entries.pop(viewer, None)
        if entry is not None:
            self._untold.pop(viewer, None)
            for person in entry.people:
                if self._viewers.get(person) == viewer:
                    del self._viewers[person]
