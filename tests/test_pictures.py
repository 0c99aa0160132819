"""The README's pictures, taken from the real pages: `python run.py test tests/test_pictures.py --pictures docs`."""

from pathlib import Path

import pytest

from demo.story import Character
from tests.bot.stage import theatre
from tests.chromium import browser_page, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

STORY_SECONDS = 60.0
WIN = 48.0
# A quiet stand-in for a game behind the transparent page.
BACKDROP = "html { background: linear-gradient(160deg, #1b2a49, #3d2b56 55%, #7a3b4b) !important; }"


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    chosen = request.config.getoption("--pictures")
    return Path(chosen) if chosen else tmp_path


async def test_pictures(folder: Path) -> None:
    async with theatre() as stage, browser_page(width=760, height=560) as page:
        for number in range(24):
            stage.join(number, Character(number).feel(WIN, STORY_SECONDS))
        await stage.until(lambda frame: frame["viewers"] == 24)
        await page.goto(f"{stage.address}/overlay?motion=reduced")
        await page.locator('html[data-state="live"]').wait_for(state="attached")
        await page.locator('.row[data-emotion="happiness"][data-share]').wait_for(state="attached")
        await page.add_style_tag(content=BACKDROP)
        await page.screenshot(path=folder / "overlay.png")
    assert (folder / "overlay.png").stat().st_size > 10_000
