"""Which agent belongs to whom in chat: codes that an agent shows and its viewer types. Pure, and in memory alone.

The hub's end knows both sides as opaque keys only: neither a name nor a platform's id is kept there.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from transport.reading import Code, Identify, Linked, Unlink, Welcome

CODE_SECONDS: Final = 300.0
CODE_LENGTH: Final = 8
ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without what looks alike. Of 31^8 codes at most one for each viewer lives: guessing a million finds none."""


_CHATTER: Final = "chat:"


def chatter_key(subject: str) -> str:
    """The viewer key of a chatter's votes; never an agent's, which has no colon. `subject` is the opaque person."""
    return _CHATTER + subject


def subject_of(chatter: str) -> str:
    """The person of a chatter's key."""
    return chatter.removeprefix(_CHATTER)


def random_code() -> str:
    """Eight letters and digits, from the system's own chance."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


class Identities:
    """Codes that wait to be typed, and who is whose. One chatter, one viewer."""

    REMEMBERED: Final = 20_000

    def __init__(self, make_code: Callable[[], str] = random_code) -> None:
        self._make_code = make_code
        self._codes: dict[str, tuple[str, float]] = {}
        self._code_of: dict[str, str] = {}
        self._viewers: OrderedDict[str, str] = OrderedDict()
        self._chatters: dict[str, str] = {}

    @property
    def viewers(self) -> Mapping[str, str]:
        """The viewer of each chatter; a live view."""
        return self._viewers

    def code(self, viewer: str, now: float) -> str:
        """A new code for a viewer, good for CODE_SECONDS and for one use; an earlier one is worthless."""
        self._expire(now)
        self._drop_code(viewer)
        code = self._make_code()
        while code in self._codes:
            code = self._make_code()
        self._codes[code] = (viewer, now + CODE_SECONDS)
        self._code_of[viewer] = code
        return code

    def link(self, code: str, chatter: str, now: float) -> tuple[str, str | None] | None:
        """Tie a chatter to the viewer whose code this is. None when it is nobody's.

        Returns that viewer, and the one who was the chatter's before and is nobody's now. Case, spaces and hyphens
        don't matter.
        """
        self._expire(now)
        found = self._codes.get("".join(code.split()).replace("-", "").upper())
        if found is None:
            return None
        viewer, _ = found
        return viewer, self.tie(chatter, viewer)

    def tie(self, chatter: str, viewer: str) -> str | None:
        """Tie a chatter to a viewer who has proved it. Returns the viewer who was the chatter's until now, if any."""
        before = self.unlink_chatter(chatter)
        self.unlink_viewer(viewer)
        self._viewers[chatter] = viewer
        self._chatters[viewer] = chatter
        if len(self._viewers) > self.REMEMBERED:
            self.unlink_chatter(next(iter(self._viewers)))
        return before if before != viewer else None

    def viewer_of(self, chatter: str) -> str | None:
        """The viewer that a chatter is."""
        return self._viewers.get(chatter)

    def chatter_of(self, viewer: str) -> str | None:
        """The chatter that a viewer is."""
        return self._chatters.get(viewer)

    def knows(self, viewer: str) -> bool:
        """Whether a viewer is a chatter, or has a code."""
        return viewer in self._chatters or viewer in self._code_of

    def unlink_viewer(self, viewer: str) -> str | None:
        """Forget all of a viewer: the code and the chatter, which is returned."""
        self._drop_code(viewer)
        chatter = self._chatters.pop(viewer, None)
        if chatter is not None:
            del self._viewers[chatter]
        return chatter

    def unlink_chatter(self, chatter: str) -> str | None:
        """Forget whose viewer a chatter is, and return that viewer."""
        viewer = self._viewers.pop(chatter, None)
        if viewer is not None:
            del self._chatters[viewer]
        return viewer

    def _drop_code(self, viewer: str) -> None:
        code = self._code_of.pop(viewer, None)
        if code is not None:
            del self._codes[code]

    def _expire(self, now: float) -> None:
        # Every code lives as long as any other, so the oldest stand first. A clock that was set back ends all that
        # would live longer than they should.
        while self._codes:
            viewer, until = next(iter(self._codes.values()))
            if now < until <= now + CODE_SECONDS:
                break
            self._drop_code(viewer)


class Persons:
    """Which viewer each known person came with last: one vote a person."""

    REMEMBERED: Final = 65_536

    def __init__(self) -> None:
        self._viewers: OrderedDict[str, str] = OrderedDict()
        # Of each viewer: whoever asks to be forgotten must not make the hub look through all others.
        self._persons: dict[str, set[str]] = {}

    def come(self, subject: str, viewer: str) -> str:
        """A person is here with this viewer's key. Returns the one before, or this one where none is known."""
        before = self._viewers.get(subject, viewer)
        self._drop(subject)
        self._viewers[subject] = viewer
        self._persons.setdefault(viewer, set()).add(subject)
        if len(self._viewers) > self.REMEMBERED:
            self._drop(next(iter(self._viewers)))
        return before

    def viewer_of(self, subject: str) -> str | None:
        """The viewer that a person came with last."""
        return self._viewers.get(subject)

    def forget(self, subject: str = "", viewer: str = "") -> None:
        """Know no longer which viewer a person was, nor which person a viewer."""
        for person in (subject, *self._persons.get(viewer, ())):
            self._drop(person)

    def _drop(self, subject: str) -> None:
        viewer = self._viewers.pop(subject, None)
        if viewer is not None:
            persons = self._persons[viewer]
            persons.discard(subject)
            if not persons:
                del self._persons[viewer]


class Linking:
    """The agent's end: asks, and knows whether the viewer is linked. `on_change` gets the hub's answers."""

    def __init__(self) -> None:
        self.linked = False
        self.wake: Callable[[], None] = lambda: None
        self.on_change: Callable[[Code | Linked], None] | None = None
        self._possible = False
        self._due: Identify | Unlink | None = None

    def ask_for_code(self) -> bool:
        """Ask for a line by which the viewer can say in chat who they are. False where the hub knows no such thing."""
        return self._ask(Identify())

    def unlink(self) -> bool:
        """Have the hub forget who the viewer is in chat. False where the hub knows no such thing."""
        return self._ask(Unlink())

    def due(self) -> Identify | Unlink | None:
        """The frame to send now, if any."""
        due, self._due = self._due, None
        return due

    def joined(self, welcome: Welcome) -> None:
        """The hub has let the agent in; a hub that was started anew knows of no link any more."""
        self._possible = welcome.links
        if self.linked and not welcome.linked:
            self.hear(Linked())
        self.linked = welcome.linked

    def hear(self, frame: Code | Linked) -> None:
        """A frame of the hub's."""
        if isinstance(frame, Linked):
            self.linked = bool(frame.name)
        if self.on_change is not None:
            self.on_change(frame)

    def _ask(self, frame: Identify | Unlink) -> bool:
        if self._possible:
            self._due = frame
            self.wake()
        return self._possible
