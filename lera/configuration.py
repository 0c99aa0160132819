"""config.toml: found, read, and checked section by section, with errors that name the line and the mend."""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec

from lera.errors import LeraError

T = TypeVar("T", bound=msgspec.Struct)

TABLES: Final = frozenset({
    "channel", "crowd", "hub", "web", "virtual_camera", "chat", "commands", "streamer", "history", "sheet", "privacy",
    "tiles", "twitch", "obs", "log", "reaction", "viewer", "model", "streamer_agent",
})  # fmt: skip
"""All that a config.toml may have: bot, hubs and agents share the file."""

_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_AT = re.compile(r"`\$\.(?P<key>\w+)")


class Configuration:
    """A parsed config.toml; `section` turns its tables into typed settings."""

    def __init__(self, text: str, name: str = "config.toml") -> None:
        """Raises LeraError for text that is not TOML, and for tables that nobody reads: one may be misspelt."""
        self.name = name
        self._lines = text.splitlines()
        try:
            self._document: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise LeraError(f"{name} is not valid TOML: {error}. Mend that line and start again.") from None
        except (ValueError, RecursionError) as error:
            # A number of thousands of digits, or brackets in brackets without end.
            raise LeraError(f"{name} has a value that nobody can read ({error}): mend it and start again.") from None
        for table in self._document:
            if table not in TABLES:
                raise LeraError(f"{self._place(table)} there is no [{table}] table;{_meant(table, TABLES)}.")
        # No file, host or name has one; Python's own calls say so with an error that is none of the system's.
        for table, key in _with_nul(self._document):
            raise self.fault(table, key, "has a zero character (\\u0000), which nothing may have")

    def section(self, name: str, kind: type[T]) -> T:
        """The table `[name]` as a `kind`; missing keys take their defaults. Raises LeraError."""
        try:
            return msgspec.convert(self._document.get(name, {}), kind)
        except msgspec.ValidationError as error:
            raise LeraError(self._explain(name, kind, str(error))) from None

    def fault(self, table: str, key: str, complaint: str, nth: int = 1) -> LeraError:
        """The error for a setting that is wrong though its type is right. `key` may be one within, as `texts.help`.

        Of several tables of one name it is the nth.
        """
        outer, _, inner = key.partition(".")
        places = [self._place(f"{table}.{outer}", inner)] if inner else []
        places += [self._place(table, key, nth), self._place(table, outer, nth), self._place(f"{table}.{outer}")]
        place = next((each for each in places if each != f"{self.name}:"), f"{self.name}:")
        return LeraError(f"{place} [{table}] {key} {complaint}. Change it there.")

    def tables(self, name: str, kind: type[T]) -> list[tuple[str, T]]:
        """Each `[[name]]` table as a `kind`, with its place as errors name it. Raises LeraError."""
        found = self._document.get(name, [])
        if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
            raise LeraError(f"{self._place(name)} {name} must be [[{name}]] tables, each with a header of its own.")
        tables = []
        for number, table in enumerate(found, 1):
            try:
                tables.append((self._place(name, nth=number), msgspec.convert(table, kind)))
            except msgspec.ValidationError as error:
                raise LeraError(self._explain(name, kind, str(error), number)) from None
        return tables

    def _explain(self, section: str, kind: type[T], message: str, nth: int = 1) -> str:
        fields = {field.name for field in msgspec.structs.fields(kind)}
        unknown = _UNKNOWN.search(message)
        if unknown:
            key = unknown["key"]
            return f"{self._place(section, key, nth)} [{section}] has no setting `{key}`;{_meant(key, fields)}."
        at = _AT.search(message)
        key = at["key"] if at else ""
        if not key:
            return f"{self._place(section, nth=nth)} [{section}] must be a table of settings. Change it there."
        complaint = message.split(" - at ")[0].replace("Expected", "must be").replace("`", "").replace(" | null", "")
        if "matching regex" in complaint:
            complaint = "can't be written like that: see the comment beside it in LERA's own config.toml"
        words = get_args(get_type_hints(kind).get(key))
        if complaint.startswith("Invalid enum value ") and words and all(isinstance(word, str) for word in words):
            complaint = f"must be one of {', '.join(words)}, not {complaint.removeprefix('Invalid enum value ')}"
        return str(self.fault(section, key, f"{complaint[0].lower()}{complaint[1:]}", nth))

    def _place(self, section: str, key: str = "", nth: int = 1) -> str:
        """Where a table, or a key in it, stands; of several tables of one name, the nth."""
        inside = False
        seen = 0
        for number, line in enumerate(self._lines, 1):
            header = re.match(r"\s*\[+\s*([^\]\s]+)\s*\]+", line)
            if header:
                named = header[1].strip("\"'") == section
                seen += named
                inside = named and seen == nth
            found = inside and bool(header) if not key else inside and _sets(line, key)
            if found or (not key and _sets(line, section)):
                return f"{self.name} line {number}:"
        return f"{self.name}:"


def _with_nul(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Table and key of each text that has a zero character in it."""
    for table, settings in document.items():
        for key, value in settings.items() if isinstance(settings, dict) else ():
            if isinstance(value, str) and "\0" in value:
                yield table, key


def _sets(line: str, key: str) -> bool:
    return re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line) is not None


def _meant(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    if close:
        return f" did you mean `{close[0]}`?"
    return " known are " + ", ".join(sorted(known))


def configuration_path() -> Path:
    """The config.toml that is read when none is named: in this folder, else the one that came with LERA."""
    here = Path("config.toml")
    beside = Path(__file__).parent.parent / "config.toml"
    packaged = Path(__file__).parent / "config.toml"
    return next((path for path in (here, beside) if path.is_file()), packaged)


def read_configuration(path: Path | None = None) -> Configuration:
    """Read a config.toml. Raises LeraError when it can't be read."""
    chosen = path or configuration_path()
    try:
        # Windows editors put a mark in front, which is no part of the text.
        text = chosen.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise LeraError(f"{chosen} is not UTF-8: open it in your editor, and save it again as UTF-8.") from None
    except OSError as error:
        raise LeraError(f"Can't read {chosen}: {error}. Name a config.toml with --config.") from None
    return Configuration(text, chosen.name)
