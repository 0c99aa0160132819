"""Readings in over real sockets, moods out to the feed, the API and the history."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import pytest

from bot.commands import Asker
from bot.history import History
from lera.errors import LeraError
from tests.bot.stage import HAPPY, PATIENCE, SAD, theatre


async def test_readings_become_the_mood_on_the_feed_and_in_chat() -> None:
    async with theatre() as stage:
        for number in range(3):
            stage.join(number)
        stage.join(3, SAD)
        frame = await stage.until(lambda frame: frame["viewers"] == 4)
        assert frame["top"] == "happiness"
        assert frame["shares"]["happiness"] == pytest.approx((3 * 0.7 + 0.05) / 4, abs=1e-4)
        assert sum(frame["shares"].values()) == pytest.approx(1.0, abs=1e-3)
        low, high = frame["intervals"]["happiness"]
        assert low < frame["shares"]["happiness"] < high
        async with stage.session.get("/api/mood") as answer:
            assert await answer.json() == frame
        assert "Taking part: 4 viewers" in str(await stage.show.respond("!mood", Asker("me", "broadcaster")))


async def test_the_split_is_hidden_until_there_are_enough_and_again_when_one_leaves() -> None:
    async with theatre() as stage:
        for number in range(2):
            stage.join(number)
        frame = await stage.until(lambda frame: frame["viewers"] == 2)
        assert not frame["enough"]
        assert {frame[name] for name in ("shares", "intervals", "top", "valence", "arousal", "trend")} == {None}
        third = stage.join(2)
        await stage.until(lambda frame: frame["enough"])
        third.away("no_face")
        await stage.until(lambda frame: not frame["enough"])


async def test_nothing_new_is_a_beat_and_not_a_mood() -> None:
    async with theatre() as stage, stage.session.ws_connect("/live") as page:
        frames = [(await page.receive_json(timeout=PATIENCE))["type"] for _ in range(4)]
        assert frames == ["mood", "tiles", "beat", "beat"]


async def test_each_second_is_remembered_and_the_session_ends(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    async with theatre(history) as stage:
        for number in range(3):
            stage.join(number)
        async with asyncio.timeout(PATIENCE):
            while True:
                async with stage.session.get("/api/history?seconds=60") as answer:
                    rows = [row for row in (await answer.json())["rows"] if row["shares"] and row["viewers"] == 3]
                # A machine that is held up for a moment makes a second late, and the next one no later.
                if any(later["time"] - row["time"] == pytest.approx(1.0, abs=0.2) for row, later in pairwise(rows)):
                    break
                await asyncio.sleep(0.1)
        assert rows[-1]["shares"]["happiness"] == pytest.approx(0.7)
    assert history.sessions()[0].ended is not None
    history.close()


async def test_a_full_disk_stops_the_history_but_not_the_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_history: History, _seconds: object) -> None:
        raise LeraError("The disk is full; free some space.")

    history = History(tmp_path / "history.sqlite3")
    monkeypatch.setattr(History, "keep", full)
    async with theatre(history) as stage:
        for number in range(3):
            stage.join(number)
        async with asyncio.timeout(PATIENCE):
            while stage.show.history_fault is None:
                await stage.until(lambda _: True)
        await stage.until(lambda frame: frame["enough"])
        async with stage.session.get("/api/status") as answer:
            assert "disk is full" in (await answer.json())["history"]
    assert caplog.text.count("The show goes on") == 1
    history.close()


async def test_forgetting_a_viewer_takes_the_vote_at_once() -> None:
    async with theatre() as stage:
        clients = [stage.join(number) for number in range(3)]
        await stage.until(lambda frame: frame["viewers"] == 3)
        assert await clients[0].forget(PATIENCE)
        await stage.until(lambda frame: frame["viewers"] == 2)


async def test_lag_is_measured_from_capture_to_the_pages_socket() -> None:
    async with theatre(minimum_viewers=1) as stage, stage.session.ws_connect("/live"):
        client, lags = stage.join(1), stage.show.lag.seconds
        await stage.until(lambda frame: frame["viewers"] == 1)
        async with asyncio.timeout(PATIENCE):
            # Of a machine that is held up for a moment, one may be longer.
            while not any(lag < 2.0 for lag in lags):
                for feeling, top in ((SAD, "sadness"), (HAPPY, "happiness")):
                    client.post(feeling, captured=time.time() - 0.5)
                    await stage.until(lambda frame, top=top: frame["top"] == top)  # type: ignore[misc]
        assert min(lags) >= 0.5
