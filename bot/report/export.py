"""A stream's seconds as CSV, JSON or Parquet, for other programs. The pages' numbers come from the same rows.

CSV has numbers alone in it: what others wrote (title, channel) could be a formula there.
"""

import csv
import importlib.util
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from bot.history import Row, StreamerSecond
from bot.report.following import nearest
from bot.report.story import Story
from lera.errors import LeraError
from model.emotions import EMOTIONS

OWN: Final = (
    *(f"streamer_{emotion}" for emotion in EMOTIONS), "streamer_face", "streamer_voice", "streamer_words",
    "resonance", "resonance_low", "resonance_high", "lag",
)  # fmt: skip
COLUMNS: Final = (
    "time", "seconds", "viewers", "faces", "chatters", "chat_part", *EMOTIONS, "valence", "arousal", *OWN,
)  # fmt: skip
"""`time` is UTC as ISO 8601, `seconds` counts into the stream; shares are empty where there were too few viewers.

`OWN` is the streamer's side: their own mood and the weights of face, voice and words, the resonance of 0..100 with its
interval, the lag in seconds; all empty where there was none.
"""


def as_csv(story: Story, rows: list[Row], own: Sequence[StreamerSecond] = ()) -> bytes:
    """One line for each second, under a line of names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_table(story, rows, own))
    return text.getvalue().encode()


def as_json(story: Story, rows: list[Row], own: Sequence[StreamerSecond] = ()) -> bytes:
    """The story (its units left out, which follow from the seconds), and the seconds, a list for each column."""
    told: dict[str, Any] = msgspec.to_builtins(story)
    del told["series"]
    if told["following"]:
        del told["following"]["series"]
    seconds = _columns(_table(story, rows, own))
    return msgspec.json.encode({"story": told, "emotions": EMOTIONS, "seconds": seconds})


def as_parquet(story: Story, rows: list[Row], own: Sequence[StreamerSecond] = ()) -> bytes:
    """The seconds as a table; channel, title and start are its metadata. Raises LeraError where pyarrow isn't there."""
    if not has_parquet():
        raise LeraError("Parquet needs pyarrow (`pip install pyarrow`); CSV and JSON need nothing.")
    import pyarrow
    from pyarrow import parquet

    whole, real = pyarrow.int32(), pyarrow.float64()
    kinds = {"time": pyarrow.timestamp("ms", "UTC"), **dict.fromkeys(("viewers", "faces", "chatters"), whole)}
    session = story.session
    schema = pyarrow.schema(
        [(name, kinds.get(name, real)) for name in COLUMNS],
        {"session": str(session.id), "channel": session.channel, "title": session.title, "started": _utc(story.begin)},
    )
    table = _table(story, rows, own)
    columns = _columns([[_time(row.time), *values[1:]] for row, values in zip(rows, table, strict=True)])
    arrays = [pyarrow.array(columns[field.name], field.type) for field in schema]
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), sink)
    return bytes(sink.getvalue().to_pybytes())


EXPORTS: Final[dict[str, Callable[[Story, list[Row], Sequence[StreamerSecond]], bytes]]] = {
    "csv": as_csv, "json": as_json, "parquet": as_parquet,
}  # fmt: skip


def has_parquet() -> bool:
    """Whether Parquet can be written here."""
    return importlib.util.find_spec("pyarrow") is not None


def _table(story: Story, rows: list[Row], own: Sequence[StreamerSecond]) -> list[list[Any]]:
    seconds = nearest(own, [row.time for row in rows])
    return [[*_values(story, row), *_own(each)] for row, each in zip(rows, seconds, strict=True)]


def _own(second: StreamerSecond | None) -> list[Any]:
    if second is None:
        return [None] * len(OWN)
    shares, parts = second.shares or (None,) * len(EMOTIONS), second.parts or (None,) * 3
    return [*shares, *parts, second.score, second.low, second.high, second.lag]


def _values(story: Story, row: Row) -> list[Any]:
    shares = row.shares or (None,) * len(EMOTIONS)
    into = round(row.time - story.begin, 3)
    return [
        _utc(row.time), into, row.viewers, row.faces, row.chatters, row.chat_part, *shares, row.valence, row.arousal,
    ]  # fmt: skip


def _columns(rows: list[list[Any]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}


def _time(time: float) -> datetime:
    return datetime.fromtimestamp(time, UTC)


def _utc(time: float) -> str:
    return _time(time).isoformat(timespec="milliseconds").replace("+00:00", "Z")
