"""The README's pictures, taken from the real pages: `python run.py test tests/test_pictures.py --pictures docs`."""

from datetime import datetime
from pathlib import Path

import pytest

from bot.crowd import Mood
from bot.drawing.card import StreamMood, render_card
from bot.drawing.words import Language
from bot.history import Row
from bot.peaks import Peaks
from demo.story import Character
from model.emotions import EMOTIONS
from tests.bot.stage import theatre
from tests.chromium import browser_page, needs_chromium

pytestmark = pytest.mark.slow

STORY_SECONDS = 60.0
WIN = 48.0
# A quiet stand-in for a game behind the transparent page.
BACKDROP = "html { background: linear-gradient(160deg, #1b2a49, #3d2b56 55%, #7a3b4b) !important; }"


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    chosen = request.config.getoption("--pictures")
    return Path(chosen) if chosen else tmp_path


@pytest.mark.browser
@needs_chromium
async def test_pictures(folder: Path) -> None:
    async with theatre() as stage, browser_page(width=760, height=560) as page:
        for number in range(24):
            stage.join(number, Character(number).feel(WIN, STORY_SECONDS))
        await stage.until(lambda frame: frame["viewers"] == 24)
        await page.goto(f"{stage.address}/overlay?motion=reduced#key={stage.show.keys.overlay}")
        await page.locator('html[data-state="live"]').wait_for(state="attached")
        await page.locator('.row[data-emotion="happiness"][data-share]').wait_for(state="attached")
        await page.add_style_tag(content=BACKDROP)
        await page.screenshot(path=folder / "overlay.png")
    assert (folder / "overlay.png").stat().st_size > 10_000


def test_card(folder: Path) -> None:
    """The card of a stream in which a crowd lives through the demo's story, three quarters of an hour long."""
    length, cast = 2700.0, [Character(number) for number in range(24)]
    rows, peaks = [], Peaks()
    for second in range(0, round(length), 3):
        felt = [character.feel(second, length) for character in cast]
        a, b, c, d, e, f, g = (sum(part) / len(cast) for part in zip(*felt, strict=True))
        mood = Mood(float(second), len(cast), 3, (a, b, c, d, e, f, g))
        peaks.add(mood)
        rows.append(Row(mood.time, mood.viewers, mood.shares, None, None, len(cast), 0, 0.0))
    found = (peaks.of(emotion) for emotion in EMOTIONS)
    stream = StreamMood(
        "nightfox", datetime(2026, 11, 21, 20, 0), 0.0, length, rows, [peak for peak in found if peak is not None]
    )
    pictures: tuple[tuple[Language, str], ...] = (("en", "card.png"), ("zh-TW", "card-zh-TW.png"))
    for language, name in pictures:
        (folder / name).write_bytes(render_card(stream, language))
        assert (folder / name).stat().st_size > 10_000
