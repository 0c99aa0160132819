"""Stories on the bot's server."""

import csv
import io
from pathlib import Path

import pytest

from bot.history import History
from bot.report.listing import MOST
from bot.report.packing import policy
from bot.report.words import WORDS
from tests.bot.report.streams import EVENING, keep
from tests.bot.stage import HAPPY, eventually, theatre


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "history.sqlite3"
    for day in range(3):
        keep(path, EVENING + day * 86_400, 120.0, f"Evening <{day}>")
    return path


async def test_the_list_leads_to_every_story(path: Path) -> None:
    history = History(path)
    async with theatre(history) as stage:
        async with stage.session.get("/report") as answer:
            text = await answer.text()
            assert answer.status == 200 and answer.url.path == "/report/"
        for number in (1, 2, 3):
            assert f"Evening &lt;{number - 1}&gt;" in text
            assert f'href="/report/{number}?lang=en"' in text
            async with stage.session.get(f"/report/{number}") as answer:
                assert answer.status == 200 and f"Evening &lt;{number - 1}&gt;" in await answer.text()
    history.close()


async def test_every_page_has_a_policy_of_its_own(path: Path) -> None:
    history = History(path)
    async with theatre(history) as stage:
        for place in ("/report/", "/report/1", "/report/1?lang=zh-TW"):
            async with stage.session.get(place) as answer:
                assert answer.headers["Content-Security-Policy"] == f"{policy()}; frame-ancestors 'self'"
                assert answer.headers["Cache-Control"] == "no-store"
    history.close()


async def test_a_page_speaks_the_language_that_is_asked_for(path: Path) -> None:
    history = History(path)
    async with theatre(history) as stage:
        for asked, language in (("zh-TW", "zh-TW"), ("en", "en"), ("tlh", "en")):
            async with stage.session.get(f"/report/1?lang={asked}") as answer:
                text = await answer.text()
                assert f'<html lang="{language}">' in text
                # The link to the other one stands on the page.
                assert WORDS["zh-TW" if language == "en" else "en"].other_language not in text.split("<h1>")[0][-200:]
    history.close()


async def test_files_come_with_a_name(path: Path) -> None:
    history = History(path)
    async with theatre(history) as stage:
        async with stage.session.get("/report/2.csv") as answer:
            assert answer.headers["Content-Disposition"] == 'attachment; filename="lera-stream-2.csv"'
            rows = list(csv.DictReader(io.StringIO(await answer.text())))
            assert len(rows) == len(history.rows(2))
        async with stage.session.get("/report/2.json") as answer:
            assert (await answer.json())["story"]["session"]["id"] == 2
        async with stage.session.get("/report/2.html") as answer:
            assert "python run.py report 1" in await answer.text(), "a file can't link to a server"
    history.close()


@pytest.mark.parametrize("place", ["/report/99", "/report/99.csv", "/report/x", "/report/1.exe", "/report/1/2"])
async def test_what_is_not_there_is_said(path: Path, place: str) -> None:
    history = History(path)
    async with theatre(history) as stage, stage.session.get(place) as answer:
        assert answer.status == 404
        assert "99" not in place or "There is no stream 99; there are 4, 3, 2, 1" in await answer.text()
    history.close()


async def test_the_running_stream_has_a_story_too(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    async with theatre(history) as stage:
        for number in range(3):
            stage.join(number, HAPPY)
        await stage.until(lambda frame: frame["viewers"] == 3)
        await eventually(lambda: any(row.shares for row in history.rows(stage.show.session)))
        async with stage.session.get(f"/report/{stage.show.session}") as answer:
            assert WORDS["en"].running in await answer.text()
        async with stage.session.get("/report/") as answer:
            assert WORDS["en"].running in await answer.text()
    history.close()


async def test_without_a_history_it_is_said() -> None:
    async with theatre(None) as stage:
        async with stage.session.get("/report/") as answer:
            assert answer.status == 200 and "keeps no history" in await answer.text()
        async with stage.session.get("/report/1") as answer:
            assert answer.status == 404 and "keeps no history" in await answer.text()


async def test_long_lists_have_pages(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    for number in range(MOST + 4):
        history.end(history.begin("nightfox", EVENING + number, f"Stream {number}"), EVENING + number + 1)
    async with theatre(history) as stage:
        for asked, first, missing in (
            ("0", MOST + 4, 1),
            ("1", 4, MOST + 4),
            ("99999", 4, MOST + 4),
            ("-1", MOST + 4, 1),
        ):
            async with stage.session.get(f"/report/?page={asked}") as answer:
                text = await answer.text()
                assert f'"/report/{first}?lang=en"' in text and f'"/report/{missing}?lang=en"' not in text
    history.close()


async def test_strangers_see_none_of_it(path: Path) -> None:
    history = History(path)
    async with theatre(history) as stage:
        for place in ("/report/", "/report/1", "/report/1.csv"):
            async with stage.session.get(place, headers={"X-Forwarded-For": "203.0.113.7"}) as answer:
                assert answer.status == 403
    history.close()
