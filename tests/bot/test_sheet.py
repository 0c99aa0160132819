"""A whole show with a Sheet: viewers meet there, or the hub's history is mirrored into it."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot import __main__ as program
from bot.controls import links as links_of
from bot.history import History
from bot.privacy import PrivacySettings
from bot.settings import ChannelSettings, Settings
from bot.sheet import attach_sheet, check_sheet, sheet_line, use_sheet
from bot.show import Show
from lera.errors import LeraError
from tests.bot.readers import WordReader
from tests.bot.stage import theatre
from tests.transport.sheet_stage import HAPPY, SheetStage, eventually, sheet_stage
from transport.reading import Reading
from transport.sheet_account import SheetSettings


@asynccontextmanager
async def playing(
    stage: SheetStage, history: History | None = None, now: Callable[[], float] = time.time, **sheet: Any
) -> AsyncIterator[Show]:
    """A show that uses the stage's spreadsheet, running."""
    # Joins aren't masked: that is not what these tests are about.
    privacy = PrivacySettings(mask_changes=False)
    settings = Settings(ChannelSettings("demo"), sheet=SheetSettings(**sheet), privacy=privacy)
    show = Show(settings, "secret", history, now, WordReader)
    use_sheet(show, stage.book, stage.bot, stage.google.url, stage.quota)
    running = asyncio.create_task(show.run())
    try:
        yield show
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_viewers_who_meet_in_the_sheet_are_the_crowd(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage, playing(stage, live=True) as show:
        for name in ("ann", "bob", "eve"):
            stage.join(name)
        await eventually(lambda: show.mood.shares is not None)
        assert show.mood.viewers == 3 and show.mood.shares is not None
        assert show.mood.shares[0] == pytest.approx(HAPPY[0], abs=1e-3)
        assert show.sheet_link.startswith("lera+sheet://127.0.0.1:") and show.sheet_link.endswith(f"/demo#{stage.book}")
        assert any(show.sheet_link in line for line in program.welcome(show, "http://127.0.0.1:8765"))


async def test_the_hubs_history_is_mirrored_through_a_restart_and_an_outage(tmp_path: Path) -> None:
    """Time runs ten times as fast for the quotas, and for the show five times, which stands still where this test does.

    Of each row's ten seconds the show so remembers one or two, however busy the machine is.
    """
    clock = [time.time()]

    def now() -> float:
        return clock[0]

    def kept() -> list[list[Any]]:
        return [row for row in stage.google.read(stage.book, "History!A4:I4000") if row]

    async with sheet_stage(tmp_path, scale=10) as stage:
        for run in range(2):
            history = History(tmp_path / "history.sqlite3")
            before = len(kept())
            async with playing(stage, history, now, archive=True) as show:
                assert not show.sheet_link

                async def feel(show: Show = show) -> None:
                    while True:
                        for number in range(4):
                            show.take(Reading(f"viewer-number-{number:04}", "face", now(), HAPPY))
                        await asyncio.sleep(0.02)
                        clock[0] += 0.1

                feeling = asyncio.create_task(feel())
                await eventually(lambda before=before: len(kept()) > before + 1)  # type: ignore[misc]
                if run:
                    stage.google.outage(30)
                    await eventually(lambda: show.sheet is not None and show.sheet.fault is not None)
                    outage = len(kept())
                    await eventually(lambda outage=outage: len(kept()) > outage + 2)  # type: ignore[misc]
                feeling.cancel()
            history.close()
        times = [row[0] for row in kept()]
        assert times == sorted(set(times))
        seconds = [time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S")) for text in times]
        # Between the two runs there may be a gap of a row or two; inside of them there is none.
        gaps = [later - earlier for earlier, later in pairwise(seconds) if later - earlier != 10]
        assert len(gaps) <= 1, times
        for row in kept():
            assert row[1] == 4 and sum(row[2:9]) == pytest.approx(4, abs=0.05)
        # The crowd's numbers and nothing of any one person.
        assert "viewer-number" not in str(stage.google.read(stage.book, "Live!A1:L1003"))


def test_a_sheet_that_is_wrong_in_the_settings_is_said_and_the_show_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    for sheet in (SheetSettings(live=True), SheetSettings("1A2b3C4d5E6f7G8h9I0j", live=True, key="/no/such/key.json")):
        show = Show(Settings(sheet=sheet), "secret", None, time.time, WordReader)
        attach_sheet(show)
        assert show.sheet is None and sheet_line(show) == show.sheet_fault != ""
    assert caplog.text.count("The show goes on without the Sheet.") == 2


async def test_a_key_that_would_show_its_token_to_others_ends_no_show(tmp_path: Path) -> None:
    """Found out before the show runs, since it would end with its Sheet."""
    async with sheet_stage(tmp_path) as stage:
        # This key is of the stand-in on this machine, and the Sheet is Google's.
        show = Show(
            Settings(sheet=SheetSettings(stage.book, live=True, key=str(tmp_path / "bot-key.json"))),
            "secret", None, time.time, WordReader,
        )  # fmt: skip
        attach_sheet(show)
        assert show.sheet is None and "don't belong together" in sheet_line(show)


async def test_the_status_tells_how_the_sheet_is_and_the_links_where(tmp_path: Path) -> None:
    async with theatre() as alone, alone.session.get("/api/status") as answer:
        assert (await answer.json())["sheet"] == "off"
        async with alone.session.get("/api/links") as links:
            assert "sheet" not in await links.json()
    async with sheet_stage(tmp_path) as stage, playing(stage, live=True) as show:
        assert sheet_line(show) == "The Sheet is being opened."
        assert links_of(show, "http://127.0.0.1:8765")["sheet"] == show.sheet_link
        stage.join("ann")
        await eventually(lambda: sheet_line(show).startswith("Viewers in the Sheet: 1. Each may post every "))
        stage.google.edit(stage.book, "Live!C3", [["joy"]])
        await eventually(lambda: "Cell C3 of the sheet `Live`" in sheet_line(show))
        stage.google.edit(stage.book, "Live!C3", [["happiness"]])
        await eventually(lambda: sheet_line(show).startswith("Viewers"))


async def test_the_doctor_opens_the_spreadsheet_and_looks_at_its_head(tmp_path: Path) -> None:
    async with sheet_stage(tmp_path) as stage:
        settings = Settings(sheet=SheetSettings(stage.book, live=True, key=str(tmp_path / "bot-key.json")))
        await asyncio.to_thread(check_sheet, settings, stage.google.url)
        stage.google.edit(stage.book, "History!B3", [["people"]])
        with pytest.raises(LeraError, match="B3 of the sheet `History` must say `viewers`"):
            await asyncio.to_thread(check_sheet, settings, stage.google.url)


def test_without_the_settings_there_is_no_sheet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    show = Show(Settings(sheet=SheetSettings("1A2b3C4d5E6f7G8h9I0j")), "secret", None, time.time, WordReader)
    attach_sheet(show)
    assert show.sheet is None and not caplog.text


def test_setup_without_a_spreadsheet_says_what_to_do(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[sheet]\nlive = true\n", "utf-8")
    with pytest.raises(LeraError, match="copy the address"):
        program.main(["--sheet-setup", "--config", str(config)])
    assert msgspec.structs.asdict(SheetSettings())["viewers"] == "login"


async def test_rows_of_the_archive_that_are_older_than_what_is_kept_are_deleted(tmp_path: Path) -> None:
    def kept() -> list[list[Any]]:
        return [row for row in stage.google.read(stage.book, "History!A4:I4000") if row]

    async with sheet_stage(tmp_path) as stage:
        now = time.time()
        old = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now - 400 * 86_400 + 10 * row)) for row in range(5)]
        young = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now - 300 * 86_400 + 10 * row)) for row in range(3)]
        rows = [[text, 5, 1, 1, 1, 1, 1, 0, 0] for text in old + young]
        # Somebody has emptied one of the old ones, and written a note into another.
        rows[1], rows[2] = [""] * 9, ["a note", *[""] * 8]
        stage.google.edit(stage.book, "History!A4:I11", rows)
        history = History(None)
        async with playing(stage, history, time.time, archive=True) as show:
            for number in range(4):
                show.take(Reading(f"viewer-number-{number:04}", "face", time.time(), HAPPY))
            await eventually(lambda: [row[0] for row in kept()][:3] == young)
            assert show.sheet is not None and show.sheet.fault is None
        history.close()
        assert [row[0] for row in kept()][:3] == young
        assert not {row[0] for row in kept()} & {*old, "a note"}
