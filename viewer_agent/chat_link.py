"""Who the viewer is in chat: a code to type there, the name that typed it, and how to undo it."""

from collections.abc import Callable

from lera.clock import steady_clock
from transport.identities import Linking
from transport.reading import Code, Linked

_LONGEST = 80
_LONGEST_LIFE = 3600.0


class ChatLink:
    """The viewer's side of `!mood link`. Nothing of it is kept when the agent ends."""

    def __init__(self, linking: Linking, say: Callable[[str], None], now: Callable[[], float] | None = None) -> None:
        """`now`: seconds of a clock that counts the machine's sleep; `steady_clock` where none is given."""
        self.name = ""
        self._linking = linking
        self._say = say
        self._now = now or steady_clock()
        self._line = ""
        self._until = float("-inf")
        linking.on_change = self._hear

    @property
    def linked(self) -> bool:
        """Whether somebody in chat is known to be this viewer."""
        return self._linking.linked

    @property
    def line(self) -> str | None:
        """What to type in chat, while that still works."""
        return self._line if self._line and self._now() < self._until else None

    def toggle(self) -> None:
        """Ask for a line to type in chat; once linked, undo it."""
        if not (self._linking.unlink() if self.linked else self._linking.ask_for_code()):
            self._say("This stream's bot can't link you with chat, or can't be reached yet.")

    def _hear(self, frame: Code | Linked) -> None:
        if isinstance(frame, Code):
            seconds = min(max(frame.seconds, 0.0), _LONGEST_LIFE)
            self._line, self._until = printable(frame.line), self._now() + seconds
            minutes = f"{seconds / 60:.0f} minutes"
            self._say(f"To be known in chat, type this there within {minutes}, from your own name: {self._line}")
            return
        self._line, self.name = "", printable(frame.name)
        if self.name:
            self._say(f"Linked: you are {self.name} in chat. If that isn't you, press l at once to undo it.")
        else:
            self._say("You are linked with nobody in chat any more.")


def printable(text: str) -> str:
    """What a hub sends is a stranger's: without signs that control a terminal or turn a line around."""
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST]
