"""Logs: what all programs write to standard error, for people or, one JSON object a line, for machines; `[log]`.

Secrets are cut out of both (`lera/redaction.py`). What a program says to the person in front of it is no log.
"""

import functools
import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

from msgspec import Struct

from lera import redaction

Format = Literal["text", "json"]
Level = Literal["info", "warning", "error"]


class LogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[log]` of config.toml. There is no debug level: what libraries tell there is what people wrote in chat."""

    format: Format = "text"
    level: Level = "info"


def set_up(settings: LogSettings = LogSettings()) -> None:  # noqa: B008 (it is frozen)
    """Write the records of all loggers to standard error from now on. Each program calls this once.

    Where something else has set logging up already, as tests do, that stays.
    """
    handler = _StandardError()
    handler.setFormatter(JsonFormatter() if settings.format == "json" else TextFormatter())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler])
    redaction.install()


def speaker(logger: logging.Logger) -> Callable[[str], None]:
    """What says a line to the person in front of a program: prints it; where logs are JSON, nobody is there, and it is
    a record like any other, without its secrets."""
    if as_json():
        return lambda line: logger.info("%s", line)
    return functools.partial(print, flush=True)


def tell_end(error: object) -> None:
    """Say in one line why this program ends: what happened, and what to do. Nothing in it moves a terminal's cursor."""
    if as_json():
        logging.getLogger("lera").error("%s", error)
    else:
        print(_in_one_line(f"LERA: {redaction.redacted(str(error))}"), file=sys.stderr)


def as_json() -> bool:
    """Whether logs are for machines."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers)


class TextFormatter(logging.Formatter):
    """`20:15:07 what happened`, and structured fields behind it as `name=value`.

    A record is one line, whatever strangers put into it; a traceback follows on lines of its own.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """The line without its traceback."""
        told = "".join(f" {name}={value}" for name, value in fields_of(record).items())
        return _in_one_line(super().formatMessage(record) + told)


class JsonFormatter(logging.Formatter):
    """One JSON object (RFC 8259) a line.

    `time` (RFC 3339, UTC, milliseconds), `level`, `logger`, `message`, the structured fields, and `error`, a traceback,
    where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redaction.redacted(record.getMessage()),
        }
        for name, value in fields_of(record).items():
            # What is always there can't be overwritten.
            told.setdefault(name, value)
        if record.exc_info and not record.exc_text:
            record.exc_text = redaction.redacted(self.formatException(record.exc_info))
        if record.exc_text:
            told["error"] = record.exc_text
        return json.dumps(told, ensure_ascii=False, allow_nan=False)


def fields_of(record: logging.LogRecord) -> dict[str, str | int | float | bool | None]:
    """The structured fields, given as `extra=` of a log call, without secrets."""
    return {
        name: _plain(name, value)
        for name, value in vars(record).items()
        if name not in _OWN and not name.startswith("_")
    }


def _plain(name: str, value: object) -> str | int | float | bool | None:
    if redaction.names_secret(name):
        return redaction.MARK
    # JSON has no word for a number that is none, or has no end.
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and abs(value) < float("inf")):
        return value
    return redaction.redacted(str(value))


_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: " ", 0x2029: " "}


def _in_one_line(text: str) -> str:
    return text.translate(_CONTROLS)


class _StandardError(logging.StreamHandler[TextIO]):
    """Standard error as it is when something is written: programs and tests may put another in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr
