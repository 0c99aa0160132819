"""`python -m bench.overlay`: what each theme of the overlay costs a real Chromium, by the browser's own figures.

For a crowd that stands still and for one that moves, ten updates a second: paints (from its trace), processor time of
all its processes together, and of the page's main thread alone (from its trace). The baseline is a page that reads the
same feed and does nothing with it. Chromium draws by software here, as no graphics card is assumed; where OBS has one,
the share of drawing is smaller. Needs Chromium.
"""

import argparse
import asyncio
import json
import shutil
import sys
import time
from collections.abc import Awaitable
from typing import Any, Final, NamedTuple

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from bot.controls import links
from bot.keys import Keys
from bot.server import serving
from bot.settings import ChannelSettings, Settings
from bot.show import Show
from bot.web import OVERLAY_FOLDER
from demo.story import Character
from transport.reading import Reading

VIEWERS: Final = 40
UPDATES_PER_SECOND: Final = 10
NOTHING: Final = "nothing"
NOTHING_PAGE: Final = """<!doctype html><html data-state="live"><script>
  new WebSocket(`ws://${location.host}/live`).onmessage = ({ data }) => JSON.parse(data);
</script></html>"""
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


class Cost(NamedTuple):
    """Over a while: paints a second, and percent of a core of all processes and of the main thread."""

    paints: float
    browser: float
    main: float


def main() -> int:
    """Print the costs, theme by theme."""
    themes = sorted(path.parent.name for path in (OVERLAY_FOLDER / "themes").glob("*/theme.js"))
    parser = argparse.ArgumentParser(prog="python -m bench.overlay", description=__doc__)
    parser.add_argument("themes", nargs="*", choices=[[], *themes], help="which; all without")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default 10)")
    parser.add_argument("--query", default="", help="more of the overlay's settings, as in motion=reduced")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("No Chromium here; install it and try again.", file=sys.stderr)
        return 1
    asyncio.run(measure(chromium, chosen.seconds, chosen.themes or themes, chosen.query))
    return 0


async def measure(chromium: str, seconds: float, themes: list[str], query: str) -> None:
    """Each theme in a browser of its own, on one show."""
    print(f"{VIEWERS} viewers, {seconds:g} s each, {UPDATES_PER_SECOND} updates a second while the crowd moves.")
    print("Percent of a core: the whole browser, less the baseline's; the main thread in brackets.")
    print(f"{'':10}{'still':>24}{'moving':>34}")
    show = Show(Settings(ChannelSettings("bench")), Keys(), None, time.time)
    async with serving(show, 0) as address, async_playwright() as playwright:
        running = asyncio.create_task(show.run())
        baseline: tuple[Cost, Cost] | None = None
        for theme in [NOTHING, *themes]:
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = await enter(browser, show, address, theme, query)
            # The trend appears half a minute after the first mood, and is news; so is the end of each transition.
            await play(show, 3.0 if show.mood.trend else 33.0, moves=False)
            still = await cost(browser, page, seconds, play(show, seconds, moves=False))
            moving = await cost(browser, page, seconds, play(show, seconds, moves=True))
            await browser.close()
            baseline = baseline or (still, moving)
            print(f"{theme:10}{_told(still, baseline[0])}{_told(moving, baseline[1]):>34}", flush=True)
        running.cancel()


def _told(found: Cost, baseline: Cost) -> str:
    more = found.browser - (0 if found is baseline else baseline.browser)
    return f"{found.paints:6.1f} paints/s {more:6.2f} % ({found.main:.2f} %)"


async def enter(browser: Browser, show: Show, address: str, theme: str, query: str) -> Page:
    """The overlay in this theme, or the page that does nothing, live and with leave to read the feed."""
    page = await browser.new_page(viewport={"width": 1920, "height": 1080})
    feel(show, 0.0)
    place, _, key = links(show, address)["overlay"].partition("#")
    await page.goto(f"{place}?theme={theme if theme != NOTHING else 'bars'}&{query}#{key}")
    await page.locator('html[data-state="live"]').wait_for(state="attached")
    if theme == NOTHING:
        await page.route("**/nothing", lambda route: route.fulfill(body=NOTHING_PAGE, content_type="text/html"))
        await page.goto(f"{address}/overlay/nothing")
    else:
        await page.locator(f'html[data-design="{theme}"]').wait_for(state="attached")
    return page


async def play(show: Show, seconds: float, moves: bool) -> None:
    """Let everyone report again and again; where the crowd moves, the story goes on between."""
    begun = show.now()
    while (passed := show.now() - begun) < seconds:
        feel(show, passed * 7 if moves else 0.0)
        await asyncio.sleep(1 / UPDATES_PER_SECOND if moves else 1.0)


def feel(show: Show, moment: float) -> None:
    """One reading of every viewer, at this moment of the story."""
    for number in range(VIEWERS):
        show.take(Reading(f"{number:022}", "face", show.now(), Character(number).feel(moment, 60.0)))


async def cost(browser: Browser, page: Page, seconds: float, meanwhile: Awaitable[None]) -> Cost:
    """What the browser and the page took meanwhile."""
    session = await browser.new_browser_cdp_session()
    await browser.start_tracing(page=page, categories=["devtools.timeline", "toplevel"])
    before = await processor_time(session)
    await meanwhile
    taken = await processor_time(session) - before
    events: list[dict[str, Any]] = json.loads(await browser.stop_tracing())["traceEvents"]
    await session.detach()
    painted = [event for event in events if event["name"] == "Paint"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    # Tasks of a thread that isn't nested: each holds all that was done in it. Microseconds.
    tasks = [
        event.get("tdur", 0)
        for event in events
        if event["name"] == "ThreadControllerImpl::RunTask" and (event["pid"], event["tid"]) in threads
    ]
    return Cost(len(painted) / seconds, 100 * taken / seconds, sum(tasks) / 1e4 / seconds)


async def processor_time(session: CDPSession) -> float:
    """Seconds that all processes of the browser have used."""
    found = await session.send("SystemInfo.getProcessInfo")
    return float(sum(process["cpuTime"] for process in found["processInfo"]))


if __name__ == "__main__":
    sys.exit(main())
