"""The whole of LERA with nothing replaced: agent process, hub, crowd, feed, and the overlay in a real Chromium."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page

from bot.controls import links
from bot.history import History
from bot.keys import kept_keys
from lera.folders import data_folder
from tests.bot.stage import HAPPY, SAD, theatre, with_key
from tests.chromium import browser_page, needs_chromium
from tests.conftest import ROOT
from tests.ports import free_port
from transport.link import parse_link
from viewer_agent.channels import join_channel

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

WIDTHS = """() => {
    const width = (row, part) => row.querySelector(part).getBoundingClientRect().width;
    const rows = [...document.querySelectorAll('.row[data-emotion]')];
    return Object.fromEntries(rows.map(row => [row.dataset.emotion, width(row, '.fill') / width(row, '.track')]));
}"""


@asynccontextmanager
async def overlay(url: str) -> AsyncIterator[Page]:
    """The overlay in Chromium, without transitions, so that a bar's width is its value at once."""
    async with browser_page() as page:
        await page.goto(url.replace("#", "?motion=reduced#"))
        yield page


class Bot:
    """The bot in a process of its own, which can be killed without a goodbye."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.config = folder / "config.toml"
        web = f"[web]\nport = {port}\npublic_port = 0\n"
        self.config.write_text(f"[channel]\nname = 'demo'\n[crowd]\nminimum_viewers = 1\n{web}")

    def start(self) -> str:
        """Start it and return the join link that it prints."""
        command = [sys.executable, "-m", "lera", "bot", "--config", str(self.config)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "OBS browser source:" in line:
                self.overlay = line.split()[3]
            if "Dashboard:" in line:
                self.key = line.rpartition("#key=")[2].strip()
            if "Link for viewers:" in line:
                return line.split()[3]
        raise AssertionError("the bot ended before it gave a link")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def agent_process(link: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The viewer agent on the rendered portrait, in a process of its own."""
    join_channel(parse_link(link))
    command = [sys.executable, "-m", "viewer_agent", "--stop-with-parent", "--loop"]
    command += ["--camera", str(ROOT / "viewer_agent" / "portrait.mp4")]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(120) == 0


async def state_is(page: Page, state: str, seconds: float = 200) -> None:
    # By selector: the page's own policy forbids the eval that waiting for a function needs.
    await page.locator(f'html[data-state="{state}"]').wait_for(state="attached", timeout=1000 * seconds)


async def until_remembered(bot: Bot) -> None:
    """Until the history of this session holds a second."""
    async with asyncio.timeout(120), aiohttp.ClientSession(headers=with_key(bot.key)) as session:
        while True:
            async with session.get(f"{bot.address}/api/history") as answer:
                if (await answer.json())["rows"]:
                    return


async def test_the_bars_are_as_wide_as_the_api_says() -> None:
    async with theatre() as stage, overlay(links(stage.show, stage.address)["overlay"]) as page:
        await state_is(page, "gathering")
        for number in range(3):
            stage.join(number, HAPPY)
        stage.join(3, SAD)
        await stage.until(lambda frame: frame["viewers"] == 4)
        await state_is(page, "live")
        async with stage.session.get("/api/mood") as answer:
            shares = (await answer.json())["shares"]
        row = f'.row[data-emotion="happiness"][data-share="{shares["happiness"]}"]'
        await page.locator(row).wait_for(state="attached")
        widths = await page.evaluate(WIDTHS)
        assert widths == pytest.approx(shares, abs=0.005)


async def test_obs_may_start_before_the_bot(tmp_path: Path) -> None:
    bot = Bot(tmp_path)
    async with browser_page() as page:
        waiting = (ROOT / "overlay" / "start.html").as_uri()
        async with page.expect_event("requestfailed", lambda request: request.url.endswith("/healthz")):
            # As `--obs-setup` puts it into OBS: the key is kept, and the bot that starts later knows it.
            key = kept_keys("demo").overlay
            await page.goto(f"{waiting}?port={bot.address.rsplit(':', 1)[1]}&theme=light#key={key}")
        bot.start()
        try:
            await state_is(page, "gathering")
            assert page.url == f"{bot.address}/overlay/?theme=light"
        finally:
            bot.kill()


async def test_a_real_face_reaches_the_overlay_and_all_come_back_after_the_bot_was_killed(tmp_path: Path) -> None:
    bot = Bot(tmp_path)
    link = bot.start()
    try:
        async with overlay(bot.overlay) as page:
            with agent_process(link) as agent:
                await state_is(page, "live")
                widths = await page.evaluate(WIDTHS)
                assert sum(widths.values()) == pytest.approx(1.0, abs=0.02)
                await until_remembered(bot)
                bot.kill()
                await state_is(page, "stale")
                assert bot.start() == link
                await state_is(page, "live")
                await until_remembered(bot)
                assert agent.poll() is None
    finally:
        bot.kill()
    history = History(data_folder() / "history.sqlite3")
    second, first = history.sessions()
    assert first.ended is not None and history.rows(first.id) and history.rows(second.id)
    history.close()
