"""Asking for a secret: in a terminal without showing it, else as a pipe brings it."""

import getpass
import sys

from lera.errors import LeraError


def ask_secret(prompt: str, name: str) -> str:
    """One line, which may be empty. Raises LeraError where nobody answers: `name` says then what was not given."""
    missing = LeraError(f"No {name} was given, and nothing has changed: type it in a terminal, or send it by a pipe.")
    if sys.stdin is None:
        raise missing
    try:
        if sys.stdin.isatty():
            return getpass.getpass(prompt)
        # As a password manager gives it: there is no echo to switch off.
        line = sys.stdin.readline()
    except EOFError:
        raise missing from None
    except UnicodeDecodeError:
        raise LeraError(f"That {name} can't be read as UTF-8; nothing has changed. Send it as text.") from None
    if not line:
        raise missing
    return line.rstrip("\r\n")
