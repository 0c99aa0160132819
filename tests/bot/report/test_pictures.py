"""The README's picture of a story: `python -m tests.pictures`."""

from datetime import UTC
from pathlib import Path

import pytest

from bot.report.page import page
from bot.report.stories import chosen
from tests.bot.report.streams import season
from tests.chromium import browser_page, needs_chromium
from tests.pictures import keep


@pytest.mark.slow
@pytest.mark.browser
@needs_chromium
async def test_report(pictures: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    (tmp_path / "story.html").write_text(page(chosen(path, season(path)).story, zone=UTC), "utf-8")
    async with browser_page(width=1240, height=1200) as tab:
        await tab.emulate_media(color_scheme="dark")
        await tab.goto((tmp_path / "story.html").as_uri())
        await tab.locator("html[data-ready]").wait_for(state="attached")
        keep(await tab.screenshot(), pictures / "report.png")
