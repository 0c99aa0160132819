"""What listens at OBS's port may be silent, mad or somebody else: each is one line, soon, and no thread is left."""

import asyncio
import json
import logging
import os
import socket
import stat
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.obs.studio import Studio
from lera.errors import LeraError
from lera.obs.connection import (
    Connection,
    ObsAway,
    ObsRefused,
    ObsSaysNo,
    Password,
    connect,
    keep_password,
    kept_password,
)
from lera.obs.settings import ObsSettings
from tests.bot.obs.conftest import Rig
from tests.bot.obs.moods import nobody
from tests.bot.stage import eventually
from tests.obs import PATIENCE
from tests.ports import free_port

Socket = web.WebSocketResponse
SECRET = "the-secret-password"
LONG, SHORT = 20.0, 0.5
"""Seconds. What a test waits for in vain is waited for a short while; what comes may come late on a busy machine."""
HELLO = {"op": 0, "d": {"obsWebSocketVersion": "5.1.0", "rpcVersion": 1}}
ANSWERS: dict[str, dict[str, Any]] = {
    "GetVersion": {"obsVersion": "29.0.2"},
    "GetSceneList": {"currentProgramSceneName": "Scene", "scenes": []},
}


async def identify(socket: Socket) -> None:
    """The polite beginning of every conversation."""
    await socket.send_json(HELLO)
    await socket.receive_json()
    await socket.send_json({"op": 2, "d": {"negotiatedRpcVersion": 1}})


async def polite(socket: Socket) -> None:
    """Answers what it knows, and refuses the rest."""
    await identify(socket)
    async for message in socket:
        asked = message.json()["d"]
        name = asked["requestType"]
        status = {"result": name in ANSWERS, "code": 100 if name in ANSWERS else 204}
        answer = {"requestType": name, "requestId": asked["requestId"], "requestStatus": status}
        await socket.send_json({"op": 7, "d": {**answer, "responseData": ANSWERS.get(name, {})}})


@asynccontextmanager
async def standing_in(play: Callable[[Socket], Awaitable[None]], timeout: float = LONG) -> AsyncIterator[ObsSettings]:
    """A server that plays OBS for each who connects, and is waited for so long."""

    async def serve(request: web.Request) -> Socket:
        socket = Socket()
        await socket.prepare(request)
        await play(socket)
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield ObsSettings(enabled=True, port=port, timeout=timeout)
    finally:
        await runner.cleanup()


async def test_no_proxy_is_asked_for_a_program_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    async with standing_in(polite) as settings:
        connection = await connect(settings, Password(SECRET))
        await connection.close()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("obs")]


@pytest.fixture(autouse=True)
async def no_thread_is_left() -> AsyncIterator[None]:
    yield
    await eventually(lambda: not threads())


async def test_a_request_and_a_refusal() -> None:
    async with standing_in(polite) as settings:
        obs = await connect(settings, Password(SECRET))
        assert obs.version == "29.0.2"
        with pytest.raises(ObsSaysNo) as no:
            await obs.request("Dance")
        assert no.value.code == 204 and obs.is_open
        await obs.close()


async def never(_socket: Socket) -> None:
    await asyncio.Event().wait()


async def mad(socket: Socket) -> None:
    await socket.send_str("{")


async def other(socket: Socket) -> None:
    await socket.send_json({"welcome": "to something else"})


async def binary(socket: Socket) -> None:
    await socket.send_bytes(b"\xff\xfe")


async def goes(socket: Socket) -> None:
    await socket.close()


@pytest.mark.parametrize("play", [never, mad, other, binary, goes])
async def test_what_is_not_obs_is_one_line(play: Callable[[Socket], Awaitable[None]]) -> None:
    async with standing_in(play, SHORT) as settings:
        with pytest.raises(ObsAway) as error:
            await asyncio.wait_for(connect(settings, Password(SECRET)), PATIENCE)
    assert "\n" not in str(error.value) and SECRET not in str(error.value)


async def test_a_port_that_takes_everything_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = ObsSettings(port=silent.getsockname()[1], timeout=SHORT)
        with pytest.raises(ObsAway):
            await asyncio.wait_for(connect(settings, Password(SECRET)), PATIENCE)


async def test_a_web_server_is_not_obs() -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    with pytest.raises(ObsAway, match="Start OBS and switch on"):
        await connect(ObsSettings(port=port, timeout=LONG), Password(SECRET))
    await runner.cleanup()


async def refuses(socket: Socket) -> None:
    await socket.send_json({**HELLO, "d": {"authentication": {"salt": "s", "challenge": "c"}}})
    await socket.receive()
    await socket.close(code=4009)


async def test_a_refusal_must_come_twice_to_be_one() -> None:
    """An OBS that closes while it is asked looks like one that refuses the password, once."""
    plays = iter([refuses, polite, polite])
    async with standing_in(lambda socket: next(plays)(socket)) as settings:
        obs = await connect(settings, Password(SECRET))
        assert obs.is_open
        await obs.close()
    async with standing_in(refuses) as settings:
        with pytest.raises(ObsRefused, match="--obs-password"):
            await connect(settings, Password(SECRET))
        with pytest.raises(ObsRefused, match="none is kept"):
            await connect(settings, Password(""))


async def closes(socket: Socket) -> None:
    await socket.send_json(HELLO)
    await socket.receive()
    await socket.close(code=1001, message=b"Server stopping.")


@pytest.mark.parametrize("password", ["", SECRET])
async def test_an_obs_without_a_password_that_closes_meanwhile_is_away_and_not_refusing(password: str) -> None:
    async with standing_in(closes) as settings:
        with pytest.raises(ObsAway, match="hung up"):
            await connect(settings, Password(password))


