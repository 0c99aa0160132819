"""`python -m bench.report`: what the story of a stream of eight hours costs: to make, to open, and the show meanwhile.

Opening is told by the browser's own performance entries, up to the mark that the page sets when its charts are drawn;
an empty page of the same run is the baseline. The show's event loop is watched by a clock in it that asks to be woken
every few milliseconds and notes how late it is, with and without stories being asked for. Needs Chromium.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import aiohttp
from playwright.sync_api import sync_playwright

from bot.history import History
from bot.report.page import page
from bot.report.stories import chosen
from bot.server import serving
from bot.settings import ChannelSettings, Settings
from bot.show import Show
from tests.bot.report.streams import EVENING, keep

HOURS = 8
EVERY = 0.005
EMPTY = '<!doctype html><title>empty</title><script type="module">performance.mark("ready");</script>'
READY = """() => new Promise((done) => {
  const look = () => {
    const [mark] = performance.getEntriesByName("ready");
    if (mark) requestAnimationFrame(() => requestAnimationFrame(() => done([mark.startTime, performance.now()])));
    else setTimeout(look, 5);
  };
  look();
})"""


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each; the median counts (default 5)")
    rounds: int = parser.parse_args().rounds
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("No Chromium here; install it and try again.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="lera-bench-") as folder:
        path = Path(folder) / "history.sqlite3"
        for day in range(5):
            session = keep(path, EVENING + day * 86_400, HOURS * 3600.0, "Eight hours", seed=day)
        story, empty = Path(folder) / "story.html", Path(folder) / "empty.html"
        empty.write_text(EMPTY, "utf-8")
        made = []
        for _ in range(rounds):
            begun = time.perf_counter()
            found = chosen(path, session)
            story.write_text(page(found.story), "utf-8")
            made.append(time.perf_counter() - begun)
        print(f"A stream of {HOURS} hours, {len(found.rows)} rows, with 4 such streams before it:")
        print(f"  made in {median(made):.2f} s (median of {rounds}), {story.stat().st_size / 1e3:.0f} kB")
        for name, file in (("empty page (baseline)", empty), ("story", story)):
            drawn, shown = opened(chromium, file, rounds)
            print(f"  {name:22} drawn after {drawn:4.0f} ms, on screen after {shown:4.0f} ms")
        alone, meanwhile = asyncio.run(lateness(path, session, rounds))
        print(
            f"  the show's loop is late by at most {alone:.0f} ms alone (baseline), {meanwhile:.0f} ms beside stories"
        )
    return 0


def opened(chromium: str, file: Path, rounds: int) -> tuple[float, float]:
    """Milliseconds from the navigation's start to the charts being drawn and to the frame after, each a median."""
    found = []
    with sync_playwright() as playwright:
        for _ in range(rounds):
            # A browser that never saw the page: nothing of it is compiled yet.
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--no-first-run"])
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(file.as_uri())
            found.append(tab.evaluate(READY))
            browser.close()
    drawn, shown = zip(*found, strict=True)
    return median(drawn), median(shown)


async def lateness(path: Path, session: int, rounds: int) -> tuple[float, float]:
    """The most that a show's loop is late, in ms: while nothing is asked of it, and while it tells stories."""
    history = History(path)
    show = Show(Settings(ChannelSettings("bench")), "bench", history, time.time)
    async with serving(show, 0) as address, aiohttp.ClientSession(address) as client, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(show.run())

        await stories(client, session, 1)  # The library is packed once.
        watch = Watch()
        watching = tasks.create_task(watch.run())
        took = await stories(client, session, rounds)
        meanwhile = watch.most()
        await asyncio.sleep(took)
        alone = watch.most()
        watching.cancel()
        running.cancel()
    history.close()
    return alone, meanwhile


async def stories(client: aiohttp.ClientSession, session: int, rounds: int) -> float:
    """Ask for the story so many times; returns the seconds that it took."""
    begun = time.perf_counter()
    for _ in range(rounds):
        async with client.get(f"/report/{session}") as answer:
            await answer.read()
    return time.perf_counter() - begun


class Watch:
    """A clock in the loop that notes how late it is."""

    def __init__(self) -> None:
        self._most = 0.0

    def most(self) -> float:
        """The most since the last call, in ms."""
        most, self._most = self._most, 0.0
        return most * 1000

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(EVERY)
            self._most = max(self._most, time.perf_counter() - begun - EVERY)


if __name__ == "__main__":
    sys.exit(main())
