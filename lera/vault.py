"""Secrets: in the OS keyring, or in a file that only this user can read where there is no keyring."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
from keyring.backends import fail

from lera.errors import LeraError
from lera.files import write_private
from lera.folders import data_folder

SERVICE = "lera"
STREAMER_KEY = "streamer-key"
"""A channel's own key to everything, which the bot makes and the streamer's agent shows it."""
# Secrets are kept from several threads, and the file holds all of them.
_WRITING = threading.Lock()


def has_keyring() -> bool:
    """Whether secrets go to the OS keyring. A folder of its own (`LERA_HOME`) keeps its own secrets too."""
    return "LERA_HOME" not in os.environ and not isinstance(keyring.get_keyring(), fail.Keyring)


def channel_secret(name: str, channel: str) -> str:
    """The name under which a channel's own secret is kept."""
    return f"{name}:{channel}"


def secret(name: str) -> str | None:
    """The secret kept under `name`, or None."""
    if has_keyring():
        with _keyring_told():
            return keyring.get_password(SERVICE, name)
    return _read_file().get(name)


def keep_secret(name: str, value: str | None) -> None:
    """Keep `value` under `name`; None erases it."""
    if has_keyring():
        with _keyring_told():
            if value is not None:
                keyring.set_password(SERVICE, name, value)
            elif keyring.get_password(SERVICE, name) is not None:
                keyring.delete_password(SERVICE, name)
        return
    with _WRITING:
        kept = _read_file()
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = value
        _write_file(kept)


@contextlib.contextmanager
def _keyring_told() -> Iterator[None]:
    """What goes wrong in the keyring as a LeraError. Each system's raises errors of its own besides the library's."""
    try:
        yield
    except Exception as error:
        raise LeraError(f"The system keyring is locked or broken ({error}); unlock it and start again.") from error


def secrets_file() -> Path:
    """Where secrets are kept when there is no keyring."""
    return data_folder() / "secrets.json"


def _read_file() -> dict[str, str]:
    path = secrets_file()
    try:
        kept = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LeraError(f"Can't read {path} ({error.strerror}): let your user read it.") from None
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise LeraError(
            f"{path} is damaged: put it back from a backup. Or move it away and start again; "
            "all links, keys, logins and bans end then."
        )
    return kept


def _write_file(kept: dict[str, str]) -> None:
    write_private(secrets_file(), json.dumps(kept).encode())
