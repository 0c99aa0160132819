"""The thin shell around gspread: a few calls, off the event loop, with faults that people can read."""

import asyncio
import json
import logging
import os
import threading
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlsplit

from msgspec import Struct

from lera.errors import LeraError
from transport.sheet_layout import Cell

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from gspread.http_client import HTTPClient

T = TypeVar("T")

GOOGLE: Final = "https://sheets.googleapis.com"
TIMEOUT: Final = (5.0, 15.0)
"""Seconds to connect, and to wait for an answer."""

MAX_ANSWER_BYTES: Final = 4_000_000
"""A thousand rows are a tenth of it; cells may be stuffed by anyone who may edit."""

# Its warnings name addresses, and every fault is told by SheetFault anyway.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

_CELLS: Final = "updatedSpreadsheet(sheets(data(rowData(values(effectiveValue)))))"


class SheetFault(LeraError):
    """A call that failed. `lasting`: trying again soon won't help. `wait`: seconds that the server asked for."""

    def __init__(self, kind: str, message: str, *, lasting: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.lasting = lasting
        self.wait = wait


class Written(Struct):
    """The answer to one write: a reply to each request, and the cells that were asked for."""

    replies: list[Any]
    cells: list[list[Any]]


class Table:
    """One spreadsheet. Its gspread client lives in a thread of its own, where all calls are made in their order.

    All methods raise SheetFault.
    """

    def __init__(self, spreadsheet: str, credentials: "Callable[[], Credentials]", base: str = GOOGLE) -> None:
        """`credentials` makes what signs the calls, in the table's own thread. `base` may name a stand-in's address."""
        self._spreadsheet = quote(spreadsheet, safe="")
        self._credentials = credentials
        self._base = base
        # Read now: the agent's face finder is cut off from the network by proxy variables that lead nowhere.
        self._proxies = _proxies(base)
        self._thread = ThreadPoolExecutor(1, "sheet")
        self._client: HTTPClient | None = None
        self._closed = False

    async def read(self, *ranges: str) -> list[list[list[Any]]]:
        """The cells of each range, row by row; one call, counted as one read."""
        params = {"ranges": list(ranges), "majorDimension": "ROWS", "valueRenderOption": "UNFORMATTED_VALUE"}
        answer = await self._call("get", "/values:batchGet", params)
        found = _list(answer, "valueRanges")
        if len(found) != len(ranges):
            raise _nonsense()
        return [[row for row in _list(each, "values") if isinstance(row, list)] for each in found]

    async def write(self, requests: Sequence[dict[str, Any]], wanted: str | None = None) -> Written:
        """Carry out all requests or none, and bring back the cells of the range `wanted`: one call, one write."""
        body: dict[str, Any] = {"requests": list(requests)}
        params: dict[str, Any] = {"fields": "replies"}
        if wanted is not None:
            body |= {"includeSpreadsheetInResponse": True, "responseRanges": [wanted], "responseIncludeGridData": True}
            params = {"fields": f"replies,{_CELLS}"}
        answer = await self._call("post", ":batchUpdate", params, body)
        replies = _list(answer, "replies")
        # Empty replies may be left out at the end.
        replies += [{}] * (len(requests) - len(replies))
        return Written(replies, _cells(answer))

    async def append(self, where: str, cells: Sequence[Cell]) -> int:
        """Add a row under the table at the range `where`, safe against others who do the same; returns its number."""
        params = {"valueInputOption": "RAW", "insertDataOption": "INSERT_ROWS"}
        body = {"values": [["" if cell is None else cell for cell in cells]]}
        answer = await self._call("post", f"/values/{quote(where, safe='')}:append", params, body)
        updates = answer.get("updates")
        place = str(updates.get("updatedRange", "")) if isinstance(updates, dict) else ""
        digits = "".join(letter for letter in place.rpartition("!")[2].partition(":")[0] if letter.isdigit())
        if not digits:
            raise _nonsense()
        return int(digits[:9])

    async def sheets(self) -> dict[str, tuple[int, int]]:
        """The sheets of the spreadsheet: id and number of rows of each title."""
        answer = await self._call("get", "", {"fields": "sheets(properties(sheetId,title,gridProperties(rowCount)))"})
        found = {}
        for sheet in _list(answer, "sheets"):
            properties = sheet.get("properties", {}) if isinstance(sheet, dict) else {}
            grid = properties.get("gridProperties", {})
            found[str(properties.get("title", ""))] = (int(properties.get("sheetId", 0)), int(grid.get("rowCount", 0)))
        return found

    async def close(self) -> None:
        """Give the connection back, once calls under way have ended."""
        if self._closed:
            return
        self._closed = True
        self._thread.submit(self._hang_up)
        self._thread.shutdown(wait=False)

    async def _call(self, method: str, place: str, params: dict[str, Any], body: Any = None) -> dict[str, Any]:
        if self._closed:
            raise SheetFault("closed", "The Sheet is closed already.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._request, method, place, params, body)

    def _request(self, method: str, place: str, params: dict[str, Any], body: Any) -> dict[str, Any]:
        """In the table's thread."""
        import google.auth.exceptions
        import gspread.exceptions
        import requests

        try:
            if self._client is None:
                self._client = _client(self._credentials(), self._base, self._proxies)
            url = f"{GOOGLE}/v4/spreadsheets/{self._spreadsheet}{place}"
            answer = json.loads(self._client.request(method, url, params=params, json=body).content)
        except gspread.exceptions.APIError as error:
            raise _fault(error.response.status_code, dict(error.error), error.response.headers) from None
        except (google.auth.exceptions.RefreshError, google.auth.exceptions.DefaultCredentialsError) as error:
            if getattr(error, "retryable", False):
                raise _unreachable() from None
            raise SheetFault(
                "denied", "Google doesn't accept this login (any more): log in again, or make a new key.", lasting=True
            ) from None
        except (requests.RequestException, google.auth.exceptions.TransportError, OSError):
            # Their texts hold addresses, and at times what was sent.
            raise _unreachable() from None
        except ValueError:
            raise _nonsense() from None
        if not isinstance(answer, dict):
            raise _nonsense()
        return answer

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.session.close()
            asking = getattr(self._client.session, "_auth_request", None)
            if asking is not None:
                asking.session.close()


_first_import = threading.Lock()


def _proxies(base: str) -> dict[str, str]:
    """The user's own proxies for an address; none where they are not meant for it."""
    if urllib.request.proxy_bypass(urlsplit(base).netloc):
        return {}
    return {scheme: url for scheme, url in urllib.request.getproxies().items() if not url.startswith("disabled:")}


def _client(credentials: "Credentials", base: str, proxies: dict[str, str]) -> "HTTPClient":
    # Imported only here, so that programs which use no Sheet start without it; by one thread at a time.
    with _first_import:
        import gspread.exceptions
        import requests
        from google.auth.transport.requests import AuthorizedSession, Request
        from gspread.http_client import HTTPClient

    class Client(HTTPClient):
        """gspread's, with another host where one is named, and with a limit to what it takes in."""

        def request(self, method: str, endpoint: str, *_: Any, **options: Any) -> requests.Response:
            address = base + endpoint.removeprefix(GOOGLE)
            response = self._ask(method, address, options)
            if response.status_code == 401:
                # The token was taken back before its time. A refusal that is still open would keep its connection.
                response.close()
                credentials.refresh(asking)  # type: ignore[no-untyped-call]
                response = self._ask(method, address, options)
            with response:
                content = b""
                for chunk in response.iter_content(65_536):
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise SheetFault("bad", "The Sheet is stuffed with text: delete the rows in `Live` with it.")
            response._content = content
            if not response.ok:
                raise gspread.exceptions.APIError(response)
            return response

        def _ask(self, method: str, address: str, options: dict[str, Any]) -> requests.Response:
            params, body = options.get("params"), options.get("json")
            return self.session.request(method, address, params=params, json=body, timeout=TIMEOUT, stream=True)

    def dressed(session: T) -> T:
        assert isinstance(session, requests.Session)
        session.trust_env = False
        session.proxies.update(proxies)
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        return session

    # The one that asks for tokens, in the one that shows them.
    asking = Request(dressed(requests.Session()))
    session = dressed(
        AuthorizedSession(credentials, refresh_status_codes=(), auth_request=asking)  # type: ignore[no-untyped-call]
    )
    return Client(credentials, session=session)


def _fault(status: int, error: dict[str, Any], headers: Any) -> SheetFault:
    said = " ".join(str(error.get("message", ""))[:200].split())
    if status == 429:
        return SheetFault("quota", "Google's quota for this minute is used up; slowing down.", wait=_asked(headers))
    if status in (401, 403):
        return SheetFault(
            "denied",
            f"Google says no ({status}): share the spreadsheet with this account as an editor, "
            "and enable the Google Sheets API in its project.",
            lasting=True,
        )
    if status == 404:
        return SheetFault("gone", "There is no such spreadsheet (any more): check the link.", lasting=True)
    if status == 408 or status >= 500:
        return SheetFault("away", f"Google Sheets is in trouble ({status}); trying again.", wait=_asked(headers))
    return SheetFault(
        "bad", f"Google refused a call ({status}: {said}): run `python run.py bot --sheet-setup`.", lasting=True
    )


def _asked(headers: Any) -> float:
    value = str(headers.get("Retry-After", ""))
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0.0


def _unreachable() -> SheetFault:
    return SheetFault("away", "Google Sheets can't be reached; trying again. Check the network.")


def _nonsense() -> SheetFault:
    return SheetFault("away", "Google Sheets gave an answer that makes no sense; trying again.")


def _list(answer: Any, name: str) -> list[Any]:
    found = answer.get(name, []) if isinstance(answer, dict) else []
    return list(found) if isinstance(found, list) else []


def _cells(answer: dict[str, Any]) -> list[list[Any]]:
    """The cells of the one range that a write asked for."""
    updated = answer.get("updatedSpreadsheet")
    for sheet in _list(updated, "sheets"):
        for grid in _list(sheet, "data"):
            return [[_value(cell) for cell in _list(row, "values")] for row in _list(grid, "rowData")]
    return []


def _value(cell: Any) -> Any:
    value = cell.get("effectiveValue") if isinstance(cell, dict) else None
    if not isinstance(value, dict):
        return ""
    return next((value[kind] for kind in ("numberValue", "stringValue", "boolValue") if kind in value), "")
