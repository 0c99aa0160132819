"""The agent as a program: what it and its libraries write and connect to, and how it ends."""

import asyncio
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.words import VOICE
from bot.keys import kept_keys
from tests.streamer_agent.helpers import stage, until
from tests.talk import needs_espeak, needs_face, needs_voices, say, talk, write_video, write_wav
from tests.viewer_agent.helpers import agent_process
from tests.viewer_agent.test_process import strange
from transport.reading import Source


def settings(home: Path, place: str) -> str:
    """A config.toml for the bot at `place`, whose key is in `home`."""
    path = home.parent / "streamer.toml"
    port = place.rpartition(":")[2]
    path.write_text(f'[channel]\nname = "demo"\n[web]\nport = {port}\n[streamer_agent]\nlow_priority = false\n')
    return str(path)


@needs_face
@needs_voices
@needs_espeak
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
async def test_nothing_of_face_voice_and_words_is_written_or_sent_elsewhere(lera_home: Path) -> None:
    trace = lera_home.parent / "trace"
    spoken = np.concatenate([say("what a wonderful surprise", VOICE, 140), talk("happiness", 6)])
    film = str(write_video(lera_home.parent / "talk.mp4", spoken))
    wrapper = (
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-s",
        "300",
        "-e",
        "trace=connect,sendto,sendmmsg,open,openat,creat",
        "-o",
        str(trace),
    )
    async with stage(key=kept_keys("demo").streamer) as host:
        arguments = (
            "-m",
            "streamer_agent",
            "--config",
            settings(lera_home, host.place),
            "--loop",
            "--stop-with-parent",
        )
        files = ("--camera", film, "--microphone", film)
        async with agent_process(
            lera_home, *arguments, *files, wrapper=wrapper, stdin=asyncio.subprocess.PIPE
        ) as agent:
            sources: tuple[Source, ...] = ("streamer_face", "streamer_voice", "streamer_words")
            await until(lambda: agent.process.returncode is not None or all(map(host.of, sources)), 400)
            assert agent.process.stdin is not None
            agent.process.stdin.close()
            status, out, err = await agent.finish(120)
        port = host.place.rpartition(":")[2]
    assert status == 0, err
    assert all(map(host.of, sources)), out
    assert "wonderful" not in out + err
    calls = trace.read_text(errors="replace").splitlines()
    connected = [call for call in calls if " connect(" in call and "AF_UNIX" not in call]
    assert connected
    assert [call for call in connected if f"htons({port})" not in call] == []
    assert [call for call in calls if "sendmmsg(" in call] == []
    opened = [call for call in calls if " open" in call and "O_CREAT" in call and "= -1" not in call]
    assert strange([Path(call.split('"')[1]) for call in opened if '"' in call], lera_home) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent")
async def test_without_consent_it_ends_and_ctrl_c_is_no_failure(lera_home: Path) -> None:
    sound = str(
        write_wav(lera_home.parent / "hiss.wav", np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32))
    )
    async with stage(key=kept_keys("demo").streamer) as host:
        config = settings(lera_home, host.place)
        async with agent_process(lera_home, "-m", "streamer_agent", "--config", config, "--no-camera") as agent:
            status, _, err = await agent.finish(120)
        assert status == 1 and "start this in a terminal" in err and err.count("\n") == 1
        arguments = ("--config", config, "--no-camera", "--microphone", sound, "--loop")
        shutil.rmtree(lera_home / "temporary")
        async with agent_process(lera_home, "-m", "streamer_agent", *arguments) as agent:
            await until(lambda: bool(host.lost) or agent.process.returncode is not None, 200)
            agent.process.send_signal(signal.SIGINT)
            status, out, err = await agent.finish(120)
    assert status in (0, 130) and "Stopped." in out and err == "", (status, out, err)
    assert host.present[-1] is False
