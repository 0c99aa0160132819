"""The channel's usual, out of a real history."""

from pathlib import Path

import pytest

from analysis.usual import earlier
from bot.history import History, Side, StreamerSecond
from bot.report.reader import reading
from bot.report.story import LONG_ENOUGH
from lera.errors import LeraError
from model.emotions import EMOTIONS
from tests.analysis.seeing import leading
from transport.reading import Probabilities


def keep(path: Path, number: int, emotion: str, seconds: int, channel: str = "nightfox") -> None:
    """A stream with the streamer's own mood, and some seconds without."""
    history = History(path)
    begin = 1_700_000_000.0 + 86_400 * number
    session = history.begin(channel, begin)
    a, b, c, d, e, f, g = leading(emotion).tolist()
    seven: Probabilities = (a, b, c, d, e, f, g)
    told = [StreamerSecond(begin + s, seven, (0.5, 0.5, 0.0)) for s in range(seconds)]
    told += [StreamerSecond(begin + seconds + s) for s in range(50)]
    history.keep((session, Side(second)) for second in told)
    history.end(session, begin + seconds)
    history.close()


def test_no_history_and_no_streams_are_nothing_to_compare_with(tmp_path: Path) -> None:
    assert earlier(tmp_path / "none.sqlite3", "nightfox").usual is None
    History(tmp_path / "h.sqlite3").close()
    assert earlier(tmp_path / "h.sqlite3", "nightfox").streams == 0
    (tmp_path / "broken.sqlite3").write_bytes(b"no database" * 99)
    with pytest.raises(LeraError, match="can't be read"):
        earlier(tmp_path / "broken.sqlite3", "nightfox")


def test_the_usual_is_the_mean_of_this_channels_long_streams(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    keep(path, 1, "happiness", LONG_ENOUGH)
    keep(path, 2, "happiness", 3 * LONG_ENOUGH)
    keep(path, 3, "sadness", LONG_ENOUGH - 1)
    keep(path, 4, "fear", LONG_ENOUGH, "somebody else")
    few = earlier(path, "nightfox")
    assert (few.streams, few.usual) == (2, None)
    keep(path, 5, "sadness", LONG_ENOUGH)
    usual = earlier(path, "nightfox").usual
    assert usual is not None and (usual.streams, usual.channel) == (3, "nightfox")
    assert usual.shares == pytest.approx((2 * leading("happiness") + leading("sadness")) / 3), "each stream the same"
    assert usual.parts == pytest.approx({"face": 0.5, "voice": 0.5}) and len(usual.shares) == len(EMOTIONS)


def test_what_the_bot_writes_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    history = History(path)
    session = history.begin("nightfox", 1_700_000_000.0)
    a, b, c, d, e, f, g = leading("anger").tolist()
    history.add_stage(session, StreamerSecond(1_700_000_001.0, (a, b, c, d, e, f, g), (0.2, 0.3, 0.5)), [])
    history.add_stage(session, StreamerSecond(1_700_000_002.0), [])
    history.close()
    with reading(path) as reader:
        (found,) = reader.stage_averages([session, 99])
    assert found.counted == 1 and found.parts == pytest.approx((0.2, 0.3, 0.5))
    assert found.shares == pytest.approx(leading("anger"))
