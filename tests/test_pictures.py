"""The README's pictures, taken from the real pages: `python -m tests.pictures`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from bot.controls import links
from bot.crowd import Mood
from bot.drawing.card import StreamMood, render_card
from bot.drawing.words import Language
from bot.history import History, Row, StreamerSecond
from bot.peaks import Peaks
from demo.crowd import wish_of
from demo.story import Character
from demo.streamer import QUALITY, blurred, feeling
from model.emotions import EMOTIONS
from tests.bot.report.streams import moods
from tests.bot.stage import Theatre, theatre
from tests.chromium import browser_page, needs_chromium
from tests.pictures import GAME, keep
from transport.reading import Reading
from transport.stage import SOURCES

pytestmark = pytest.mark.slow

STORY_SECONDS = 60.0
WIN = 48.0


@pytest.mark.browser
@needs_chromium
async def test_overlay(pictures: Path) -> None:
    async with theatre() as stage, browser_page(width=760, height=560) as page:
        await gather(stage)
        await page.goto(f"{stage.address}/overlay?motion=reduced#key={stage.show.keys.overlay}")
        await page.locator('html[data-state="live"]').wait_for(state="attached")
        await page.locator('.row[data-emotion="happiness"][data-share]').wait_for(state="attached")
        await page.add_style_tag(content=f"html {{ background: {GAME} !important; }}")
        keep(await page.screenshot(), pictures / "overlay.png")


@pytest.mark.browser
@needs_chromium
async def test_dashboard_and_join_page(pictures: Path, tmp_path: Path) -> None:
    """The last five minutes of a stream, and the page that viewers come to."""
    history = History(tmp_path / "history.db")
    async with theatre(history) as stage, browser_page(width=1280, height=1490) as page:
        await gather(stage)
        now = stage.show.now()
        for mood in moods(now - 400, 400, story=400.0):
            history.add(stage.show.session, mood)
        follow(stage, history, now)
        feel(stage)
        await page.goto(f"{stage.address}/dashboard/#key={stage.show.keys.streamer}")
        await page.locator('html[data-state="live"]').wait_for(state="attached")
        await page.locator(".river .empty").wait_for(state="hidden")
        await page.locator(".links input").first.wait_for()
        await page.locator(".tiles-list .seat").first.wait_for()
        async with feeling_on(stage):
            await page.locator('.together-modalities li:first-child[data-there="true"]').wait_for()
            keep(await page.screenshot(), pictures / "dashboard.png")

        await page.set_viewport_size({"width": 900, "height": 900})
        await page.goto(links(stage.show, stage.address)["join"])
        await page.locator(".ready").wait_for()
        keep(await page.screenshot(), pictures / "join.png")


async def gather(stage: Theatre) -> None:
    """A crowd in the best moment of the demo's story."""
    for number in range(24):
        viewer = stage.join(number, Character(number).feel(WIN, STORY_SECONDS))
        # Some of them want to be seen.
        viewer.appearing.want(wish_of(number))
    await stage.until(lambda frame: frame["viewers"] == 24)


def follow(stage: Theatre, history: History, now: float) -> None:
    """A streamer whom the crowd has followed for minutes."""
    side, cast = stage.show.streamer_side, [Character(number) for number in range(24)]
    side.attend(True)
    for second in range(400):
        shares = np.mean([viewer.feel(second, STORY_SECONDS) for viewer in cast], axis=0).tolist()
        side.resonance.add(now - 400 + second, feeling(second, STORY_SECONDS), shares)
        found = side.resonance.state(now - 400 + second)
        told = StreamerSecond(now - 400 + second, None, None, found.score, found.low, found.high, found.lag)
        history.add_stage(stage.show.session, told, [])


def feel(stage: Theatre) -> None:
    """What the streamer's agent reads right now."""
    seven = feeling(WIN, STORY_SECONDS)
    for modality, quality in QUALITY.items():
        reading = Reading("", SOURCES[modality], stage.show.now(), blurred(seven, modality), quality)
        stage.show.streamer_side.sense(reading)


@asynccontextmanager
async def feeling_on(stage: Theatre) -> AsyncIterator[None]:
    """The streamer's agent goes on reading: a face holds for some seconds, and a page may need more."""

    async def go_on() -> None:
        while True:
            feel(stage)
            await asyncio.sleep(1.0)

    going_on = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going_on.cancel()
        await asyncio.gather(going_on, return_exceptions=True)


def test_card(pictures: Path) -> None:
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
    languages: tuple[tuple[Language, str], ...] = (("en", "card.png"), ("zh-TW", "card-zh-TW.png"))
    for language, name in languages:
        keep(render_card(stream, language), pictures / name)
