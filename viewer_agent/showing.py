"""Being shown on the stream, one by one: the question that comes before, and what was agreed to.

It is a consent of its own, for one stream and one name. Nobody is shown who has not given it, and there is no option
that gives it for the viewer.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from lera.errors import LeraError
from transport.names import clean_name
from transport.reading import Appear, Seat


class Showing(Struct, frozen=True):
    """What was agreed to: as whom, the SHA-256 of the very text that was shown, and when (ISO 8601, UTC).

    `on` is False while the viewer has withdrawn; the key in the terminal then shows them again.
    """

    seat: Literal["seat", "name"]
    name: str
    text_sha256: str
    agreed_at: str
    on: bool = True

    @property
    def wish(self) -> Appear:
        """What to ask the hub for now."""
        return Appear(self.seat, self.name) if self.on else Appear("no")

    @property
    def whom(self) -> str:
        """As whom, in words."""
        return f"as {self.name}" if self.seat == "name" else "as an anonymous seat"


def showing_text(channel: str, seat: Literal["seat", "name"], name: str) -> str:
    """What a viewer is asked. Another stream, name or wording is another question."""
    whom = f"The name {name}" if seat == "name" else "A seat without a name"
    return f"""\
You want to be shown on the stream {channel}. Please read this first.

What is shown      {whom}, and beside it the expression that your face seems to show at the
                   moment (such as happy or sad), live, as a drawing. Never your picture.
Who sees it        The streamer, and where they put it on their screen everybody who watches the stream. It may be
                   recorded: videos and clips of the stream go on showing it, and neither you nor LERA can take it back
                   out of them.
How to stop        s hides you at once, and shows you again. p pauses all. Leaving or losing the connection hides
                   you, too. `--show-me no` leaves it off from the start.
What is kept       The name, in the bot's memory, while you are shown. The bot writes it to no file."""


def choose_showing(
    channel: str,
    kept: Showing | None,
    wanted: Seat | None,
    name: str,
    preset: tuple[Seat, str],
    ask: Callable[[str], str] = input,
    say: Callable[[str], None] = print,
    *,
    terminal: bool,
) -> Showing | None:
    """What holds from now on for a stream; None where nothing was ever agreed to. Asks where it must. Raises LeraError.

    `wanted` and `name` are what the viewer typed (None and empty: nothing), `kept` is the last answer for this stream,
    `preset` comes from config.toml and counts where there is neither.
    """
    typed = wanted is not None or bool(name)
    if not typed and kept is not None and not kept.on:
        return kept
    seat = wanted or ("name" if name else kept.seat if kept is not None else preset[0])
    if seat == "no":
        return kept and msgspec.structs.replace(kept, on=False)
    shown = ""
    if seat == "name":
        shown = _name(name or (kept.name if kept is not None else "") or preset[1], ask, terminal)
    digest = hashlib.sha256(showing_text(channel, seat, shown).encode()).hexdigest()
    if kept is not None and kept.text_sha256 == digest:
        return msgspec.structs.replace(kept, on=True)
    off = kept and msgspec.structs.replace(kept, on=False)
    if not terminal:
        if typed:
            raise LeraError("You have not agreed to be shown yet: start the viewer in a terminal and answer there.")
        say("You are not shown on the stream: you have to be asked first, in a terminal.")
        return off
    say(showing_text(channel, seat, shown))
    if not _agrees(ask):
        say("Then you are not shown.")
        return off
    return Showing(seat, shown, digest, datetime.now(UTC).isoformat(timespec="seconds"))


def _name(name: str, ask: Callable[[str], str], terminal: bool) -> str:
    if not name and terminal:
        try:
            name = ask("Under which name? ")
        except EOFError:
            name = ""
    shown = clean_name(name)
    if not shown:
        raise LeraError("There is no name to show you by: give one with --name, or take --show-me seat.")
    return shown


def _agrees(ask: Callable[[str], str]) -> bool:
    try:
        return ask("Do you agree to be shown like this? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
