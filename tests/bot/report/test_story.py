"""Every number of a story is what a naive reading of the database gives."""

import math
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.crowd import Mood, Part, wilson_interval
from bot.history import History
from bot.report.reader import Averages, reading
from bot.report.series import UNITS
from bot.report.stories import chosen
from bot.report.story import FEWEST_STREAMS, before, usual_of
from model.emotions import EMOTIONS
from transport.reading import Probabilities

BEGIN = 1_795_000_000.0


@st.composite
def seven(draw: st.DrawFn) -> Probabilities:
    parts = draw(st.lists(st.floats(0.001, 1.0), min_size=7, max_size=7))
    a, b, c, d, e, f, g = (part / sum(parts) for part in parts)
    return (a, b, c, d, e, f, g)


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Mood], float | None]:
    """Seconds of a stream, some far apart, some without shares; and when it ended after the last, if it did."""
    steps = draw(st.lists(st.sampled_from([1.0, 1.0, 1.0, 1.01, 2.0, 6.0, 6.5, 45.0, 700.0, 4000.0]), max_size=60))
    time, moods = BEGIN + draw(st.sampled_from([0.4, 3.0, 20.0, 900.0])), []
    for step in steps:
        faces, chatters = draw(st.integers(0, 40)), draw(st.integers(0, 40))
        shares = draw(st.none() | seven())
        part = draw(st.sampled_from([0.0, 0.25, 0.9, 1.0]))
        moods.append(Mood(time, max(1, faces + chatters), 3, shares, faces=Part(faces), chat=Part(chatters, part)))
        time += step
    return moods, draw(st.none() | st.sampled_from([0.0, 3.0, 60.0, 3000.0]))


def kept(path: Path, moods: list[Mood], ended: float | None) -> int:
    history = History(path)
    session = history.begin("nightfox", BEGIN, "A stream")
    for mood in moods:
        history.add(session, mood)
    if ended is not None:
        history.end(session, (moods[-1].time if moods else BEGIN) + ended)
    history.close()
    return session


def naive(path: Path, session: int) -> tuple[tuple[float, float | None], list[dict[str, Any]]]:
    """The database as it is: the session's start and end, and its rows."""
    database = sqlite3.connect(path)
    database.row_factory = sqlite3.Row
    started, ended = database.execute("SELECT started, ended FROM session WHERE id = ?", (session,)).fetchone()
    rows = [dict(row) for row in database.execute("SELECT * FROM mood WHERE session = ? ORDER BY time", (session,))]
    database.close()
    return (started, ended), rows


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def votes(row: dict[str, Any]) -> float:
    if 0 < row["chat_part"] < 1 and row["faces"]:
        return float(min(row["viewers"], row["faces"] / (1 - row["chat_part"])))
    return float(row["viewers"])


@settings(max_examples=80, deadline=None)
@given(streams())
def test_every_number_is_the_databases(stream: tuple[list[Mood], float | None]) -> None:
    moods, ended = stream
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        session = kept(path, moods, ended)
        story = chosen(path, session).story
        (started, end), rows = naive(path, session)
    shown = [row for row in rows if row["happiness"] is not None]
    last = rows[-1]["time"] if rows else started

    assert story.begin == started
    assert story.duration == max(last, started if end is None else end) - started
    assert story.running is (end is None)
    assert (story.kept, story.counted) == (len(rows), len(shown))
    assert story.viewers == pytest.approx(mean([row["viewers"] for row in rows]) if rows else 0)
    assert story.most == max((row["viewers"] for row in rows), default=0)
    assert story.chat_part == pytest.approx(mean([row["chat_part"] for row in shown]) if shown else 0)
    if not shown:
        assert story.shares is None and story.intervals is None and not story.peaks and not story.moments
        return
    assert story.shares == pytest.approx([mean([row[emotion] for row in shown]) for emotion in EMOTIONS])
    worth = mean([votes(row) for row in shown])
    assert story.shares is not None and story.intervals is not None
    for share, interval in zip(story.shares, story.intervals, strict=True):
        assert interval == pytest.approx(wilson_interval(share, worth))
    for peak in story.peaks:
        highest = max(row[peak.emotion] for row in shown)
        (first, *_) = [row for row in shown if row[peak.emotion] == highest]
        assert (peak.share, peak.into, peak.viewers) == (highest, first["time"] - started, first["viewers"])
        assert peak.interval == pytest.approx(wilson_interval(highest, votes(first)))
    assert [peak.emotion for peak in story.peaks] == list(EMOTIONS)


