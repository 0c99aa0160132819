"""kill -9 at random moments: what was acknowledged is there, as it was shown, and every stream has its end."""

import asyncio
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import aiohttp
import pytest

from bot.history import History
from bot.report.reader import reading
from tests.bot.stage import with_key
from tests.bot.test_history_faults import are_true, as_row, mood
from tests.conftest import ROOT
from tests.test_whole_loop import Bot
from transport.hub_client import HubClient
from transport.link import parse_link

pytestmark = pytest.mark.slow

KILLS = 25
# Begins a session, and says each second's number once it is kept; then it is no more than a crash away from the disk.
WRITER = """
import sys
from pathlib import Path
from bot.history import History
from tests.bot.test_history_faults import mood
number = int(sys.argv[2])
print("ready", flush=True)
history = History(Path(sys.argv[1]))
session = history.begin("demo", 1000.0 + number)
while True:
    history.add(session, mood(number))
    print(session, number, flush=True)
    number += 1
    if number % 40 == 0:
        history.end(session, 1000.0 + number)
        session = history.begin("demo", 1000.0 + number)
"""


def test_what_was_acknowledged_outlives_every_kill(tmp_path: Path) -> None:
    path, chance, number = tmp_path / "history.sqlite3", random.Random(10), 0
    acknowledged: dict[int, int] = {}
    for kill in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(path), str(number)]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        # Some die while they open the file, some in mid-sentence.
        time.sleep(chance.choice((0.0, chance.uniform(0.0, 0.03), chance.uniform(0.0, 0.6))))
        writer.kill()
        said = [line.split() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.stdout.close()
        assert writer.wait() != 0
        told = {int(number): int(session) for session, number in said}
        acknowledged |= told
        if not path.exists():
            continue
        with reading(path) as reader:
            # Before the next start mends anything: a report may be asked for meanwhile.
            kept = {row.time - 1000.0 for session in reader.sessions() for row in reader.rows(session.id)}
        unsaid = kept - acknowledged.keys()
        assert acknowledged.keys() <= kept, f"rows are lost after kill {kill}"
        assert len(unsaid - {0}) <= kill + 1, "more than the one that was being written"
        number = int(max(kept, default=number)) + 1
    history = History(path)
    history.begin("demo", 1000.0 + number)
    assert len(acknowledged) > KILLS
    found = sorted(history.sessions(), key=lambda session: session.id)
    told_in: defaultdict[int, set[int]] = defaultdict(set)
    for told_number, session_id in acknowledged.items():
        told_in[session_id].add(told_number)
    for session in found[:-1]:
        rows = history.rows(session.id)
        # Of each session its own numbers alone: a machine that kills late has written very many.
        own = [int(row.time - 1000) for row in rows]
        assert all(0 <= each < number for each in own)
        assert are_true(rows, range(min(own, default=0), max(own, default=-1) + 1))
        assert session.ended is not None and session.ended >= (rows[-1].time if rows else session.started)
        assert set(own) >= told_in[session.id]
    assert not list(tmp_path.glob("*.broken")), "a kill breaks no file"
    history.close()


def test_a_kill_in_the_midst_of_setting_a_broken_file_aside(tmp_path: Path) -> None:
    """Whatever was renamed by then, the next start has a history, and the broken one is kept or still there."""
    path = tmp_path / "history.sqlite3"
    for step in range(3):
        for each in tmp_path.iterdir():
            each.unlink()
        history = History(path)
        session = history.begin("demo", 1000.0)
        history.add(session, mood(1))
        content, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
        history.close()
        path.write_bytes(b"broken" * 1000 if step < 2 else content)
        Path(f"{path}-wal").write_bytes(log)
        if step == 1:
            Path(f"{path}-wal").replace(path.with_suffix(".broken-wal"))
        if step == 2:
            path.replace(path.with_suffix(".broken"))
        history = History(path)
        session = history.begin("demo", 2000.0)
        history.add(session, mood(1))
        assert as_row(mood(1)) in history.rows(session)
        history.close()


LIVES = 5


async def note_halts(halted: set[int]) -> None:
    """Note each second in which this machine, or at least this program, stood still for a while."""
    before = time.time()
    while True:
        await asyncio.sleep(0.05)
        now = time.time()
        if now - before > 0.5:
            halted |= set(range(int(before), int(now) + 1))
        before = now


async def test_a_bot_that_is_killed_again_and_again_has_lost_a_second_each_time(
    tmp_path: Path, lera_home: Path
) -> None:
    """The real program, with viewers over real sockets: its rows are what its overlay was shown."""
    chance, bot = random.Random(11), Bot(tmp_path)
    for life in range(LIVES):
        link = await asyncio.to_thread(bot.start)
        felt = [0.05] * 7
        felt[life % 7] = 0.7
        halted: set[int] = set()
        async with aiohttp.ClientSession(headers=with_key(bot.key)) as session:
            client = HubClient(*parse_link(link), f"{life:022}", session=session)
            client.post(felt)
            running, noting = asyncio.create_task(client.run()), asyncio.create_task(note_halts(halted))
            try:
                async with asyncio.timeout(60), session.ws_connect(f"{bot.address}/live") as page:
                    async for message in page:
                        frame = message.json()
                        if frame["type"] == "mood" and frame["viewers"] == 1:
                            break
                await asyncio.sleep(chance.uniform(1.5, 4.0))
                killed = time.time()
                bot.kill()
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                noting.cancel()
        with reading(lera_home / "history.sqlite3") as reader:
            newest = reader.sessions()[0]
            rows = reader.rows(newest.id)
        seconds = [int(row.time) for row in rows]
        assert newest.ended is None and len(seconds) == len(set(seconds))
        # The second that was being written, and one for a machine that is busy with other things.
        lost = set(range(int(frame["time"]) + 1, int(killed) - 1)) - set(seconds) - halted
        assert not lost, f"life {life} lost {lost}"
        assert all(row.viewers == 1 and row.shares == pytest.approx(felt) for row in rows)
    history = History(lera_home / "history.sqlite3")
    history.begin("demo", time.time())
    sessions = history.sessions()
    assert len(sessions) == LIVES + 1
    assert all(each.ended == history.rows(each.id)[-1].time for each in sessions[1:])
    history.close()
