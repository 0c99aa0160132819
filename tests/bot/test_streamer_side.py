"""The streamer's side of a real bot: absent, half there, dying in mid-show, hidden; the show goes on the same."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bench.resonance import followers
from bot.asking import Asker
from bot.crowd import Mood, Part, seven
from bot.history import History, StreamerSecond
from bot.report.reader import reading
from bot.settings import StreamerSettings
from bot.streamer_side import StreamerSide
from lera.errors import LeraError
from model.emotions import EMOTIONS
from tests.bot.stage import HAPPY, OVERLAY_KEY, PATIENCE, SAD, STREAMER_KEY, Theatre, eventually, theatre, with_key
from tests.conftest import ROOT
from transport.reading import Reading
from transport.stage import STAGE_PATH, GoneReason, Modality, StageClient, parse_stage_address

MODERATOR = Asker("mod", "broadcaster", id="9")


class Agent(StageClient):
    """One whose camera and microphone run: what they have told holds for seconds, and they tell it again and again."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, key)
        self._felt: dict[Modality, tuple[Sequence[float], float]] = {}

    def post(
        self, modality: Modality, probabilities: Sequence[float], quality: float = 1.0, captured: float = 0.0
    ) -> None:
        self._felt[modality] = probabilities, quality
        super().post(modality, probabilities, quality, captured)

    def away(self, modality: Modality, reason: GoneReason) -> None:
        self._felt.pop(modality, None)
        super().away(modality, reason)

    async def go_on(self) -> None:
        while True:
            await asyncio.sleep(self.interval)
            for modality, (probabilities, quality) in self._felt.items():
                super().post(modality, probabilities, quality)


@asynccontextmanager
async def agent(stage: Theatre, key: str = STREAMER_KEY) -> AsyncIterator[Agent]:
    """The streamer's agent, connected by the dashboard's address as a streamer copies it."""
    client = Agent(*parse_stage_address(f"{stage.address}/dashboard/#key={key}"))
    task, going_on = asyncio.create_task(client.run()), asyncio.create_task(client.go_on())
    try:
        yield client
    finally:
        going_on.cancel()
        await client.close()
        with contextlib.suppress(LeraError):
            await task


