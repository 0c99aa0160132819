"""Where a channel's links and bans are kept: a file in the user's own folder, written whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from bot.access import Access, Kept
from bot.keys import Keys
from lera.errors import LeraError
from lera.files import write_private
from lera.folders import data_folder


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
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        pass
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        aside = path.with_suffix(".broken.json")
        path.replace(aside)
        say(
            f"The list of your links and bans was damaged; it is now {aside.name}. Links that you had taken back work "
            "again: start with --new-link to end them all."
        )
    except OSError as error:
        raise LeraError(f"Can't read {path} ({error.strerror}): let your user read it.") from error
    return Access(channel, keys, days, now, kept, lambda kept: _keep(path, kept))


def _keep(path: Path, kept: Kept) -> None:
    write_private(path, msgspec.json.format(msgspec.json.encode(kept), indent=2))
