"""How the viewer is shown on the stream right now, in one line, and the key that hides and shows."""

from collections.abc import Callable

import msgspec

from transport.appearances import Appearing
from transport.reading import Shown
from viewer_agent.chat_link import printable
from viewer_agent.showing import Showing


class Appearance:
    """The viewer's side of being shown. What isn't certain is told as the less private of the two."""

    def __init__(
        self,
        appearing: Appearing,
        say: Callable[[str], None],
        showing: Showing | None = None,
        keep: Callable[[Showing], None] = lambda _showing: None,
    ) -> None:
        """`showing` is what was agreed to, None: nothing; `keep` remembers what the key has changed."""
        self._appearing = appearing
        self._say = say
        self._showing = showing
        self._keep = keep
        self._said = ""
        self._joined = False
        appearing.on_change = self._hear
        if showing is not None:
            appearing.want(showing.wish)

    @property
    def shown(self) -> bool:
        """Whether the viewer may be seen on the stream."""
        return self._appearing.shown.seat != "no"

    @property
    def possible(self) -> bool:
        """Whether there is something to hide or to show."""
        return self._showing is not None

    @property
    def line(self) -> str:
        """How it stands."""
        showing, shown = self._showing, self._appearing.shown
        if self.shown:
            whom = f"as {printable(shown.name)}" if shown.seat == "name" else "as an anonymous seat"
            if showing is None or not showing.on:
                return "You are being taken off the stream …"
            return f"Shown on the stream {whom}{_because(shown)}. s hides you at once."
        if showing is None:
            return "Not shown on the stream."
        if not showing.on:
            return f"Not shown on the stream. s shows you again, {showing.whom}."
        if shown.reason:
            return f"Not shown on the stream{_because(shown)}."
        if self._joined and not self._appearing.possible:
            return "Not shown on the stream: this way to it carries no names and no seats."
        return "Not shown on the stream yet."

    def toggle(self) -> None:
        """Withdraw at once, or be shown again as was agreed to."""
        if self._showing is None:
            self._say("To be shown on the stream, start with --show-me seat or --show-me name; you are asked first.")
            return
        self._showing = msgspec.structs.replace(self._showing, on=not self._showing.on)
        self._appearing.want(self._showing.wish)
        self._keep(self._showing)
        self._tell()

    def joined(self) -> None:
        """The stream has let the agent in."""
        self._joined = True
        # What was asked for just now is told when it is answered.
        if self._showing is None or not self._showing.on or not self._appearing.possible:
            self._tell()

    def _hear(self, _frame: Shown) -> None:
        self._tell()

    def _tell(self) -> None:
        if self.line != self._said:
            self._said = self.line
            self._say(self._said)


def _because(shown: Shown) -> str:
    return f": {printable(shown.reason)}" if shown.reason else ""
