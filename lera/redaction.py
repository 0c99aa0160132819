"""Nothing secret in a log: tokens, device codes and keys are cut out of every record before it is written."""

import logging
import re
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

MARK: Final = "[hidden]"

_NAMES: Final = (
    r"(?:access|refresh|id)_?token|token|client_?secret|secret|device[_-]?code|user[_-]?code|password|passwd|api_?key"
)
# `name=value` and `"name": "value"`, in addresses, JSON and Python's own notation. `the password: …` is a sentence, and
# so is a bare `code` outside of an address.
_NAMED: Final = re.compile(rf"(?i)(\b(?:{_NAMES})(?:['\"]\s*:\s*['\"]?|=['\"]?|%3D))[^\s'\",&;#)\]}}]+")
_IS_NAME: Final = re.compile(rf"(?i)(?:{_NAMES})")
_CODE: Final = re.compile(r"(?i)([?&#](?:code|key|state)=)[^\s'\"&#)\]}]+")
_SCHEME: Final = re.compile(r"(?i)\b((?:bearer|oauth)[ :]\s*)[A-Za-z0-9._~+/=-]{12,}")
# What Twitch's own tokens look like, wherever they stand: 30 or 50 small letters and digits.
_BARE: Final = re.compile(
    r"(?<![A-Za-z0-9-])(?=[a-z]*[0-9])(?=[0-9]*[a-z])(?:[a-z0-9]{50}|[a-z0-9]{30})(?![A-Za-z0-9-])"
)

_HIDDEN: Final[dict[str, None]] = {}
_MOST_HIDDEN: Final = 256
# The vault is read in threads of its own, and whatever is logged meanwhile is looked through here.
_LOCK: Final = threading.Lock()


def hide(secret: str) -> None:
    """Cut this very text out from now on, wherever it stands. Short ones would cut ordinary words, and are let be."""
    if len(secret) < 8:
        return
    with _LOCK:
        _HIDDEN.pop(secret, None)
        _HIDDEN[secret] = None
        while len(_HIDDEN) > _MOST_HIDDEN:
            del _HIDDEN[next(iter(_HIDDEN))]


def redacted(text: str) -> str:
    """The text without secrets."""
    with _LOCK:
        hidden = list(reversed(_HIDDEN))
    for secret in hidden:
        if secret in text:
            text = text.replace(secret, MARK)
    for pattern in (_SCHEME, _NAMED, _CODE):
        text = pattern.sub(rf"\1{MARK}", text)
    return _BARE.sub(MARK, text)


def names_secret(name: str) -> bool:
    """Whether what is kept under this name is a secret by its name alone, as `token` or `client_secret`."""
    return _IS_NAME.fullmatch(name) is not None


class Redaction(logging.Filter):
    """Lets every record through, without its secrets: message, traceback and stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        record.msg, record.args = redacted(message), None
        if record.exc_info and not record.exc_text:
            # A formatter writes this text when there is one, and never asks the exception again.
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redacted(record.exc_text)
        if record.stack_info:
            record.stack_info = redacted(record.stack_info)
        return True


def install() -> None:
    """Redact all that goes to the root's handlers, and what Python prints of an exception that nobody caught."""
    for handler in [*logging.getLogger().handlers, logging.lastResort]:
        if handler and not any(isinstance(known, Redaction) for known in handler.filters):
            handler.addFilter(Redaction())
    if not isinstance(sys.excepthook, _Hook):
        sys.excepthook = _Hook()


class _Hook:
    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text: Callable[..., str] = logging.Formatter().formatException
        print(redacted(text((kind, error, trace))), file=sys.stderr)
