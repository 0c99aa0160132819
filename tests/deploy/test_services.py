"""The units for systemd: it takes them, finds little to blame, and LERA runs within what they allow."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from lera.cli import PROGRAMS
from tests.bot.stage import with_key
from tests.bot.test_metrics import value
from tests.conftest import ROOT
from tests.deploy.proxies import free_port, needs
from tests.deploy.test_nats import HUB
from tests.deploy.test_nats import server as nats_server

UNITS = ["lera-bot.service", "lera-hub.service"]
MOST_EXPOSED = 2.0
"""Of 10, by `systemd-analyze security`; a service without any setting has 9.6."""


def unit(name: str) -> str:
    return (ROOT / "deploy" / name).read_text("utf-8")


def here(name: str, folder: Path) -> Path:
    """The unit with this checkout in the place of /opt/lera."""
    text = unit(name).replace("/opt/lera/.venv/bin/python", sys.executable).replace("/opt/lera", str(ROOT))
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_a_program_with_options_that_are_there(name: str) -> None:
    (command,) = re.findall(r"^ExecStart=.* -m lera (.*)$", unit(name), re.MULTILINE)
    program, *options = command.split()
    assert program in PROGRAMS
    source = (ROOT / PROGRAMS[program].module.replace(".", "/")).with_suffix(".py").read_text("utf-8")
    for option in options:
        assert not option.startswith("--") or f'"{option}"' in source, option


@pytest.mark.slow
@needs("systemd-analyze")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_a_unit_and_finds_little_to_blame(name: str, tmp_path: Path) -> None:
    path = here(name, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = re.search(r"exposure level for [\w.-]+: ([\d.]+)", done.stdout)
    assert found and float(found[1]) <= MOST_EXPOSED, done.stdout


WITHIN = """
import ctypes, os, sys
# MemoryDenyWriteExecute, as the kernel itself knows it; kernels before 6.3 don't, and go without.
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""

FENCE = """
set -e
mount --bind "$1" "$1"
for place in $(findmnt -rno TARGET | grep -Ev '^/(proc|sys|dev)(/|$)'); do
  [ "$place" = "$1" ] || mount -o remount,bind,ro "$place" 2>/dev/null || true
done
shift
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


def can_fence() -> bool:
    if sys.platform != "linux" or os.geteuid() or not all(map(shutil.which, ("unshare", "setpriv", "findmnt"))):
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@asynccontextmanager
async def fenced(state: Path, *command: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that may write into one folder and nowhere else, without any power of root's."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--mount", "sh", "-c", FENCE, "fence", str(state), sys.executable, "-c", WITHIN, *command,
        cwd=ROOT, env={"PATH": os.environ["PATH"], "LERA_HOME": str(state), "PYTHONDONTWRITEBYTECODE": "1"} | variables,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(not can_fence(), reason="needs root on Linux, to take away what a service may not do")
async def test_the_fence_holds(tmp_path: Path) -> None:
    state, beyond = tmp_path / "state", tmp_path / "beyond"
    state.mkdir()
    tries = f"""
