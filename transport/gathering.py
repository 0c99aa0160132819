"""Which reports of nodes hold together, so that the bot may add them. Pure: time comes in, in the bot's seconds.

A viewer who moves is in two nodes' reports for a moment. A report is counted only with others that have let go of all
who have joined that node (`transport/roll.py`); until then its last one counts, and a node that has fallen silent
counts no more after LEASE seconds.
"""

from collections import Counter
from typing import Final

from transport.bus import MAX_NODES, Report
from transport.partial import Partial
from transport.roll import Roll


class _Node:
    __slots__ = ("alive", "counted", "needed", "newest", "sequence")

    def __init__(self) -> None:
        self.alive = float("-inf")
        self.sequence = 0
        # Of each other node that waits for it: which of its joins this one must hear of, and since when.
        self.needed: dict[str, tuple[int, float]] = {}
        self.newest: tuple[Report, Partial] | None = None
        self.counted: tuple[Report, Partial] | None = None


class Gathering:
    """The newest report of each node, and those that count."""

    LEASE: Final = 2.5
    """Seconds for which a node's last report counts: one comes every second, so one may be lost."""
    LATEST: Final = 1.5
    """Seconds that terms and a report may be on their way together. What is older was kept by a cut network."""
    LONGEST_WAIT: Final = 3.5
    """Seconds for which a node may speak without having heard the bot."""
    PATIENCE: Final = 5.0
    """Seconds that others wait for a node that has not heard of their viewers; then it counts no more."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._nodes: dict[str, _Node] = {}
        self._since = float("-inf")

    @property
    def reports(self) -> list[Report]:
        """Those that count."""
        return [node.counted[0] for node in self._nodes.values() if node.counted is not None]

    @property
    def viewers(self) -> int:
        """How many are connected to nodes."""
        return sum(node.newest[0].viewers for node in self._nodes.values() if node.newest is not None)

    def __len__(self) -> int:
        return len(self._nodes)

    def clear(self, now: float) -> None:
        """Withdraw all votes: only reports that were made after hearing of it count."""
        self._since = now
        self._nodes.clear()

    def take(self, report: Report, partial: Partial, now: float) -> bool:
        """Note a report. False for one that came too late, or out of order."""
        lag = now - report.time - report.waited
        if not (-0.5 <= lag <= self.LATEST and report.waited <= self.LONGEST_WAIT) or report.time < self._since:
            self.counts["stale"] += 1
            return False
        node = self._nodes.get(report.node)
        if node is None:
            if len(self._nodes) >= MAX_NODES:
                self.counts["too many nodes"] += 1
                return False
            node = self._nodes[report.node] = _Node()
        if report.sequence <= node.sequence:
            self.counts["out of order"] += 1
            return False
        node.newest, node.alive, node.sequence = (report, partial), now, report.sequence
        return True

    def settle(self, now: float, own: Roll) -> dict[str, Partial]:
        """The partials that count now, by node. `own` is the roll of the bot's own hub, which counts in any case."""
        for name, node in list(self._nodes.items()):
            if node.alive <= now - self.LEASE:
                del self._nodes[name]
        self._choose(own, now)
        long_ago = own.told_before(now - self.PATIENCE)
        for node in self._nodes.values():
            if node.counted is not None and (
                node.counted[0].heard.get(own.node, 0) < long_ago or self._keeps_waiting(node, now)
            ):
                node.counted = node.newest = None
                node.needed.clear()
                self.counts["behind"] += 1
        return {name: node.counted[1] for name, node in self._nodes.items() if node.counted is not None}

    def includable(self, own: Roll) -> int:
        """Up to which of the own hub's joins all nodes that count have let go."""
        return min((report.heard.get(own.node, 0) for report in self.reports), default=own.sequence)

    def _choose(self, own: Roll, now: float) -> None:
        """Count the newest reports that hold together."""
        chosen = {name: node.newest for name, node in self._nodes.items() if node.newest is not None}
        again = True
        while again:
            again = False
            for name in list(chosen):
                if self._fits(name, chosen, own, now):
                    continue
                # Back to what counted before: all of that held together, so that this comes to an end.
                again = True
                counted = self._nodes[name].counted
                if counted is None or chosen[name] is counted:
                    del chosen[name]
                else:
                    chosen[name] = counted
        for name, node in self._nodes.items():
            node.counted = chosen.get(name)

    def _fits(self, name: str, chosen: dict[str, tuple[Report, Partial]], own: Roll, now: float) -> bool:
        """Whether a choice holds together with the others; where it doesn't, this is the one to give way."""
        report = chosen[name][0]
        if own.heard_of(name) < report.joins or report.heard.get(own.node, 0) < own.included:
            return False
        if chosen[name] is self._nodes[name].counted:
            return True
        for other, (theirs, _) in chosen.items():
            if other == name:
                continue
            if theirs.heard.get(name, 0) < report.joins:
                self._wait(name, report.joins, self._nodes[other], theirs.heard.get(name, 0), now)
                return False
            if report.heard.get(other, 0) < theirs.joins and chosen[other] is self._nodes[other].counted:
                return False
        return True

    def _keeps_waiting(self, node: _Node, now: float) -> bool:
        newest = node.newest or node.counted
        heard = newest[0].heard if newest is not None else {}
        node.needed = {
            name: (joins, since)
            for name, (joins, since) in node.needed.items()
            if name in self._nodes and heard.get(name, 0) < joins
        }
        return any(since < now - self.PATIENCE for _, since in node.needed.values())

    def _wait(self, name: str, joins: int, other: _Node, heard: int, now: float) -> None:
        needed = other.needed.get(name)
        if needed is None or heard >= needed[0]:
            other.needed[name] = (joins, now)