async def test_and_it_is_looked_for_again() -> None:
    plays = iter([closes, *[polite] * 9])
    async with standing_in(lambda socket: next(plays)(socket)) as settings:
        there = Studio(settings, (), nobody, time.monotonic, password=lambda: Password(""))
        running = asyncio.create_task(there.run())
        await eventually(lambda: there.connected)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def answering(socket: Socket, answer: Any = None) -> None:
    """Polite but for what it doesn't know: there it says what the test gives it."""
    async for message in socket:
        asked = message.json()["d"]
        name = asked["requestType"]
        if name in ANSWERS:
            done = {"result": True, "code": 100}
            data = {"requestType": name, "requestStatus": done, "responseData": ANSWERS[name]}
            await socket.send_json({"op": 7, "d": data})
        elif answer is not None:
            await socket.send_str(answer if isinstance(answer, str) else json.dumps(answer))


@pytest.mark.parametrize(
    "answer",
    [None, "{", "[]", {"d": {}}, {"d": {"requestType": "GetStats"}}, {"d": {"requestType": "Other"}}, {"d": None}],
)
async def test_an_answer_that_is_none_ends_the_connection(answer: Any) -> None:
    async def play(socket: Socket) -> None:
        await identify(socket)
        await answering(socket, answer)

    async with standing_in(play) as settings:
        obs = await connect(settings, Password(SECRET))
        if answer is None:
            obs._timeout = SHORT
        with pytest.raises(ObsAway):
            await obs.request("GetStats")
        assert not obs.is_open, "what comes next could be the late answer"
        with pytest.raises(ObsAway):
            await obs.request("GetVersion")
        await obs.close()


async def test_events_that_are_none_end_it_too_and_too_many_push_out_the_oldest() -> None:
    say: asyncio.Queue[str] = asyncio.Queue()

    async def talks(socket: Socket) -> None:
        await socket.send_json(HELLO)
        listens = (await socket.receive_json())["d"]["eventSubscriptions"]
        await socket.send_json({"op": 2, "d": {"negotiatedRpcVersion": 1}})
        if not listens:
            await answering(socket)
        while listens and not socket.closed:
            await socket.send_str(await say.get())

    async with standing_in(talks) as settings:
        obs = await connect(settings, Password(SECRET))
        for number in range(300):
            say.put_nowait(json.dumps({"op": 5, "d": {"eventType": "Number", "eventData": {"number": number}}}))
        await eventually(lambda: newest(obs) == 299)
        assert obs.events.qsize() == 256
        assert obs.events.get_nowait() == ("Number", {"number": 44})
        say.put_nowait("no event")
        await asyncio.wait_for(obs.gone(), PATIENCE)
        await obs.close()


def newest(obs: Connection) -> int | None:
    waiting = list(obs.events._queue)  # type: ignore[attr-defined]
    return waiting[-1][1]["number"] if waiting else None


async def test_who_stops_waiting_leaves_the_connection_whole() -> None:
    async with standing_in(polite) as settings:
        obs = await connect(settings, Password(SECRET))
        for _ in range(50):
            asking = asyncio.create_task(obs.request("GetVersion"))
            await asyncio.sleep(0)
            asking.cancel()
        assert await obs.request("GetSceneList") == ANSWERS["GetSceneList"]
        await obs.close()


async def test_who_stops_waiting_for_a_connection_leaves_none() -> None:
    async with standing_in(never, SHORT) as settings:
        connecting = asyncio.create_task(connect(settings, Password(SECRET)))
        await eventually(lambda: bool(threads()))
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)


def test_a_password_does_not_print() -> None:
    password = Password(SECRET)
    for said in (f"{password} {password!r} {[password]}", "%s %r" % (password, password), str({"p": password})):  # noqa: UP031
        assert SECRET not in said and "***" in said
    assert password + "salt" == SECRET + "salt", "and is as good as ever"


def test_it_is_kept_where_secrets_are(lera_home: Path) -> None:
    assert kept_password() == ""
    keep_password(SECRET)
    assert len(kept_password()) == len(SECRET)
    kept = lera_home / "secrets.json"
    assert SECRET in kept.read_text()
    assert os.name == "nt" or stat.S_IMODE(kept.stat().st_mode) == 0o600
    keep_password(None)
    assert SECRET not in kept.read_text() and kept_password() == ""


async def test_the_library_reads_no_file_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look into ./config.toml, which is LERA's own, where host, port or password are missing."""
    (tmp_path / "config.toml").write_text("this is not toml [")
    monkeypatch.chdir(tmp_path)
    async with standing_in(polite) as settings:
        await (await connect(settings, Password(""))).close()


@pytest.mark.obs
async def test_the_password_is_in_no_record_of_a_real_conversation(
    rig: Rig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    import obsws_python  # noqa: F401

    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("obsws_python", "websocket")):
            caplog.set_level(logging.DEBUG, logger=name)
    obs = await connect(rig.obs.settings, Password(rig.obs.password))
    with pytest.raises(ObsSaysNo):
        await obs.request("GetInputSettings", {"inputName": "nothing"})
    await obs.close()
    with pytest.raises(ObsRefused):
        await connect(rig.obs.settings, Password(SECRET))
    said = caplog.text + "".join(capfd.readouterr())
    assert "Sending request" in said, "or there was nothing to be hidden"
    assert rig.obs.password not in said and SECRET not in said and "Traceback" not in said


def test_lera_error_is_what_people_see() -> None:
    assert issubclass(ObsAway, LeraError) and issubclass(ObsRefused, LeraError) and issubclass(ObsSaysNo, LeraError)