@settings(max_examples=60, deadline=None)
@given(streams())
def test_every_unit_is_the_mean_of_its_seconds(stream: tuple[list[Mood], float | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        session = kept(path, *stream)
        story = chosen(path, session).story
        (started, _), rows = naive(path, session)
    for unit in UNITS:
        expected: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            expected.setdefault(math.floor((row["time"] - started) / unit), []).append(row)
        series = story.series[unit]
        assert [bucket.begin for bucket in series] == [place * unit for place in sorted(expected)]
        for bucket, (_, inside) in zip(series, sorted(expected.items()), strict=True):
            shown = [row for row in inside if row["happiness"] is not None]
            assert (bucket.kept, bucket.counted) == (len(inside), len(shown))
            assert bucket.viewers == pytest.approx(mean([row["viewers"] for row in inside]))
            assert bucket.most == max(row["viewers"] for row in inside)
            if not shown:
                assert bucket.shares is None and bucket.intervals is None
                continue
            assert bucket.shares == pytest.approx([mean([row[emotion] for row in shown]) for emotion in EMOTIONS])
            assert bucket.shares is not None and bucket.intervals is not None
            for share, interval in zip(bucket.shares, bucket.intervals, strict=True):
                assert interval == pytest.approx(wilson_interval(share, mean([votes(row) for row in shown])))


@settings(max_examples=80, deadline=None)
@given(streams())
def test_gaps_are_all_that_has_no_shares_for_more_than_five_seconds(stream: tuple[list[Mood], float | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        session = kept(path, *stream)
        story = chosen(path, session).story
        (started, _), rows = naive(path, session)
    shown = [row["time"] - started for row in rows if row["happiness"] is not None]
    few = [row["time"] - started for row in rows if row["happiness"] is None]
    # A second with shares reaches back to the second before it.
    expected = []
    before_it = 0.0
    for time in [*shown, story.duration + 1.0]:
        if time - before_it > 6.0:
            reason = "few" if any(before_it <= other < time for other in few) else "away"
            expected.append((before_it, time - 1.0, reason))
        before_it = time
    assert [(gap.begin, gap.end, gap.reason) for gap in story.gaps] == expected


def test_the_usual_is_the_mean_of_the_streams_before(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    for number, happiness in enumerate([0.2, 0.3, 0.4, 0.9]):
        begin = BEGIN + number * 10_000
        session = history.begin("nightfox", begin)
        rest = (1 - happiness) / 6
        for second in range(700):
            shares = (happiness, rest, rest, rest, rest, rest, rest)
            history.add(session, Mood(begin + second, 10 + number, 3, shares, faces=Part(10 + number)))
        history.end(session, begin + 700)
    other = history.begin("somebody", BEGIN + 15_000)
    history.end(other, BEGIN + 15_001)
    history.close()

    story = chosen(path, 4).story
    assert story.usual is not None and story.usual.streams == FEWEST_STREAMS == story.earlier
    assert story.usual.shares[0] == pytest.approx(0.3)
    assert story.usual.ranges[0] == pytest.approx((0.2, 0.4))
    assert story.usual.viewers == pytest.approx(11)
    assert chosen(path, 3).story.usual is None and chosen(path, 3).story.earlier == 2
    assert chosen(path).session.id == 4, "the newest that has any numbers"


def test_another_channel_and_a_short_test_are_not_compared_with(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    history = History(path)
    mine = [history.begin("nightfox", BEGIN + day) for day in (0, 100, 200)]
    history.begin("somebody", BEGIN + 50)
    history.add(mine[0], Mood(BEGIN + 1, 9, 3, (1.0, 0, 0, 0, 0, 0, 0), faces=Part(9)))
    history.close()
    with reading(path) as reader:
        sessions = reader.sessions()
    newest = next(session for session in sessions if session.id == mine[2])
    assert [session.id for session in before(newest, sessions)] == [mine[1], mine[0]]
    assert chosen(path, mine[2]).story.earlier == 0


def test_streams_count_the_same_however_long_they_were() -> None:
    short = Averages(1, 600, 600, 4.0, 9, (1.0, 0, 0, 0, 0, 0, 0))
    long = Averages(2, 28_800, 28_800, 8.0, 9, (0.0, 0, 1.0, 0, 0, 0, 0))
    usual = usual_of([short, long])
    assert usual.shares[0] == usual.shares[2] == 0.5 and usual.viewers == 6.0
