"""The streams that this viewer joined. Tokens are in the vault, all else in channels.json."""

import re
import secrets
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from lera.errors import LeraError
from lera.files import set_aside, write_private
from lera.folders import data_folder
from lera.vault import keep_secret, secret
from transport.link import Link, parse_link
from transport.reading import UNREADABLE, Channel, Key
from viewer_agent.showing import Showing


class Joined(Struct, frozen=True):
    """One stream. `viewer` is a random key that only this stream knows, so that two can't tell they share a viewer.

    `leaving`: the viewer has withdrawn, but the stream could not be asked yet to erase. `showing`: as whom the viewer
    has agreed to be shown on the stream, None: not asked, or not agreed.
    """

    url: Annotated[str, Meta(pattern=r"^(wss?|https?)://")]
    channel: Channel
    viewer: Key
    leaving: bool = False
    showing: Showing | None = None

    @property
    def place(self) -> str:
        """The host, for people."""
        return self.url.split("//", 1)[1].split("/", 1)[0]

    @property
    def by_sheet(self) -> bool:
        """Whether the stream meets in a Google Sheet; then its token is the spreadsheet's id."""
        return self.url.startswith("http")


def joined_channels(say: Callable[[str], None] = print) -> list[Joined]:
    """The streams joined so far, oldest first. A file that can't be read is set aside, which is said."""
    path = data_folder() / "channels.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Joined])
    except FileNotFoundError:
        return []
    except UNREADABLE:
        aside = set_aside(path)
        say(f"The list of your streams was damaged; it is now {aside.name}. Join again with the streamer's link.")
        return []
    except OSError as error:
        raise LeraError(f"Can't read {path} ({error.strerror}): let your user read it.") from error


def join_channel(link: Link, say: Callable[[str], None] = print) -> Joined:
    """Remember a stream. Joining again keeps the viewer's key and takes the link's token."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", link.channel):
        raise LeraError(f"{link.channel!r} is no channel name: copy the streamer's link whole.")
    channels = joined_channels(say)
    known = next((entry for entry in channels if (entry.url, entry.channel) == (link.url, link.channel)), None)
    entry = Joined(link.url, link.channel, secrets.token_urlsafe(16))
    if known is not None:
        entry = msgspec.structs.replace(known, leaving=False)
    keep_secret(_secret_name(entry), link.token)
    if entry != known:
        _write([*(other for other in channels if other is not known), entry])
    return entry


def channel_token(entry: Joined) -> str:
    """The token of a joined stream. Raises LeraError when it is gone."""
    token = secret(_secret_name(entry))
    if token is None:
        raise LeraError(f"The key to {entry.channel} is gone: start once more with the streamer's link.")
    return token


def given_token(entry: Joined) -> str:
    """The token that the stream gave this very viewer since, which comes before the link's; empty for none."""
    return secret(_given_name(entry)) or ""


def keep_given(entry: Joined, token: str) -> None:
    """Keep a token that the stream gave this viewer; an empty one erases the last. Raises LeraError."""
    keep_secret(_given_name(entry), token or None)


def leave_channel(entry: Joined) -> None:
    """Forget a stream and its tokens."""
    keep_secret(_secret_name(entry), None)
    keep_secret(_given_name(entry), None)
    _write([other for other in joined_channels() if (other.url, other.channel) != (entry.url, entry.channel)])


def postpone_leaving(entry: Joined) -> None:
    """Keep a stream only so that it can be asked later to erase."""
    _replace(entry, msgspec.structs.replace(entry, leaving=True, showing=None))


def keep_showing(entry: Joined, showing: Showing | None) -> Joined:
    """Remember as whom the viewer is shown on a stream; returns it as it is now."""
    fresh = msgspec.structs.replace(entry, showing=showing)
    _replace(entry, fresh)
    return fresh


def named_channels(name: str | None) -> list[Joined]:
    """The joined streams to choose from: all, or those of a channel's name, or the one of a link without its token."""
    present = [entry for entry in joined_channels() if not entry.leaving]
    if name is None:
        return present
    if "://" in name:
        link = parse_link(f"{name}#none")
        found = [entry for entry in present if (entry.url, entry.channel) == (link.url, link.channel)]
    else:
        found = [entry for entry in present if entry.channel == name]
    if not found:
        raise LeraError(f"You have not joined {name} yet: start with the streamer's whole link.")
    return found


def pick_channel(
    channels: list[Joined],
    ask: Callable[[str], str] = input,
    say: Callable[[str], None] = print,
    *,
    terminal: bool = True,
) -> Joined:
    """The stream to join when no link was given: the only one, or the one that the viewer picks. Raises LeraError."""
    if not channels:
        raise LeraError("You have joined no stream yet: start with the link that the streamer gave you.")
    if len(channels) == 1:
        return channels[0]
    if not terminal:
        raise LeraError("You have joined several streams: start with the link of the one you mean.")
    say(channel_list(channels))
    try:
        answer = ask(f"Which one? [1-{len(channels)}] ").strip()
    except EOFError:
        answer = ""
    if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(channels)):
        raise LeraError("No stream was chosen: start again and answer with one of the numbers.")
    return channels[int(answer) - 1]


def channel_list(channels: list[Joined]) -> str:
    """A numbered list for people, without any secret."""
    leaving = {True: "  (left; still to be asked to erase)", False: ""}
    return "\n".join(
        f"{number:>3}  {entry.channel}  on {entry.place}{leaving[entry.leaving]}"
        for number, entry in enumerate(channels, 1)
    )


def _secret_name(entry: Joined) -> str:
    return f"viewer {entry.url} {entry.channel}"


def _given_name(entry: Joined) -> str:
    return f"viewer-given {entry.url} {entry.channel}"


def _replace(entry: Joined, fresh: Joined) -> None:
    place = (entry.url, entry.channel)
    _write([fresh if (other.url, other.channel) == place else other for other in joined_channels()])


def _write(channels: list[Joined]) -> None:
    path = data_folder() / "channels.json"
    if not channels:
        path.unlink(missing_ok=True)
        return
    write_private(path, msgspec.json.format(msgspec.json.encode(channels), indent=2))
