"""Where a channel's links and bans are kept: a file in the user's own folder, written whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from bot.access import Access, Kept
from bot.keys import Keys
from lera.errors import LeraError
from lera.files import write_private
from lera.folders import data_folder
from transport.reading import UNREADABLE


def access_file(channel: str) -> Path:
    """The file of one channel."""
    return data_folder() / f"access-{channel}.json"


def kept_access(channel: str, keys: Keys, days: int, now: float, say: Callable[[str], None] = print) -> Access:
    """The channel's links and bans, as they were. Raises LeraError when the file can't be read.

    A damaged file is set aside, which is said: what was taken back is known no more.
    """
    path = access_file(channel)
    kept = None
    try:
        kept = read_kept(channel)
    except UNREADABLE:
        aside = path.with_suffix(".broken.json")
        path.replace(aside)
        say(
            f"The list of your links and bans was damaged; it is now {aside.name}. Links that you had taken back work "
            "again: start with --new-link to end them all."
        )
    return Access(channel, keys, days, now, kept, lambda kept: _keep(path, kept))


def read_kept(channel: str) -> Kept | None:
    """What is kept of a channel, None when that is nothing yet. Raises LeraError, and what UNREADABLE names."""
    path = access_file(channel)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LeraError(f"Can't read {path} ({error.strerror}): let your user read it.") from error


def _keep(path: Path, kept: Kept) -> None:
    write_private(path, msgspec.json.format(msgspec.json.encode(kept), indent=2))
