"""The seconds for other programs."""

import csv
import importlib.util
import io
import json
from pathlib import Path

import pytest

from bot.history import Session
from bot.report.export import COLUMNS, EXPORTS, as_csv, as_json, as_parquet
from bot.report.stories import Chosen, chosen
from bot.report.story import tell
from lera.errors import LeraError
from model.emotions import EMOTIONS
from tests.bot.report.streams import EVENING, keep

FORMULA = '=HYPERLINK("http://evil.example","prize")'


@pytest.fixture
def found(tmp_path: Path) -> Chosen:
    path = tmp_path / "history.sqlite3"
    return chosen(path, keep(path, EVENING, 200.0, FORMULA, channel="@SUM(A1)"))


def test_csv_has_every_second_and_nothing_but_numbers(found: Chosen) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(found.story, found.rows).decode("ascii"))))
    assert len(lines) == len(found.rows)
    for line, row in zip(lines, found.rows, strict=True):
        assert tuple(line) == COLUMNS
        assert float(line["seconds"]) == pytest.approx(row.time - EVENING, abs=1e-3)
        assert int(line["viewers"]) == row.viewers and float(line["chat_part"]) == row.chat_part
        assert [line[emotion] for emotion in EMOTIONS] == [str(share) for share in row.shares or [""] * 7]
        assert line["time"].startswith("2025-11-21T16:")
    assert b"=" not in as_csv(found.story, found.rows) and b"@" not in as_csv(found.story, found.rows)


def test_json_has_the_story_and_its_seconds(found: Chosen) -> None:
    told = json.loads(as_json(found.story, found.rows))
    assert told["story"]["session"]["title"] == FORMULA
    assert told["story"]["shares"] == list(found.story.shares or ())
    assert list(told["seconds"]) == list(COLUMNS)
    assert told["seconds"]["happiness"] == [row.shares and row.shares[0] for row in found.rows]


def test_parquet_has_the_same(found: Chosen) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow
    from pyarrow import parquet

    table = parquet.read_table(pyarrow.BufferReader(as_parquet(found.story, found.rows)))
    assert table.column_names == list(COLUMNS)
    assert table["fear"].to_pylist() == [row.shares and row.shares[6] for row in found.rows]
    assert table["time"].to_pylist()[0].timestamp() == found.rows[0].time
    assert table.schema.metadata[b"title"].decode() == FORMULA


def test_without_pyarrow_one_line_says_so(found: Chosen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(LeraError, match="pyarrow"):
        as_parquet(found.story, found.rows)


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_stream_without_a_second_is_an_empty_table(kind: str) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    assert EXPORTS[kind](tell(Session(1, "nightfox", EVENING, None), []), [], [])