import pathlib
pathlib.Path({str(state / "kept")!r}).write_text("x")
try: pathlib.Path({str(beyond)!r}).write_text("x")
except OSError: print("read only")
print([line for line in open("/proc/self/status") if line.startswith(("CapEff", "NoNewPrivs"))])
"""
    async with fenced(state, sys.executable, "-c", tries) as process:
        output, errors = await process.communicate()
    assert (state / "kept").exists() and not beyond.exists(), errors
    assert b"read only" in output and b"CapEff:\\t0000000000000000" in output and b"NoNewPrivs:\\t1" in output, output


@pytest.mark.slow
@pytest.mark.skipif(not can_fence(), reason="needs root on Linux, to take away what a service may not do")
async def test_the_bot_runs_within_what_its_unit_allows(tmp_path: Path) -> None:
    state, port, public = tmp_path / "state", free_port(), free_port()
    state.mkdir(mode=0o700)
    (tmp_path / "config.toml").write_text(
        f'[channel]\nname = "fenced"\n[web]\nport = {port}\npublic_port = {public}\n[log]\nformat = "json"\n'
    )
    start = [sys.executable, "-m", "lera", "bot", "--config", str(tmp_path / "config.toml")]
    async with fenced(state, *start) as bot, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        async with asyncio.timeout(60):
            while await status(session, "/healthz") != 200:
                assert bot.returncode is None
                await asyncio.sleep(0.05)
        links = [*start, "--show-links"]
        kept_by = {**os.environ, "LERA_HOME": str(state)}
        asked = await asyncio.to_thread(subprocess.run, links, cwd=ROOT, env=kept_by, capture_output=True, text=True)
        told = asked.stdout
        overlay = re.findall(r"/overlay/#key=(\S+)", told)[0]
        assert f":{public}/join/fenced#" in told
        assert bot.stdin is not None
        bot.stdin.write(b"ann: what a win, I am so happy!\n")
        async with asyncio.timeout(60):
            text = ""
            while not text or not value(text, "lera_chat_messages_total", became="read"):
                async with session.get("/metrics", headers=with_key(overlay)) as answer:
                    text = await answer.text()
                await asyncio.sleep(0.1)
        assert value(text, "lera_part_good", part="history") == 1
        assert (state / "history.sqlite3").stat().st_mode & 0o077 == 0 or state.stat().st_mode & 0o077 == 0
        bot.send_signal(signal.SIGTERM)
        output, errors = await bot.communicate()
        kept = re.findall(r"^SuccessExitStatus=(\d+)$", unit("lera-bot.service"), re.MULTILINE)
        assert str(bot.returncode) in ["0", *kept], errors
        assert all(json.loads(line)["level"] in ("info", "warning") for line in errors.splitlines()), errors
        assert overlay.encode() not in output + errors and b"#" not in output, "a journal holds no key"


@pytest.mark.slow
@needs("nats-server")
@pytest.mark.skipif(not can_fence(), reason="needs root on Linux, to take away what a service may not do")
async def test_a_hub_runs_within_what_its_unit_allows_and_serves_its_metrics(tmp_path: Path) -> None:
    state, port, private = tmp_path / "state", free_port(), free_port()
    state.mkdir(mode=0o700)
    async with nats_server(tmp_path) as url:
        (tmp_path / "config.toml").write_text(f'[hub]\nnats = "{url}"\n[log]\nformat = "json"\n')
        options = f"--port {port} --metrics 127.0.0.1:{private} --config {tmp_path / 'config.toml'}".split()
        command = [sys.executable, "-m", "lera", "hub", *options]
        async with fenced(state, *command, LERA_NATS_LOGIN=f"hub:{HUB}") as hub, aiohttp.ClientSession() as session:
            async with asyncio.timeout(60):
                while await status(session, f"http://127.0.0.1:{port}/readyz") != 200:
                    assert hub.returncode is None
                    await asyncio.sleep(0.05)
            async with session.get(f"http://127.0.0.1:{private}/metrics") as answer:
                text = await answer.text()
            assert value(text, "lera_bus_connected") == 1 and value(text, "lera_viewers") == 0
            assert await status(session, f"http://127.0.0.1:{port}/metrics") == 404, "it is not for strangers"
            hub.send_signal(signal.SIGTERM)
            output, errors = await hub.communicate()
    assert hub.returncode in (0, 130) and not list(state.iterdir()), "a hub keeps nothing"
    lines = [json.loads(line) for line in errors.splitlines()]
    assert any("takes in viewers" in line["message"] for line in lines) and HUB.encode() not in output + errors


async def status(session: aiohttp.ClientSession, url: str) -> int:
    """What is answered; 0 where nobody listens."""
    with contextlib.suppress(aiohttp.ClientError):
        async with session.get(url) as answer:
            return answer.status
    return 0