async def mood_of(stage: Theatre, key: str = STREAMER_KEY) -> dict[str, Any]:
    async with stage.session.get("/api/mood", headers=with_key(key)) as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def until_told(stage: Theatre, key: str) -> None:
    """Wait until who has this key is told of the streamer: of a machine that stands still, what they said runs out."""
    async with asyncio.timeout(PATIENCE):
        while (await mood_of(stage, key))["streamer"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def health_of(stage: Theatre) -> dict[str, Any]:
    async with stage.session.get("/api/health") as answer:
        found = {each["name"]: each for each in (await answer.json())["connections"]}
        return found["streamer"]  # type: ignore[no-any-return]


async def asked(stage: Theatre, text: str) -> str:
    return await stage.show.respond(text, MODERATOR) or ""


async def test_without_an_agent_everything_is_as_it_was() -> None:
    async with theatre() as stage:
        for number in range(3):
            stage.join(number)
        frame = await stage.until(lambda frame: frame["enough"])
        assert frame["top"] == "happiness"
        assert [frame[name] for name in ("streamer", "resonance", "disagreement")] == [None, None, None]
        assert "happy" in await asked(stage, "!mood")
        assert "nobody reads the streamer" in await asked(stage, "!mood resonance")
        assert (await health_of(stage))["state"] == "off"
        assert stage.show.streamer_side.kept(stage.show.now()) == (None, [])


async def test_what_the_agent_reads_is_on_the_feed_and_in_the_api() -> None:
    async with theatre() as stage, agent(stage) as client:
        client.post("face", HAPPY, 0.9)
        client.post("voice", HAPPY, 0.9)
        frame = await stage.until(lambda frame: frame["streamer"] is not None and len(frame["streamer"]["parts"]) == 2)
        assert frame["streamer"]["top"] == "happiness" and set(frame["streamer"]["shares"]) == set(EMOTIONS)
        assert frame["streamer"]["parts"]["face"] + frame["streamer"]["parts"]["voice"] == pytest.approx(1.0, abs=0.02)
        assert frame["resonance"]["state"] == "not_enough" and frame["resonance"]["score"] is None
        await until_told(stage, OVERLAY_KEY)
        assert (await health_of(stage))["state"] == "good"
        assert "not enough" in await asked(stage, "!mood resonance")


async def test_half_of_it_is_enough_and_none_of_it_no_fault() -> None:
    async with theatre() as stage, agent(stage) as client:
        await eventually(lambda: stage.show.streamer_side.present)
        assert (await health_of(stage))["state"] == "waiting"
        client.away("face", "no_camera")
        client.post("words", SAD, 0.9)
        frame = await stage.until(lambda frame: frame["streamer"] is not None)
        assert frame["streamer"]["parts"] == {"words": 1.0} and frame["streamer"]["top"] == "sadness"
        client.away("words", "no_words")
        await stage.until(lambda frame: frame["streamer"] is None and frame["resonance"] is not None)


AGENT = """
import asyncio, sys
from transport.stage import StageClient
async def main():
    client = StageClient(*sys.argv[1:])
    running = asyncio.create_task(client.run())
    while True:
        client.post("face", [0.7] + [0.05] * 6, 0.9)
        await asyncio.sleep(0.1)
asyncio.run(main())
"""


async def test_an_agent_that_is_killed_in_mid_show_leaves_a_show_that_goes_on() -> None:
    async with theatre() as stage:
        viewers = [stage.join(number) for number in range(3)]
        address = parse_stage_address(f"{stage.address}/dashboard/#key={STREAMER_KEY}")
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", AGENT, *address, cwd=ROOT)
        try:
            await stage.until(lambda frame: frame["streamer"] is not None and frame["enough"])
        finally:
            process.kill()
            await process.wait()
        frame = await stage.until(lambda frame: frame["streamer"] is None)
        assert frame["enough"] and frame["top"] == "happiness" and frame["resonance"]["state"] == "not_enough"
        for viewer in viewers:
            viewer.post(SAD)
        assert (await stage.until(lambda frame: frame["top"] == "sadness"))["viewers"] == 3
        assert "sad" in await asked(stage, "!mood")
        assert "nobody reads" in await asked(stage, "!mood resonance")
        assert "has gone" in (await health_of(stage))["line"]
        # And the next one takes up where it was.
        async with agent(stage) as client:
            client.post("face", SAD)
            assert (await stage.until(lambda frame: frame["streamer"] is not None))["streamer"]["top"] == "sadness"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't stop a process and let it lie")
async def test_an_agent_that_hangs_is_no_mood_that_stays() -> None:
    async with theatre() as stage:
        address = parse_stage_address(f"{stage.address}/dashboard/#key={STREAMER_KEY}")
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", AGENT, *address, cwd=ROOT)
        try:
            await stage.until(lambda frame: frame["streamer"] is not None)
            process.send_signal(signal.SIGSTOP)
            await stage.until(lambda frame: frame["streamer"] is None)
            assert stage.show.streamer_side.present, "it is connected still, and what it said has run out"
        finally:
            process.kill()
            await process.wait()


async def test_a_show_that_rests_drops_the_streamer_too() -> None:
    async with theatre() as stage, agent(stage) as client:
        client.post("face", HAPPY)
        await stage.until(lambda frame: frame["streamer"] is not None)
        stage.show.pause(True)
        await stage.until(lambda frame: frame["paused"] and frame["streamer"] is None)
        client.post("face", SAD)
        client.post("voice", SAD)
        counted = stage.show.stage_host.counts["readings"]
        await eventually(lambda: stage.show.stage_host.counts["readings"] >= counted + 2)
        assert stage.show.streamer_side.streamer.fused(stage.show.now()) is None
        assert stage.show.streamer_side.kept(stage.show.now()) == (None, [])
        assert "rests" in await asked(stage, "!mood resonance")
        stage.show.pause(False)
        client.post("face", SAD)
        assert (await stage.until(lambda frame: frame["streamer"] is not None))["streamer"]["top"] == "sadness"


@pytest.mark.parametrize("key", [OVERLAY_KEY, "wrong", "secret"])
async def test_only_the_streamers_key_opens_the_stage(key: str) -> None:
    async with theatre() as stage, aiohttp.ClientSession() as session:
        with pytest.raises(LeraError):
            await StageClient(*parse_stage_address(f"{stage.address}/#key={key}")).run()
        # The dashboard's cookie opens it no more than the overlay's key does.
        async with session.post(f"{stage.address}/api/session", json={"key": STREAMER_KEY}) as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{stage.address}{STAGE_PATH}")
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"X-Forwarded-For": "1.2.3.4"}):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{stage.address}{STAGE_PATH}", headers={**with_key(STREAMER_KEY), **headers})
        assert not stage.show.streamer_side.present


