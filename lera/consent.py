"""A question that comes before a camera or a microphone opens, and the answer as it is remembered."""

import contextlib
import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from lera.errors import LeraError
from lera.files import write_private
from lera.folders import data_folder


class Consent(Struct, frozen=True):
    """What was agreed to: SHA-256 of the very text that was shown, and when (ISO 8601, UTC)."""

    text_sha256: str
    agreed_at: str


class Question(NamedTuple):
    """What is asked once for each wording of its text: another wording is another question."""

    text: Callable[[], str]
    """What is shown before the question."""
    prompt: str
    """The question itself, which "y" or "yes" agrees to."""
    refused: str
    """The line for those who don't agree."""
    nobody: str
    """The line where there is no terminal to ask in."""
    file: str
    """The name of the file in the user's folder that holds the answer."""

    def agreed(self) -> bool:
        """Whether this very text has been agreed to on this computer."""
        try:
            kept = msgspec.json.decode(self._path().read_bytes(), type=Consent)
        except (OSError, msgspec.DecodeError):
            # An unreadable answer is no answer.
            return False
        return kept.text_sha256 == self._digest()

    def require(
        self, ask: Callable[[str], str] = input, say: Callable[[str], None] = print, *, terminal: bool | None = None
    ) -> None:
        """Ask unless it was agreed before. Raises LeraError when the answer is no, or when there is nobody to ask.

        There is deliberately no option that answers for a person.
        """
        if self.agreed():
            return
        if terminal is None:
            terminal = sys.stdin is not None and sys.stdin.isatty()
        if not terminal:
            raise LeraError(self.nobody)
        say(self.text())
        try:
            answer = ask(self.prompt)
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise LeraError(self.refused)
        consent = Consent(self._digest(), datetime.now(UTC).isoformat(timespec="seconds"))
        write_private(self._path(), msgspec.json.encode(consent))

    def withdraw(self) -> bool:
        """Forget the answer. True when there was one."""
        with contextlib.suppress(FileNotFoundError):
            self._path().unlink()
            return True
        return False

    def _digest(self) -> str:
        return hashlib.sha256(self.text().encode()).hexdigest()

    def _path(self) -> Path:
        return data_folder() / self.file
