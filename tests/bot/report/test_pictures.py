"""The README's picture of a story: `python run.py test tests/bot/report/test_pictures.py --pictures docs`."""

from datetime import UTC
from pathlib import Path

import pytest

from bot.report.page import page
from bot.report.stories import chosen
from tests.bot.report.streams import season
from tests.chromium import browser_page, needs_chromium


@pytest.mark.slow
@pytest.mark.browser
@needs_chromium
async def test_report(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    chosen_folder = request.config.getoption("--pictures")
    folder = Path(chosen_folder) if chosen_folder else tmp_path
    path = tmp_path / "history.sqlite3"
    (tmp_path / "story.html").write_text(page(chosen(path, season(path)).story, zone=UTC), "utf-8")
    async with browser_page(width=1240, height=1200) as tab:
        await tab.emulate_media(color_scheme="dark")
        await tab.goto((tmp_path / "story.html").as_uri())
        await tab.locator("html[data-ready]").wait_for(state="attached")
        await tab.screenshot(path=folder / "report.png")
    assert (folder / "report.png").stat().st_size > 10_000
