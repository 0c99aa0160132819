"""Which viewers have chosen to be shown on the stream, and as whom: both ends. Pure, and in memory alone.

Nobody is shown who has not said so on this very connection: a lost one could bring no withdrawal any more.
"""

import base64
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from transport.limits import Rate
from transport.names import clean_name, name_key
from transport.reading import Appear, Shown, Welcome

NAME_SECONDS: Final = 5.0
"""Time between two changes of a viewer's name; the first few may come at once."""

NO_NAME: Final = "nothing of that name can be shown; choose another"
HIDDEN: Final = "the streamer has hidden you until the bot is started anew"
TOO_OFTEN: Final = "your name was changed too often; try again in a moment"
NAMES_OFF: Final = "this stream shows no names"


class Appearances:
    """The hub's end: who is to be shown, in the order in which they came.

    Viewers stand on the stream as a seat: a fingerprint of their key under a secret of this run, so that neither the
    key nor another evening's seat can be looked up in it.
    """

    REMEMBERED: Final = 20_000

    def __init__(self, *, names: bool = True, secret: bytes | None = None) -> None:
        """`names` False shows all as anonymous seats. `on_gone` is called when a viewer is to be shown no longer."""
        self.names = names
        self.on_gone: Callable[[str], None] = lambda _viewer: None
        self._secret = secret or secrets.token_bytes(32)
        # Each viewer's name, None for an anonymous seat; the seat of each viewer, and the viewer of each seat.
        self._shown: dict[str, str | None] = {}
        self._seats: dict[str, str] = {}
        self._viewers: dict[str, str] = {}
        self._rates: OrderedDict[str, Rate] = OrderedDict()
        self._hidden: set[str] = set()
        self._hidden_names: set[str] = set()

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        """Each viewer and name."""
        return iter(self._shown.items())

    def __len__(self) -> int:
        return len(self._shown)

    def seat_of(self, viewer: str) -> str:
        """The viewer's seat: eight letters and digits."""
        known = self._seats.get(viewer)
        if known is not None:
            return known
        digest = hashlib.blake2b(viewer.encode(), digest_size=5, key=self._secret).digest()
        return base64.b32encode(digest).decode().lower()

    def viewer_of(self, seat: str) -> str | None:
        """The viewer who is shown on this seat."""
        return self._viewers.get(seat)

    def appear(self, viewer: str, wish: Appear, now: float) -> Shown:
        """Show a viewer as wished, or no more. The answer says what became of it, and why where it is something else.

        To be shown no longer is never refused and never late.
        """
        if wish.seat == "no":
            self.drop(viewer)
            return Shown()
        if self.seat_of(viewer) in self._hidden:
            return Shown(reason=HIDDEN)
        name = clean_name(wish.name) if wish.seat == "name" and self.names else None
        reason = self._fault(viewer, name, now)
        if reason:
            self.drop(viewer)
            return Shown(reason=reason)
        if viewer in self._shown and self._shown[viewer] != name:
            # Not even for a moment does the old name stand beside the new wish.
            self.on_gone(viewer)
        self._shown[viewer] = name
        self._seats[viewer] = seat = self.seat_of(viewer)
        self._viewers[seat] = viewer
        if name is None:
            return Shown("seat", reason=NAMES_OFF if wish.seat == "name" else "")
        return Shown("name", name)

    def drop(self, viewer: str) -> None:
        """Show a viewer no longer, and forget the name. Nothing happens when the viewer isn't shown."""
        if viewer in self._shown:
            del self._shown[viewer], self._viewers[self._seats.pop(viewer)]
            self.on_gone(viewer)

    def hide(self, seat: str) -> list[str]:
        """Never show this seat again while the bot runs, whatever its name, nor anybody under its name.

        A new key costs a stranger nothing, so that the name must go as well. Returns the viewers that are shown no
        longer, none when nobody sits there.
        """
        viewer = self._viewers.get(seat)
        if viewer is None:
            return []
        self._hidden.add(seat)
        name = self._shown[viewer]
        gone = [viewer]
        if name is not None:
            self._hidden_names.add(self._fingerprint(name))
            gone += [other for other, theirs in self if other != viewer and theirs and self._is_hidden(theirs)]
        for each in gone:
            self.drop(each)
        return gone

    def _fault(self, viewer: str, name: str | None, now: float) -> str:
        if name is None:
            return ""
        if not name:
            return NO_NAME
        if self._is_hidden(name):
            return HIDDEN
        if self._shown.get(viewer) == name:
            return ""
        # By seat: who asks to be forgotten leaves no key behind, and no way around the limit either.
        seat = self.seat_of(viewer)
        rate = self._rates.get(seat)
        if rate is None:
            rate = self._rates[seat] = Rate(NAME_SECONDS, burst=4)
            if len(self._rates) > self.REMEMBERED:
                self._rates.popitem(last=False)
        self._rates.move_to_end(seat)
        return "" if rate.allow(now) else TOO_OFTEN

    def _is_hidden(self, name: str) -> bool:
        return bool(self._hidden_names) and self._fingerprint(name) in self._hidden_names

    def _fingerprint(self, name: str) -> str:
        # A hidden name is forgotten as any other; this is enough to know it again.
        return hashlib.blake2b((name_key(name) or name).encode(), digest_size=16, key=self._secret).hexdigest()


class Appearing:
    """The agent's end: what the viewer wants, and what the hub has made of it. `on_change` gets the hub's answers."""

    def __init__(self) -> None:
        self.wanted = Appear("no")
        self.shown = Shown()
        self.possible = False
        self.wake: Callable[[], None] = lambda: None
        self.on_change: Callable[[Shown], None] | None = None
        self._due: Appear | None = None

    def want(self, wish: Appear) -> None:
        """From now on the viewer wants this; it is asked for at once, and after every loss of the connection."""
        self.wanted = wish
        if self.possible:
            self._due = wish
            self.wake()

    def due(self) -> Appear | None:
        """The frame to send now, if any."""
        due, self._due = self._due, None
        return due

    def joined(self, welcome: Welcome) -> None:
        """The hub has let the agent in; it knows of no earlier wish."""
        self.possible = welcome.shows
        self.shown = Shown()
        self._due = self.wanted if self.possible and self.wanted.seat != "no" else None

    def lost(self) -> None:
        """The connection is gone, and with it the tile."""
        self.possible = False
        self.shown = Shown()

    def hear(self, frame: Shown) -> None:
        """A frame of the hub's."""
        self.shown = frame
        if self.on_change is not None:
            self.on_change(frame)
