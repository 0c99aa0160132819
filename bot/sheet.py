"""The bot's Google Sheet: where viewers meet it (`[sheet] live`), and where its history is mirrored (`archive`)."""

import asyncio
import logging

from bot.archive import Archive
from bot.settings import Settings
from bot.show import Show
from lera.errors import LeraError
from lera.signals import run_until_stopped
from transport.link import sheet_link
from transport.sheet_account import Account, account, spreadsheet_id
from transport.sheet_api import GOOGLE, Table
from transport.sheet_host import SheetHost
from transport.sheet_layout import HEAD_RANGE, HISTORY_HEAD_RANGE, read_head, read_history_head
from transport.sheet_pace import Quota
from transport.sheet_setup import set_up

logger = logging.getLogger(__name__)


def attach_sheet(show: Show) -> None:
    """Give a show the Sheet of its settings. What is wrong with them is said, and the show goes on without."""
    settings = show.settings.sheet
    if not (settings.live or settings.archive):
        return
    try:
        spreadsheet = spreadsheet_id(settings.spreadsheet)
        use_sheet(show, spreadsheet, account(spreadsheet, settings.key, log_in=False))
    except LeraError as error:
        logger.error("%s The show goes on without the Sheet.", error)
        show.sheet_fault = str(error)


def use_sheet(
    show: Show, spreadsheet: str, owner: Account, base: str = GOOGLE, quota: Quota | None = None
) -> SheetHost:
    """Let a show use this spreadsheet, as its settings say. `base` may name a stand-in's address. Raises LeraError."""
    owner.check_place(base)
    settings = show.settings.sheet
    show.archive = Archive(show.history, show.settings.channel.name, show.now)
    show.sheet = SheetHost(
        lambda: owner.table(spreadsheet, base),
        show.desk,
        show.now,
        live=settings.live,
        shared=settings.viewers == "shared",
        moments=show.archive.moments,
        quota=quota,
        keep_seconds=show.settings.history.keep_days * 86_400.0,
    )
    if settings.live:
        show.sheet_link = sheet_link(base, show.settings.channel.name, spreadsheet)
    return show.sheet


def sheet_line(show: Show) -> str:
    """How a show's Sheet is, in a line for people; empty where none is used."""
    return show.sheet_fault or (show.sheet.line if show.sheet is not None else "")


def set_up_sheet(settings: Settings, now: float) -> int:
    """`bot --sheet-setup`: make and check the layout, logging in where that is needed. Raises LeraError."""
    sheet = settings.sheet
    spreadsheet = spreadsheet_id(sheet.spreadsheet)
    owner = account(spreadsheet, sheet.key)
    status = run_until_stopped(_set_up(owner.table(spreadsheet), now, owner.email))
    if not status and not (sheet.live or sheet.archive):
        print("Set [sheet] live = true to let viewers meet there, or archive = true to mirror the history.")
    return status


def check_sheet(settings: Settings, base: str = GOOGLE) -> None:
    """Open the spreadsheet of the settings and look at its layout. Raises LeraError with the mend."""
    spreadsheet = spreadsheet_id(settings.sheet.spreadsheet)
    asyncio.run(_check(account(spreadsheet, settings.sheet.key, log_in=False).table(spreadsheet, base)))


async def _check(table: Table) -> None:
    try:
        head, history = await table.read(HEAD_RANGE, HISTORY_HEAD_RANGE)
    finally:
        await table.close()
    read_head(head)
    read_history_head(history)


async def _set_up(table: Table, now: float, owner: str) -> int:
    try:
        await set_up(table, now, owner)
    finally:
        await table.close()
    return 0
