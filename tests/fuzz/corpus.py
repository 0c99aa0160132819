"""What once broke a decoder, or might: JSON files, one for each target, that the tests replay before anything else.

Bytes are kept as `{"bytes": …}` in Latin-1, and a piece that is there many times as `{"again": [piece, times]}`.
`strings.json` goes to every target that takes text or bytes (`Target.with_text`).
"""

import json
from pathlib import Path
from typing import Any, Final

CORPUS: Final = Path(__file__).with_name("corpus")


def to_plain(value: Any) -> Any:
    """As JSON holds it."""
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: to_plain(each) for key, each in value.items()}
    return value


def from_plain(value: Any) -> Any:
    """As the target takes it. Dictionaries of one key `bytes`, `again` or `joined` are ours."""
    if isinstance(value, list):
        return [from_plain(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            return from_plain(value["bytes"]).encode("latin-1")
        if value.keys() == {"again"}:
            piece, times = value["again"]
            return piece * times
        if value.keys() == {"joined"}:
            return "".join(from_plain(each) for each in value["joined"])
        return {key: from_plain(each) for key, each in value.items()}
    return value


def read(name: str) -> list[Any]:
    """The saved inputs of a target, none where it has no file."""
    path = CORPUS / f"{name}.json"
    return [from_plain(each) for each in json.loads(path.read_text("utf-8"))] if path.exists() else []


def add(name: str, value: Any) -> None:
    """Save an input beside the others."""
    path = CORPUS / f"{name}.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else []
    plain = to_plain(value)
    if plain not in kept:
        lines = ",\n".join(json.dumps(each) for each in [*kept, plain])
        path.write_text(f"[\n{lines}\n]\n", "utf-8")