async def test_the_public_port_has_no_stage() -> None:
    from bot.web import Pages

    async with theatre() as stage:
        routes = {
            route.resource.canonical
            for route in Pages(stage.show, stage.address).public_application().router.routes()
            if route.resource
        }
        assert STAGE_PATH not in routes and "/healthz" in routes


async def test_a_renewed_key_ends_the_agent_that_came_with_the_old_one() -> None:
    async with theatre() as stage:
        client = StageClient(*parse_stage_address(f"{stage.address}/#key={STREAMER_KEY}"))
        running = asyncio.create_task(client.run())
        await eventually(lambda: stage.show.streamer_side.present)
        async with stage.session.post("/api/keys", json={"renew": "streamer"}) as answer:
            assert answer.status == 200
        with pytest.raises(LeraError, match="doesn't know that key"):
            async with asyncio.timeout(PATIENCE):
                await running


async def test_a_streamer_who_does_not_want_to_be_shown_is_seen_by_the_dashboard_alone(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    async with theatre(history, streamer=StreamerSettings(show=False)) as stage, agent(stage) as client:
        client.post("face", HAPPY)
        frame = await stage.until(lambda frame: frame["streamer"] is not None)
        assert frame["streamer"]["top"] == "happiness", "the streamer's key sees it"
        async with stage.session.ws_connect("/live", headers=with_key(OVERLAY_KEY)) as page:
            public = await page.receive_json()
        assert public["streamer"] is None and public["resonance"] is not None
        # The dashboard's browser shows an overlay, too.
        async with stage.session.ws_connect("/live?as=overlay", headers=with_key(STREAMER_KEY)) as page:
            assert (await page.receive_json())["streamer"] is None
        assert (await mood_of(stage, OVERLAY_KEY))["streamer"] is None
        await until_told(stage, STREAMER_KEY)
        second, _ = stage.show.streamer_side.kept(stage.show.now())
        assert second is not None and second.shares is None and second.parts is None
    history.close()


async def test_the_history_keeps_each_second_of_it_while_an_agent_is_there(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    async with theatre(history) as stage:
        async with agent(stage) as client:
            client.post("face", HAPPY, 0.9)
            client.post("voice", HAPPY, 0.9)
            # A first second may have come between the two, or hold neither.
            await eventually(lambda: len(whole(rows(tmp_path, stage))) >= 2)
        session = stage.show.session
    history.close()
    with reading(tmp_path / "history.sqlite3") as reader:
        for shares, parts in whole(reader.streamer_seconds(session)):
            assert shares[0] == max(shares) and parts[2] == 0
        assert reader.disputes(session) == []


def whole(seconds: list[StreamerSecond]) -> list[tuple[Sequence[float], Sequence[float]]]:
    """Shares and parts of those that face and voice have both told of."""
    told = [(each.shares, each.parts) for each in seconds if each.shares is not None and each.parts is not None]
    return [(shares, parts) for shares, parts in told if parts[0] > 0 and parts[1] > 0]


def rows(folder: Path, stage: Theatre) -> list[StreamerSecond]:
    with reading(folder / "history.sqlite3") as reader:
        return reader.streamer_seconds(stage.show.session)


def feed(side: StreamerSide, seconds: int, lag: float, coupling: float = 0.9) -> float:
    """Let a crowd follow for so long; returns the last second."""
    streamer, crowd = followers(11, seconds, lag, coupling)
    side.attend(True)
    for second in range(seconds):
        now = float(second)
        side.sense(Reading("", "streamer_face", now, seven(streamer[second].tolist()), 0.9))
        side.look(
            now, Mood(now, 9, 3, seven(crowd[second].tolist()), faces=Part(9, 1.0, seven(crowd[second].tolist())))
        )
    return seconds - 1.0


async def test_what_a_crowd_that_follows_becomes_on_pages_in_chat_and_in_the_history() -> None:
    async with theatre(now=lambda: 299.0) as stage:
        side = stage.show.streamer_side
        now = feed(side, 300, 6.0)
        frame, private = side.frames(now)
        assert private is None
        resonance = frame["resonance"]
        assert resonance["state"] == "ok" and resonance["significant"] is True
        assert 0 < resonance["low"] < resonance["score"] < resonance["high"] <= 100
        assert abs(resonance["lag"] - 6.0) <= 0.5 and resonance["lag_low"] <= resonance["lag"] <= resonance["lag_high"]
        assert set(resonance["emotions"]) == set(EMOTIONS)
        said = await asked(stage, "!mood resonance")
        assert said == (
            f"Resonance {resonance['score']} of 100 ({resonance['low']} to {resonance['high']}): "
            "the crowd follows the streamer, about 6 s behind."
        )
        second, _ = side.kept(now)
        assert second is not None and second.score is not None and round(second.score) == resonance["score"]
        stage.show.reset()
        assert side.frames(now)[0]["resonance"]["state"] == "not_enough"
        assert "not enough" in await asked(stage, "!mood resonance")


def test_which_emotions_are_followed_tells_nothing_of_a_hidden_streamer() -> None:
    side = StreamerSide(shown=False)
    public, private = side.frames(feed(side, 300, 6.0))
    assert private is not None and private["resonance"]["emotions"] is not None
    assert public["resonance"] == {**private["resonance"], "emotions": None}


async def test_a_fault_in_comparing_does_not_end_the_show(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def look(now: float, _mood: Mood) -> None:
        looks.append(now)
        raise ZeroDivisionError

    async with theatre() as stage:
        monkeypatch.setattr(stage.show.streamer_side, "look", look)
        await eventually(lambda: len(looks) >= 2)
        assert (await mood_of(stage))["channel"]


@pytest.mark.parametrize("shown", [True, False])
def test_a_disagreement_is_told_and_kept_and_the_hidden_streamers_own_is_not(shown: bool) -> None:
    side = StreamerSide(shown)
    side.attend(True)
    for second in range(20):
        now = 1000.0 + second
        side.sense(Reading("", "streamer_face", now, SAD, 1.0))
        side.look(now, Mood(now, 20, 3, HAPPY, faces=Part(20, 1.0, HAPPY)))
    public, private = side.frames(1019.0)
    told = public if private is None else private
    assert told["disagreement"] == {
        "between": ["streamer", "faces"], "says": {"streamer": "sadness", "faces": "happiness"}, "since": 1000.0,
    }  # fmt: skip
    assert (public["disagreement"] is None) is not shown
    _, kept = side.kept(1019.0)
    assert [each.ended for each in kept] == ([1019.0] if shown else [])
    assert (side.dispute_at(1025.0) is None) is not shown and side.dispute_at(1200.0) is None
    side.begin()
    assert side.dispute_at(1010.0) is None, "another stream's"


async def test_chat_is_told_that_the_peak_was_disputed() -> None:
    async with theatre(now=lambda: 1030.0) as stage:
        side = stage.show.streamer_side
        side.attend(True)
        for second in range(20):
            now = 1000.0 + second
            mood = Mood(now, 40, 3, HAPPY, faces=Part(20, 0.7, HAPPY), chat=Part(20, 0.3, SAD))
            side.look(now, mood)
            stage.show.peaks.add(mood)
        assert (await asked(stage, "!mood peak")).endswith("faces and chat disagreed then.")
