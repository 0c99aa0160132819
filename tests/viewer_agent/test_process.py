"""The whole agent in a process of its own, on the portrait, against a stand-in hub on a real socket."""

import asyncio
import json
import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest

from model import blazeface
from tests.viewer_agent.helpers import PORTRAIT, ROOT, TOKEN, StandInHub, agent_process, stand_in_hub
from transport.reading import Leave

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not blazeface.DETECTOR.there, reason="run `python -m model.blazeface` first"),
]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
CACHES = {"matplotlib", "fontconfig", "__pycache__"}
ALLOWED = ("channels.json", "channels.new", "secrets.json", "secrets.new", "consent.json", "consent.new")


def strange(written: list[Path], home: Path) -> list[Path]:
    """Files that are neither the agent's own, nor a cache of fonts or bytecode.

    Importing mediapipe searches for a sound library, which makes and removes empty files in the temporary folder.
    """
    return [
        path
        for path in written
        if path.name not in ALLOWED
        and not CACHES & set(path.parts)
        and not path.is_relative_to("/dev")
        and not (path.is_relative_to(home / "temporary") and not path.is_file())
    ]


def check_wire(hub: StandInHub) -> None:
    """Everything that arrived is a reading of seven numbers, an absence or a goodbye; at most one reading a second."""
    assert hub.joins[0].token == TOKEN
    assert hub.joins[0].channel == "demo"
    for text in hub.raw:
        sent = json.loads(text)
        if sent["type"] == "reading":
            assert set(sent) <= {"type", "sequence", "probabilities", "quality", "captured"}
            assert len(sent["probabilities"]) == 7
            assert sum(sent["probabilities"]) == pytest.approx(1, abs=0.001)
            assert len(text) < 250
        else:
            assert set(sent) <= {"type", "reason"}
    assert [post.sequence for _, post in hub.posts] == list(range(1, len(hub.posts) + 1))
    # However late a busy machine hears of them: none can come before its second.
    assert all(when >= hub.welcomed + number for number, (when, _) in enumerate(hub.posts))


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_posts_readings_and_stops_cleanly(lera_home: Path, number: signal.Signals) -> None:
    async with stand_in_hub() as hub, agent_process(lera_home, hub.link, "--camera", str(PORTRAIT), "--loop") as agent:
        await hub.until(lambda: len(hub.posts) >= 4)
        agent.process.send_signal(number)
        status, out, err = await agent.finish()
        await hub.until(lambda: isinstance(hub.frames[-1][1], Leave))
    assert status == 0
    assert "Traceback" not in out + err
    assert "I can see you." in out
    assert "of one processor core" in out
    assert TOKEN not in out + err
    assert not psutil.pid_exists(agent.process.pid)
    check_wire(hub)


async def test_ends_with_its_film_and_leaves_no_picture_behind(lera_home: Path) -> None:
    async with stand_in_hub() as hub, agent_process(lera_home, hub.link, "--camera", str(PORTRAIT)) as agent:
        status, out, err = await agent.finish()
    assert status == 0
    assert "Traceback" not in out + err
    assert len(hub.posts) >= 4
    check_wire(hub)
    notes = [line.split(" ", 1) for line in err.splitlines()]
    written = [Path(rest) for kind, rest in notes if kind == "WROTE"]
    assert strange(written, lera_home) == []
    # It talks to nobody but the hub, and calls nothing that could write a picture.
    port = hub.link.split("/")[2].split(":")[1]
    assert {rest for kind, rest in notes if kind == "CONNECTED"} == {f"('127.0.0.1', {port})"}
    assert [rest for kind, rest in notes if kind in ("CALLED", "IMPORTED")] == []
    left = next(rest for kind, rest in notes if kind == "LEFT").split()
    assert {Path(name).name for name in left} <= {*ALLOWED, "temporary"}


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.skipif(not (ROOT / "model" / "weights" / "face.onnx").exists(), reason="the weights are not here")
async def test_not_even_its_libraries_write_or_send_anything_else(lera_home: Path) -> None:
    """What the system is asked for, by whatever code: onnxruntime and mediapipe report home if they are let."""
    trace = lera_home.parent / "trace"
    wrapper = (
        "strace",
        "-f",
        "-qq",
        "-s",
        "200",
        "-e",
        "trace=connect,sendto,sendmmsg,open,openat,creat",
        "-o",
        str(trace),
    )
    async with stand_in_hub() as hub:
        real = ("-m", "viewer_agent", hub.link, "--camera", str(PORTRAIT), "--loop", "--stop-with-parent")
        async with agent_process(lera_home, *real, wrapper=wrapper, stdin=asyncio.subprocess.PIPE) as agent:
            await hub.until(lambda: len(hub.posts) >= 3, 300.0)
            assert agent.process.stdin is not None
            agent.process.stdin.close()
            status, _, err = await agent.finish()
        port = hub.link.split("/")[2].split(":")[1]
    assert status == 0, err
    assert hub.posts
    calls = trace.read_text(errors="replace").splitlines()
    connected = [call for call in calls if " connect(" in call and "AF_UNIX" not in call]
    assert connected
    assert [call for call in connected if f"htons({port})" not in call] == []
    assert [call for call in calls if "sendmmsg(" in call] == []
    opened = [call for call in calls if " open" in call and "O_CREAT" in call and "= -1" not in call]
    assert strange([Path(call.split('"')[1]) for call in opened if '"' in call], lera_home) == []


async def test_stops_when_the_program_that_started_it_goes(lera_home: Path) -> None:
    arguments = ("--camera", str(PORTRAIT), "--loop", "--stop-with-parent")
    async with (
        stand_in_hub() as hub,
        agent_process(lera_home, hub.link, *arguments, stdin=asyncio.subprocess.PIPE) as agent,
    ):
        await hub.until(lambda: len(hub.posts) >= 1)
        assert agent.process.stdin is not None
        agent.process.stdin.close()
        status, out, err = await agent.finish()
    assert status == 0
    assert "Traceback" not in out + err


async def test_a_refusal_is_one_line(lera_home: Path) -> None:
    async with stand_in_hub() as hub:
        hub.refusal = "this link is not valid any more"
        async with agent_process(lera_home, hub.link, "--camera", str(PORTRAIT), "--loop") as agent:
            status, _, err = await agent.finish()
    assert status == 1
    assert "not valid any more" in err
    assert "Traceback" not in err
