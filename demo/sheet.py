"""The demo's Google: the tests' stand-in on this machine, with a spreadsheet, the bot's key and viewers' logins."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.sheet import use_sheet
from bot.show import Show
from lera.errors import LeraError
from lera.vault import keep_secret
from transport.link import Link, parse_link, sheet_link
from transport.sheet_account import account, login_account, login_name
from transport.sheet_client import SheetClient
from transport.sheet_setup import set_up


class DemoSheet:
    """A spreadsheet in a stand-in for Google that keeps the real quotas. `link` is what viewers get."""

    def __init__(self, google: Any, spreadsheet: str, link: str) -> None:
        self.link = link
        self._google = google
        self._spreadsheet = spreadsheet

    def client(self, viewer: str) -> SheetClient:
        """A viewer with a Google login of its own."""
        link: Link = parse_link(self.link)
        return SheetClient(login_account(self._log_in()).table(link.token, link.url), link.channel, viewer)

    def let_agent_in(self) -> None:
        """Keep a login where the agent's own process finds it."""
        keep_secret(login_name(self._spreadsheet), json.dumps(self._log_in()))

    def _log_in(self) -> dict[str, Any]:
        person: dict[str, Any] = self._google.logins.add_person(f"viewer-{len(self._google.users)}@example.com")
        return person


@asynccontextmanager
async def demo_sheet(show: Show, key_file: Path) -> AsyncIterator[DemoSheet]:
    """Let a show meet its viewers in a Sheet, for as long as the context lasts. Raises LeraError."""
    try:
        # The stand-in is a test's tool, so only a checkout has it.
        from tests.standins.sheets import standin
    except ImportError as error:
        raise LeraError(
            f"--transport sheet needs LERA's checkout with its tests ({error.name} is missing): "
            "run it there, or leave the option out."
        ) from None
    async with standin() as google:
        book = google.add_spreadsheet(title="LERA's demo")
        owner = account(book.id, _write_key(key_file, google.logins.add_service_account("bot")))
        table = owner.table(book.id, google.url)
        await set_up(table, time.time(), owner.email, say=lambda _: None)
        await table.close()
        use_sheet(show, book.id, owner, google.url)
        yield DemoSheet(google, book.id, sheet_link(google.url, show.settings.channel.name, book.id))


def _write_key(path: Path, key: dict[str, Any]) -> str:
    path.write_text(json.dumps(key), "utf-8")
    return str(path)
