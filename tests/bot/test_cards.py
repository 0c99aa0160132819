"""The share card of a running show, as the dashboard gets it."""

import asyncio
import io
import threading
from typing import Any

import pytest
from PIL import Image

from bot import cards
from bot.cards import Cards
from bot.drawing.card import StreamMood
from bot.drawing.words import Language
from bot.history import History
from lera.errors import LeraError
from tests.bot.stage import HAPPY, STREAMER_KEY, eventually, theatre
from tests.chromium import browser_page, needs_chromium


class Printer:
    """Stands in for the drawing: notes what it was handed, and in which thread."""

    def __init__(self) -> None:
        self.streams: list[StreamMood] = []
        self.threads: set[int] = set()

    def __call__(self, stream: StreamMood, language: Language) -> bytes:
        self.streams.append(stream)
        self.threads.add(threading.get_ident())
        return f"{language} {len(self.streams)}".encode()


@pytest.fixture
def printer(monkeypatch: pytest.MonkeyPatch) -> Printer:
    printer = Printer()
    monkeypatch.setattr(cards, "render_card", printer)
    return printer


async def test_the_dashboard_downloads_a_card() -> None:
    history = History(None)
    async with theatre(history) as stage:
        for number in range(3):
            stage.join(number, HAPPY)
        await stage.until(lambda frame: frame["viewers"] == 3)
        for language in ("en", "zh-TW"):
            async with stage.session.get("/api/card.png", params={"lang": language}) as answer:
                assert answer.content_type == "image/png"
                assert answer.headers["Content-Disposition"].startswith('attachment; filename="mood-')
                assert Image.open(io.BytesIO(await answer.read())).size == (1200, 630)
        async with stage.session.get("/api/card.png?lang=tlh") as answer:
            assert answer.status == 400 and "zh-TW" in await answer.text()
    history.close()


@pytest.mark.browser
@needs_chromium
async def test_a_click_on_the_dashboard_is_a_card() -> None:
    async with theatre() as stage, browser_page() as page:
        await page.goto(f"{stage.address}/dashboard/#key={STREAMER_KEY}")
        for name in ("Download", "下載中文版"):
            async with page.expect_download() as download:
                await page.get_by_role("link", name=name, exact=True).click()
            file = await download.value
            assert file.suggested_filename.endswith(".png")
            with Image.open(await file.path()) as image:
                assert (image.format, image.size) == ("PNG", (1200, 630))


async def test_the_card_tells_of_the_whole_show(printer: Printer) -> None:
    history = History(None)
    async with theatre(history) as stage:
        for number in range(4):
            stage.join(number, HAPPY)
        await stage.until(lambda frame: frame["viewers"] == 4)
        await eventually(lambda: stage.show.peaks.of("happiness") is not None)
        await eventually(lambda: any(row.viewers == 4 for row in history.rows(stage.show.session)))
        await Cards(stage.show).png()
        (told,) = printer.streams
        assert told.channel == "demo" and told.started == stage.show.started
        assert told.rows[-1].viewers == 4 and told.most_viewers() == 4
        assert [peak.emotion for peak in told.peaks if peak.share > 0.5] == ["happiness"]
        assert told.shares == pytest.approx(HAPPY)
    history.close()


async def test_many_who_ask_at_once_get_one_drawing_off_the_event_loop(printer: Printer) -> None:
    clock = [1000.0]
    async with theatre(now=lambda: clock[0]) as stage:
        press = Cards(stage.show)
        assert set(await asyncio.gather(*(press.png() for _ in range(20)))) == {b"en 1"}
        assert await press.png("zh-TW") == b"zh-TW 2", "each language is a card of its own"
        clock[0] += Cards.KEPT_SECONDS - 0.1
        assert await press.png() == b"en 1"
        clock[0] += 0.2
        assert await press.png() == b"en 3"
        assert threading.get_ident() not in printer.threads


async def test_a_history_that_fails_costs_the_river_and_not_the_card(printer: Printer) -> None:
    class Broken(History):
        def rows(self, *_: Any) -> Any:
            raise LeraError("the disk is gone")

    history = Broken(None)
    async with theatre(history) as stage:
        assert await Cards(stage.show).png() == b"en 1"
        assert printer.streams[0].rows == ()
    history.close()
