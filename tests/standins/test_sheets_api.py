"""What the Sheets stand-in refuses, how it counts, and how its cells behave, without a socket between."""

import json
from typing import Any
from urllib.parse import parse_qsl, quote

import aiohttp
import pytest

from tests.standins.sheets import SheetsStandIn, standin
from tests.standins.sheets.google import Google
from tests.standins.sheets.logins import Logins

BOOK = "/v4/spreadsheets/a-spreadsheet"


class Caller:
    """Requests at one moment, by one user."""

    def __init__(self, google: Google, token: str = "") -> None:
        self.google, self.token, self.now = google, token, 0.0

    def call(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        pairs = [pair for name, value in query.items() for pair in parse_qsl(f"{name}={quote(value)}")]
        raw = b"" if body is None else json.dumps(body).encode()
        return self.google.answer(method, path, pairs, f"Bearer {self.token}", raw, self.now)

    def ok(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        status, answer = self.call(method, path, body, **query)
        assert status == 200, answer
        return answer

    def put(self, where: str, values: list[list[Any]], option: str = "RAW") -> Any:
        return self.ok("PUT", f"{BOOK}/values/{quote(where)}", {"values": values}, valueInputOption=option)

    def values(self, where: str, **query: str) -> list[list[Any]]:
        found: list[list[Any]] = self.ok("GET", f"{BOOK}/values/{quote(where)}", **query).get("values", [])
        return found

    def append(self, where: str, *rows: list[Any], **query: str) -> Any:
        path = f"{BOOK}/values/{quote(where)}:append"
        return self.ok("POST", path, {"values": list(rows)}, **{"valueInputOption": "RAW", **query})

    def batch(self, *requests: dict[str, Any], **more: Any) -> Any:
        return self.ok("POST", f"{BOOK}:batchUpdate", {"requests": list(requests), **more})


@pytest.fixture
def free() -> Caller:
    """Without quota and logins."""
    return Caller(Google(None, strict_logins=False))


def with_accounts(*names: str) -> tuple[Google, list[str]]:
    """A strict one, and a token for each of those people."""
    google = Google()
    google.logins.token_uri = "http://127.0.0.1/token"
    google.add_book("a-spreadsheet").link = "writer"
    return google, [token(google.logins, name) for name in names]


def token(logins: Logins, name: str) -> str:
    kept = logins.add_person(f"{name}@example.com")
    form = {name: kept[name] for name in ("refresh_token", "client_id", "client_secret")}
    return str(logins.grant({"grant_type": "refresh_token", **form})["access_token"])


def test_a_user_has_sixty_writes_a_minute_and_sixty_reads_beside_them() -> None:
    google, (bearer,) = with_accounts("viewer")
    caller = Caller(google, bearer)
    for second in range(60):
        caller.now = second / 2
        caller.put("A1", [[second]])
    status, answer = caller.call("POST", f"{BOOK}/values/A1:clear")
    assert status == 429 and answer["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert answer["error"]["message"] == (
        "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service "
        "'sheets.googleapis.com' for consumer 'project_number:101010101010'."
    )
    (info,) = answer["error"]["details"]
    assert info["reason"] == "RATE_LIMIT_EXCEEDED"
    assert info["metadata"]["quota_limit"] == "WriteRequestsPerMinutePerUser"
    assert info["metadata"]["quota_metric"] == "sheets.googleapis.com/write_requests"
    assert caller.values("A1") == [["59"]]  # reads are counted apart
    caller.now = 60.1  # the first one is a minute old
    caller.put("A1", [["again"]])
    assert caller.call("POST", f"{BOOK}/values/A1:clear")[0] == 429


def test_all_users_of_a_project_have_three_hundred_together() -> None:
    google, tokens = with_accounts("a", "b", "c", "d", "e", "f")
    callers = [Caller(google, bearer) for bearer in tokens]
    for caller in callers[:5]:
        for _ in range(60):
            caller.values("A1")
    status, answer = callers[5].call("GET", f"{BOOK}/values/A1")
    assert status == 429 and "'Read requests per minute'" in answer["error"]["message"]
    callers[5].put("A1", [[1]])


def test_quota_user_tells_users_of_one_login_apart() -> None:
    google, (bearer,) = with_accounts("service")
    caller = Caller(google, bearer)
    for number in range(120):
        caller.ok("GET", BOOK, quotaUser=f"viewer{number % 2}")
    assert caller.call("GET", BOOK, quotaUser="viewer0")[0] == 429


BATCH = f"{BOOK}:batchUpdate"
REFUSED: list[tuple[str, str, Any, dict[str, str], str]] = [
    (
        "PUT",
        f"{BOOK}/values/A1",
        {"value": []},
        {"valueInputOption": "RAW"},
        "Unknown name \"value\" at 'data': Cannot",
    ),
    ("PUT", f"{BOOK}/values/A1", {"values": []}, {}, "'valueInputOption' is required but not specified"),
    ("PUT", f"{BOOK}/values/A1", {"values": []}, {"valueInputOption": "raw"}, "Invalid value at 'value_input_option'"),
    ("PUT", f"{BOOK}/values/A1", {"values": [[[1]]]}, {"valueInputOption": "RAW"}, "Invalid values[0][0]: list_value"),
    ("PUT", f"{BOOK}/values/A1", {"values": [["x" * 50_001]]}, {"valueInputOption": "RAW"}, "maximum of 50000"),
    (
        "PUT",
        f"{BOOK}/values/A1:B1",
        {"values": [[1, 2, 3]]},
        {"valueInputOption": "RAW"},
        "tried writing to column [C]",
    ),
    ("PUT", f"{BOOK}/values/A1:B1", {"values": [[1], [2]]}, {"valueInputOption": "RAW"}, "tried writing to row [2]"),
    ("PUT", f"{BOOK}/values/A1001", {"values": [[1]]}, {"valueInputOption": "RAW"}, "Max rows: 1000, max columns: 26"),
    ("GET", f"{BOOK}/values/AA1", None, {}, "Range (Sheet1!AA1) exceeds grid limits."),
    ("GET", f"{BOOK}/values/Nowhere!A1", None, {}, "Unable to parse range: Nowhere!A1"),
    ("GET", BOOK, None, {"colour": "red"}, "Unknown name \"colour\": Cannot bind query parameter. Field 'colour'"),
    ("GET", BOOK, None, {"includeGridData": "perhaps"}, "Invalid value at 'include_grid_data' (TYPE_BOOL)"),
    ("GET", BOOK, None, {"fields": "sheets.title"}, "Request contains an invalid argument."),
    ("POST", BATCH, {"requests": []}, {}, "Must specify at least one request."),
    (
        "POST",
        BATCH,
        {"requests": [{"addShet": {}}]},
        {},
        "Unknown name \"addShet\" at 'requests[0]': Cannot find field.",
    ),
    (
        "POST",
        BATCH,
        {"requests": [{"deleteSheet": {"sheetId": "x"}}]},
        {},
        "'requests[0].delete_sheet.sheet_id' (TYPE_I",
    ),
    (
        "POST",
        BATCH,
        {"requests": [{"deleteSheet": {"sheetId": 5}}]},
        {},
        "requests[0].deleteSheet: No sheet with id: 5",
    ),
    ("POST", BATCH, {"requests": [{"deleteSheet": {}}]}, {}, "You can't remove all the sheets in a document."),
    ("POST", BATCH, {"requests": [{"deleteSheet": {}, "addSheet": {}}]}, {}, "oneof field 'kind' is already set"),
    ("POST", BATCH, {"requests": [{"repeatCell": {"fields": "colour"}}]}, {}, "Request contains an invalid argument."),
    ("POST", BATCH, {"requests": [{"addSheet": {"properties": {"title": "Sheet1"}}}]}, {}, "already exists"),
    ("POST", BATCH, {"requests": [{"mergeCells": {"range": {"startRowIndex": -1}}}]}, {}, "must be at least 0"),
    ("POST", BATCH, {"requests": [{"deleteDimension": {"range": {"dimension": "ROWS"}}}]}, {}, "delete all the rows"),
    ("POST", f"{BOOK}/values:batchUpdate", {"valueInputOption": "RAW", "data": [{"range": "X!A1"}]}, {}, "data[0]: Un"),
]


@pytest.mark.parametrize(("method", "path", "body", "query", "words"), REFUSED)
def test_what_google_refuses_is_refused(
    free: Caller, method: str, path: str, body: Any, query: dict[str, str], words: str
) -> None:
    status, answer = free.call(method, path, body, **query)
    assert status == 400 and answer["error"]["code"] == 400 and answer["error"]["status"] == "INVALID_ARGUMENT"
    assert words in answer["error"]["message"]


def test_what_the_stand_in_does_not_know_it_does_not_make_up(free: Caller) -> None:
    assert free.call("POST", BATCH, {"requests": [{"addChart": {}}]})[0] == 501
    assert free.call("GET", f"{BOOK}/developerMetadata/7")[0] == 501
    assert free.call("PATCH", BOOK) == (404, None)


def test_a_request_needs_a_token_that_may_do_it_and_a_spreadsheet_that_may_be_seen() -> None:
    google, (bearer,) = with_accounts("viewer")
    assert Caller(google).call("GET", BOOK)[0] == 403
    status, answer = Caller(google, "forged").call("GET", BOOK)
    assert status == 401 and answer["error"]["details"][0]["reason"] == "ACCESS_TOKEN_EXPIRED"
    caller = Caller(google, bearer)
    assert caller.call("GET", "/v4/spreadsheets/another-one")[0] == 404
    google.books["a-spreadsheet"].link = "reader"
    assert caller.call("GET", BOOK)[0] == 200
    status, answer = caller.call("POST", f"{BOOK}/values/A1:clear")
    assert (status, answer["error"]["message"]) == (403, "The caller does not have permission")
    google.books["a-spreadsheet"].link = ""
    assert caller.call("GET", BOOK)[0] == 403
    google.logins.tokens[bearer].scopes = frozenset({"https://www.googleapis.com/auth/spreadsheets.readonly"})
    status, answer = caller.call("POST", f"{BOOK}/values/A1:clear")
    assert status == 403 and answer["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"


def test_a_batch_happens_as_a_whole_or_not_at_all(free: Caller) -> None:
    free.put("A1", [["before"]])
    cells = {"rows": [{"values": [{"userEnteredValue": {"stringValue": "after"}}]}], "fields": "userEnteredValue"}
    write = {"updateCells": {"start": {"sheetId": 0}, **cells}}
    status, _ = free.call("POST", BATCH, {"requests": [write, {"deleteSheet": {"sheetId": 99}}]})
    assert status == 400 and free.values("A1") == [["before"]]
    data = [{"range": "A1", "values": [["after"]]}, {"range": "A9999", "values": [["far"]]}]
    status, _ = free.call("POST", f"{BOOK}/values:batchUpdate", {"valueInputOption": "RAW", "data": data})
    assert status == 400 and free.values("A1") == [["before"]]
    free.batch(write)
    assert free.values("A1") == [["after"]]


def test_one_call_writes_and_brings_other_cells_back(free: Caller) -> None:
    free.put("A1:B1", [["pace", 12]])
    cells = {"rows": [{"values": [{"userEnteredValue": {"numberValue": 0.5}}]}], "fields": "userEnteredValue"}
    body = {
        "requests": [{"updateCells": {"start": {"sheetId": 0, "rowIndex": 3, "columnIndex": 2}, **cells}}],
        "includeSpreadsheetInResponse": True,
        "responseRanges": ["Sheet1!A1:B1"],
        "responseIncludeGridData": True,
    }
    mask = "replies,updatedSpreadsheet(sheets(data(rowData(values(effectiveValue)))))"
    answer = free.ok("POST", BATCH, body, fields=mask)
    values = [{"effectiveValue": {"stringValue": "pace"}}, {"effectiveValue": {"numberValue": 12}}]
    assert answer == {
        "replies": [{}],
        "updatedSpreadsheet": {"sheets": [{"data": [{"rowData": [{"values": values}]}]}]},
    }
    assert free.values("C4", valueRenderOption="UNFORMATTED_VALUE") == [[0.5]]


def test_find_and_replace_tells_whether_it_found(free: Caller) -> None:
    free.put("A1", [["key"], ["keyring"], ["KEY"]])
    column = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 1}
    wanted = {"find": "key", "replacement": "x", "range": column, "matchEntireCell": True, "matchCase": True}
    counts = {"valuesChanged": 1, "rowsChanged": 1, "sheetsChanged": 1, "occurrencesChanged": 1}
    assert free.batch({"findReplace": wanted})["replies"] == [{"findReplace": counts}]
    assert free.batch({"findReplace": wanted})["replies"] == [{"findReplace": {}}]
    assert free.values("A1:A3") == [["x"], ["keyring"], ["KEY"]]
    free.batch({"findReplace": {"find": "key", "replacement": "7", "range": column}})
    assert free.values("A1:A3", valueRenderOption="UNFORMATTED_VALUE") == [["x"], ["7ring"], [7]]


def test_append_finds_the_last_table_in_the_range(free: Caller) -> None:
    free.put("A1:C2", [["x", "y", "z"], ["x", "y", "z"]])  # the two tables of Google's own guide
    free.put("B4:D6", [["x", "y", ""], ["", "y", "z"], ["", "y", "z"]])
    places = {
        "Sheet1": "B7",
        "B4": "B7",
        "C5:D5": "B7",
        "B2:D4": "B7",
        "A3:G10": "B7",
        "A1": "A3",
        "E4": "E4",
        "A4": "A4",
    }
    for where, start in places.items():
        twin = Caller(
            Google(None, strict_logins=False, books={"a-spreadsheet": free.google.books["a-spreadsheet"].copy()})
        )
        assert twin.append(where, ["new"])["updates"]["updatedRange"] == f"Sheet1!{start}", where


def test_append_inserts_rows_where_it_is_asked_to_and_grows_the_grid(free: Caller) -> None:
    free.put("A1", [["a"], ["b"], [""], ["below"]])
    free.append("A1", ["new"], insertDataOption="INSERT_ROWS")
    assert free.values("A1:A9") == [["a"], ["b"], ["new"], [], ["below"]]
    free.append("A1", ["over", "wide"])
    assert free.values("A1:B9") == [["a"], ["b"], ["new"], ["over", "wide"], ["below"]]
    last = f"A{free.ok('GET', BOOK)['sheets'][0]['properties']['gridProperties']['rowCount']}"
    free.put(last, [["last"]])
    free.append(last, ["beyond"])
    assert free.ok("GET", BOOK)["sheets"][0]["properties"]["gridProperties"]["rowCount"] == int(last[1:]) + 1


def test_rows_and_columns_come_and_go_with_their_cells(free: Caller) -> None:
    free.put("A1", [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    merge = {"sheetId": 0, "startRowIndex": 2, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 2}
    free.batch({"mergeCells": {"range": merge}})
    rows = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}
    free.batch({"insertDimension": {"range": rows}})
    assert free.values("A1:C9") == [["1", "2", "3"], [], ["4", "5", "6"], ["7", "", "9"]]
    assert free.ok("GET", BOOK)["sheets"][0]["merges"][0]["startRowIndex"] == 3
    free.batch({"deleteDimension": {"range": {**rows, "endIndex": 3}}})
    free.batch({"deleteDimension": {"range": {"dimension": "COLUMNS", "startIndex": 0, "endIndex": 1}}})
    assert free.values("A1:C9") == [["2", "3"], ["", "9"]]
    free.batch({"appendDimension": {"dimension": "ROWS", "length": 10}})
    grid = free.ok("GET", BOOK)["sheets"][0]["properties"]["gridProperties"]
    assert grid == {"rowCount": 1009, "columnCount": 25}


def test_a_named_range_can_be_read_by_its_name(free: Caller) -> None:
    free.put("B2:C2", [["x", "y"]])
    span = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 2, "startColumnIndex": 1, "endColumnIndex": 3}
    answer = free.batch({"addNamedRange": {"namedRange": {"name": "Crowd", "range": span}}})
    assert free.values("Crowd") == free.values("Sheet1!Crowd") == [["x", "y"]]
    named = answer["replies"][0]["addNamedRange"]["namedRange"]["namedRangeId"]
    free.batch({"deleteNamedRange": {"namedRangeId": named}})
    assert free.call("GET", f"{BOOK}/values/Crowd")[0] == 400


@pytest.fixture
async def sheets() -> Any:
    async with standin(strict_logins=False) as running:
        running.add_spreadsheet("a-spreadsheet")
        yield running


async def test_faults_come_when_they_are_asked_for(sheets: SheetsStandIn) -> None:
    async with aiohttp.ClientSession() as session:

        async def status() -> int:
            async with session.get(sheets.url + BOOK) as response:
                return response.status

        sheets.fail_next(500, times=2)
        assert [await status() for _ in range(3)] == [500, 500, 200]
        sheets.fail_next(429, method="values.get")
        assert await status() == 200
        async with session.get(f"{sheets.url}{BOOK}/values/A1") as response:
            assert response.status == 429 and "Quota exceeded" in await response.text()
        sheets.outage(3600)
        with pytest.raises(aiohttp.ClientError):
            await status()
        sheets.outage(0)
        sheets.edit("a-spreadsheet", "Sheet1!A1", [["by hand"]])
        assert sheets.read("a-spreadsheet", "Sheet1") == [["by hand"]]
        sheets.delete_spreadsheet("a-spreadsheet")
        sheets.google.strict_logins = True
        assert await status() == 403  # no login


async def test_time_can_be_compressed_and_the_quota_with_it() -> None:
    async with standin(strict_logins=False, scale=10) as sheets, aiohttp.ClientSession() as session:
        sheets.add_spreadsheet("a-spreadsheet")

        async def is_let_through() -> bool:
            async with session.get(f"{sheets.url}{BOOK}/values/A1") as response:
                return response.status == 200

        begun = sheets.now()
        while await is_let_through():
            pass
        while not await is_let_through():
            pass
        assert sheets.now() - begun >= 60
