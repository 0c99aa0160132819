"""Which bot the streamer's agent talks to, and the key that it shows there."""

import sys
from collections.abc import Callable
from getpass import getpass
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from lera.configuration import Configuration
from lera.errors import LeraError
from lera.redaction import hide
from lera.vault import STREAMER_KEY, channel_secret, keep_secret, secret
from transport.stage import StageAddress, parse_stage_address


class _Web(Struct, frozen=True):
    """The part of `[web]` that tells where this machine's own bot is; the bot checks the rest."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8765


class _Channel(Struct, frozen=True):
    """The part of `[channel]` that is needed."""

    name: str = "my-channel"


class Bot(NamedTuple):
    """A bot: `place` for people, `address` for the client, `kept_as` for a key that can be asked for anew."""

    place: str
    address: StageAddress
    kept_as: str = ""

    def forget_key(self) -> None:
        """The bot doesn't take the key: it will be asked for again. This machine's own bot keeps its key itself."""
        if self.kept_as:
            keep_secret(self.kept_as, None)


def own_bot(configuration: Configuration) -> Bot:
    """The bot of this machine and its key. Raises LeraError where it has never run."""
    web = configuration.section("web", _Web)
    channel = configuration.section("channel", _Channel).name
    key = secret(channel_secret(STREAMER_KEY, channel))
    if key is None:
        raise LeraError(
            f"The bot of {channel} has never run on this machine: start it with `python run.py bot`, or name another "
            "machine's with --bot."
        )
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)
    return _bot(f"http://{f'[{host}]' if ':' in host else host}:{web.port}", key)


def other_bot(address: str, *, ask: Callable[[str], str] = getpass, terminal: bool | None = None) -> Bot:
    """Another machine's bot, as in http://192.168.1.5:8765. Asks for its key once. Raises LeraError."""
    place = _place(address)
    kept_as = f"stage-key:{place}"
    key = secret(kept_as)
    if key is None:
        if terminal is None:
            terminal = sys.stdin is not None and sys.stdin.isatty()
        if not terminal:
            raise LeraError(f"LERA has no key for {place} yet: start this once in a terminal and type it there.")
        try:
            answer = ask(f"The dashboard's key for {place}, what follows #key= in its address (it is not shown): ")
        except EOFError:
            answer = ""
        # Whoever pastes the whole address means its end.
        key = answer.rpartition("#key=")[2].strip()
        bot = _bot(place, key)
        keep_secret(kept_as, key)
        return bot._replace(kept_as=kept_as)
    return _bot(place, key)._replace(kept_as=kept_as)


def _place(address: str) -> str:
    if "#" in address:
        raise LeraError("Leave the key out of the command, where others could read it: LERA asks for it by itself.")
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        valid = False
    if not valid:
        raise LeraError(f"{address} is no bot's address: write it as in --bot http://192.168.1.5:8765.")
    return f"{parts.scheme}://{parts.netloc}"


def _bot(place: str, key: str) -> Bot:
    if not key or not key.isascii() or any(letter.isspace() for letter in key):
        raise LeraError("That is no key: copy what follows #key= in the dashboard's address, as the bot prints it.")
    hide(key)
    return Bot(place, parse_stage_address(f"{place}/dashboard/#key={key}"))
