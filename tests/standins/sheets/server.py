"""The stand-in on a socket, and how a test makes it fail."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import BasicAuth, web

from tests.standins.sheets import drive
from tests.standins.sheets.a1 import Area
from tests.standins.sheets.book import Book
from tests.standins.sheets.errors import ApiError
from tests.standins.sheets.google import LARGEST_BODY, Google
from tests.standins.sheets.logins import Account, LoginError, Logins
from tests.standins.sheets.quota import Quota, exceeded

Json = dict[str, Any]
NOT_FOUND = "<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> That is an error.\n"


class SheetsStandIn:
    """A Google of one's own: `url` is what stands in for https://sheets.googleapis.com and www.googleapis.com.

    `scale` is how many of Google's seconds pass in one of ours: with 20, a minute of quota is over in three seconds.
    """

    def __init__(self, *, quota: bool = True, strict_logins: bool = True, scale: float = 1.0) -> None:
        self.google = Google(Quota() if quota else None, strict_logins)
        self.scale = scale
        self.url = ""
        self._down_until = 0.0

    # What a test can do

    @property
    def logins(self) -> Logins:
        return self.google.logins

    @property
    def users(self) -> dict[str, Account]:
        """Everyone who can log in, by e-mail address."""
        return dict(self.google.logins.accounts)

    @property
    def spreadsheets(self) -> dict[str, Book]:
        return self.google.books

    def now(self) -> float:
        """Google's seconds."""
        return time.monotonic() * self.scale

    def add_spreadsheet(self, book_id: str = "", title: str = "Crowd", people: dict[str, str] | None = None) -> Book:
        """A spreadsheet shared with those people ("reader", "writer"); without any, with all who have the link."""
        book = self.google.add_book(book_id, title)
        book.people.update(people or {})
        book.link = "" if people else "writer"
        return book

    def fail_next(self, status: int, times: int = 1, method: str = "") -> None:
        """The next requests (of that method, such as `values.append`) are answered with that status."""
        left = [times]

        def fault(called: str, _now: float) -> ApiError | None:
            if left[0] <= 0 or (method and not called.endswith(f".{method}")):
                return None
            left[0] -= 1
            return exceeded("Write", "per user", self.google.logins.project) if status == 429 else ApiError(status)

        self.google.faults.append(fault)

    def outage(self, seconds: float) -> None:
        """For that long, in Google's seconds, connections are cut as soon as they ask for something."""
        self._down_until = self.now() + seconds

    def expire_tokens(self) -> None:
        """Every access token that is out is worth nothing from now on; new ones can be had."""
        self.google.logins.tokens.clear()

    def revoke(self, email: str) -> None:
        """Take an account's access away for good."""
        self.google.logins.accounts[email].revoked = True

    def delete_spreadsheet(self, book_id: str) -> None:
        del self.google.books[book_id]

    def edit(self, book_id: str, range_: str, values: list[list[Any]]) -> None:
        """Write into cells as a person does in the browser: no quota, no login."""
        book = self.google.books[book_id]
        tab, area = book.resolve(range_)
        for row, line in enumerate(values, area.top):
            for column, value in enumerate(line, area.left):
                tab.enter(row, column, value, None, None)

    def read(self, book_id: str, range_: str) -> list[list[Any]]:
        """What the cells hold, without the empty rows and cells that end them."""
        tab, area = self.google.books[book_id].resolve(range_)
        lines: dict[int, dict[int, Any]] = {}
        for row, column in tab.filled(Area(*area)):
            lines.setdefault(row - area.top, {})[column - area.left] = tab.value(row, column)
        rows = [lines.get(row, {}) for row in range(max(lines, default=-1) + 1)]
        return [[line.get(column, "") for column in range(max(line, default=-1) + 1)] for line in rows]

    # The socket

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> web.AppRunner:
        app = web.Application(client_max_size=LARGEST_BODY + 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        self.url = "http://{}:{}".format(*runner.addresses[0][:2])
        self.google.logins.token_uri = f"{self.url}/token"
        return runner

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = request.rel_url.raw_path
        if self.now() < self._down_until:
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        if raw == "/token" and request.method == "POST":
            form = {name: str(value) for name, value in (await request.post()).items()}
            return self._token(form | basic(request.headers.get("Authorization", "")))
        if raw == "/o/oauth2/auth":
            return self._agree(dict(request.query))
        body = await request.read()
        authorization = request.headers.get("Authorization", "")
        if raw.startswith(("/drive/", "/upload/drive/")):
            path = request.rel_url.path
            status, answer = drive.answer(self.google, request.method, path, dict(request.query), authorization, body)
        else:
            query = list(request.query.items())
            status, answer = self.google.answer(request.method, raw, query, authorization, body, self.now())
        if answer is None:
            return web.Response(status=status, text=NOT_FOUND if status == 404 else "", content_type="text/html")
        text = json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
        return web.Response(status=status, text=text, content_type="application/json")

    def _token(self, form: dict[str, str]) -> web.Response:
        try:
            return web.json_response(self.google.logins.grant(form))
        except LoginError as error:
            return web.json_response(error.body, status=error.status)

    def _agree(self, query: dict[str, str]) -> web.Response:
        try:
            return web.Response(status=302, headers={"Location": self.google.logins.agree(query)})
        except LoginError as error:
            return web.json_response(error.body, status=error.status)


def basic(authorization: str) -> dict[str, str]:
    """A client's id and secret, where it gives them in the header instead of the form."""
    if not authorization.startswith("Basic "):
        return {}
    login = BasicAuth.decode(authorization)
    return {"client_id": login.login, "client_secret": login.password}


@asynccontextmanager
async def standin(
    *, quota: bool = True, strict_logins: bool = True, scale: float = 1.0, port: int = 0
) -> AsyncIterator[SheetsStandIn]:
    """The stand-in for the length of a test, on a free port."""
    sheets = SheetsStandIn(quota=quota, strict_logins=strict_logins, scale=scale)
    runner = await sheets.start(port)
    try:
        yield sheets
    finally:
        await runner.cleanup()
