"""`python -m bench.overlay`: how often a real Chromium paints the overlay while the crowd is still, and while it moves.

The moving crowd is the baseline of the same run: it shows that the trace would see a paint. Needs Chromium.
"""

import argparse
import asyncio
import json
import shutil
import sys
import time
from collections.abc import Awaitable

from playwright.async_api import Browser, Page, async_playwright

from bot.server import serving
from bot.settings import ChannelSettings, Settings
from bot.show import Show
from bot.web import links
from demo.story import Character
from transport.reading import Reading

VIEWERS = 40


def main() -> int:
    """Print paints a second, still and moving."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default 10)")
    seconds: float = parser.parse_args().seconds
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("No Chromium here; install it and try again.", file=sys.stderr)
        return 1
    still, moving = asyncio.run(measure(chromium, seconds))
    print(f"{VIEWERS} viewers, {seconds:g} s each:")
    print(f"  moving crowd (baseline)  {moving / seconds:6.1f} paints a second")
    print(f"  still crowd              {still / seconds:6.1f} paints a second")
    return 0


async def measure(chromium: str, seconds: float) -> tuple[int, int]:
    """Paints of the overlay while nothing changes, and while everything does."""
    show = Show(Settings(ChannelSettings("bench")), "bench", None, time.time)
    async with serving(show, 0) as address, async_playwright() as playwright:
        running = asyncio.create_task(show.run())
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking", "--no-first-run"]
        )
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        feel(show, 0.0)
        await page.goto(links(show, address)["overlay"])
        await page.locator('html[data-state="live"]').wait_for(state="attached")
        # The trend appears half a minute after the first mood, and is news; so is the end of each transition.
        await play(show, 32.0, step=0.0)
        still = await paints(browser, page, play(show, seconds, step=0.0))
        moving = await paints(browser, page, play(show, seconds, step=1.0))
        await browser.close()
        running.cancel()
    return still, moving


async def play(show: Show, seconds: float, step: float) -> None:
    """Let everyone report once a second; with a `step` the story goes on between reports, by so many seconds."""
    for second in range(round(seconds)):
        feel(show, second * step * 7)
        await asyncio.sleep(1.0)


def feel(show: Show, moment: float) -> None:
    """One reading of every viewer, at this moment of the story."""
    for number in range(VIEWERS):
        show.take(Reading(f"{number:022}", "face", show.now(), Character(number).feel(moment, 60.0)))


async def paints(browser: Browser, page: Page, meanwhile: Awaitable[None]) -> int:
    """How often the page was painted meanwhile."""
    await browser.start_tracing(page=page, categories=["devtools.timeline"])
    await meanwhile
    trace = json.loads(await browser.stop_tracing())
    return sum(event["name"] == "Paint" for event in trace["traceEvents"])


if __name__ == "__main__":
    sys.exit(main())
