"""Rate limits and pacing. Pure: time comes in as an argument, in seconds of any steady clock."""

import ipaddress
import math
from collections import OrderedDict


class Rate:
    """The generic cell rate algorithm (ITU-T I.371): one event every `interval` seconds, with up to `burst` at once."""

    __slots__ = ("_due", "_slack", "interval")

    def __init__(self, interval: float, burst: int = 1) -> None:
        self.interval = interval
        self._slack = interval * (burst - 1)
        self._due = float("-inf")

    def allow(self, now: float) -> bool:
        """Whether one more event fits at `now`; counts it when it does."""
        due = self._due
        if now + self._slack < due:
            return False
        self._due = (due if due > now else now) + self.interval
        return True

    def ready(self, now: float) -> bool:
        """Whether one more event would fit at `now`, without counting it."""
        return now + self._slack >= self._due


class Visitors:
    """One rate for each network address.

    Remembers at most `remembered` of them, so that an attacker with many can't fill the memory.
    """

    def __init__(self, per_second: float, burst: int, remembered: int = 4096) -> None:
        self._interval = 1.0 / per_second
        self._burst = burst
        self._remembered = remembered
        self._rates: OrderedDict[str, Rate] = OrderedDict()

    def allow(self, address: str, now: float) -> bool:
        """Whether one more event of this address fits at `now`; counts it when it does."""
        rate = self._rates.get(address)
        if rate is None:
            rate = self._rates[address] = Rate(self._interval, self._burst)
            if len(self._rates) > self._remembered:
                self._rates.popitem(last=False)
        self._rates.move_to_end(address)
        return rate.allow(now)


class Addresses:
    """Limits for each network address: joins a second, and connections at once."""

    def __init__(self, joins_per_second: float, join_burst: int, connections: int, remembered: int = 4096) -> None:
        self._joins = Visitors(joins_per_second, join_burst, remembered)
        self._connections = connections
        self._open: dict[str, int] = {}

    def enter(self, address: str, now: float) -> str | None:
        """Count one connection in. Returns the reason if it must be refused, else None: then `exit` must follow."""
        if not self._joins.allow(address, now):
            return "too many joins from your address; wait a few seconds and try again"
        if self._open.get(address, 0) >= self._connections:
            return "too many connections from your address; close some and try again"
        self._open[address] = self._open.get(address, 0) + 1
        return None

    def exit(self, address: str) -> None:
        """Count one connection out."""
        left = self._open[address] - 1
        if left:
            self._open[address] = left
        else:
            del self._open[address]


def network_of(address: str) -> str:
    """What is one address to every limit: an IPv4 address, or the /64 network of an IPv6 one.

    A home is given a whole /64 (RFC 6177), and its owner may use each of its 2^64 addresses.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(found) >> 64 << 64)) + "/64"


def paced_interval(viewers: int, readings_per_second: float, shortest: float) -> float:
    """Seconds between one viewer's readings so that the whole crowd stays under `readings_per_second`.

    In steps of half a second, so that one viewer more or less changes nobody's pace.
    """
    fair = viewers / readings_per_second
    return shortest if fair <= shortest else max(shortest, math.ceil(fair * 2) / 2)
