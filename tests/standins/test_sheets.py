"""The Sheets stand-in is what two independent clients and a thousand recordings of the real one say it should be."""

import asyncio
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import gspread
import pytest
import requests
import yarl
from google.auth.credentials import Credentials
from google.oauth2.credentials import Credentials as PersonCredentials
from google.oauth2.service_account import Credentials as ServiceCredentials
from google_auth_oauthlib.flow import InstalledAppFlow
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.conftest import ROOT, SHARED
from tests.standins.sheets import SheetsStandIn, standin

pytestmark = pytest.mark.usefixtures("no_dead_proxies")

RECORDINGS = SHARED / "oracles" / "google-sheets" / "recordings.jsonl.gz"
SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]
IDS = {"sheetId", "namedRangeId", "protectedRangeId"}
# How wide letters are drawn and who recorded are nothing that the requests say.
ASIDE = IDS | {"spreadsheetUrl", "pixelSize", "users"}
# Its file came by an upload to Drive, which isn't among the recordings.
WITHOUT_ITS_CAUSE = {"ClientTest.test_import_csv"}


@pytest.fixture
async def sheets() -> AsyncIterator[SheetsStandIn]:
    async with standin() as running:
        yield running


def gspread_client(sheets: SheetsStandIn, credentials: Credentials) -> gspread.Client:
    """The real gspread; only the host is another."""

    class Redirected(gspread.HTTPClient):
        def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> requests.Response:
            here = re.sub(r"https://(sheets|www)\.googleapis\.com", sheets.url, endpoint)
            return super().request(method, here, *args, **options)

    return gspread.Client(credentials, http_client=Redirected)


def person(info: dict[str, Any]) -> PersonCredentials:
    """As from_authorized_user_info, which however asks nobody but Google itself for tokens."""
    kept = {name: value for name, value in info.items() if name != "type"}
    return PersonCredentials(None, **kept)  # type: ignore[no-untyped-call]


def differences(wanted: Any, got: Any, where: str = "") -> list[str]:
    if isinstance(wanted, dict) and isinstance(got, dict):
        lost = [f"{where}.{name} is {'lost' if name in wanted else 'too much'}" for name in wanted.keys() ^ got.keys()]
        both = [name for name in wanted if name in got and name not in ASIDE]
        return lost + [text for name in both for text in differences(wanted[name], got[name], f"{where}.{name}")]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        pairs = zip(wanted, got, strict=True)
        return [text for at, (a, b) in enumerate(pairs) for text in differences(a, b, f"{where}[{at}]")]
    same = wanted == got and isinstance(wanted, bool) == isinstance(got, bool)
    return [] if same else [f"{where}: {wanted!r} recorded, {got!r} here"]


def learn(known: dict[str, Any], wanted: Any, got: Any) -> None:
    """Which id of ours stands for which recorded one."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name in wanted.keys() & got.keys():
            if name in IDS:
                known[str(wanted[name])] = got[name]
            learn(known, wanted[name], got[name])
    elif isinstance(wanted, list) and isinstance(got, list):
        for a, b in zip(wanted, got, strict=False):
            learn(known, a, b)


def with_our_ids(known: dict[str, Any], sent: Any) -> Any:
    if isinstance(sent, dict):
        return {k: known.get(str(v), v) if k in IDS else with_our_ids(known, v) for k, v in sent.items()}
    return [with_our_ids(known, item) for item in sent] if isinstance(sent, list) else sent


def prepare(sheets: SheetsStandIn, book_id: str, recorded: list[dict[str, Any]]) -> None:
    """A spreadsheet as its recording found it: made by Drive beforehand, with a title, perhaps somebody else's."""
    book = sheets.add_spreadsheet(book_id)
    if all(line["status"] == 403 for line in recorded):
        book.people, book.link = {"somebody@example.com": "owner"}, ""
    answers = [json.loads(line["response"]) for line in recorded if line["method"] == "GET"]
    titles = [answer["properties"]["title"] for answer in answers if "title" in answer.get("properties", {})]
    book.properties |= {"title": titles[0]} if titles else {}


async def test_the_recordings_are_answered_as_google_answered_them() -> None:
    if not RECORDINGS.exists():
        pytest.skip("the recordings are not here (../shared/oracles)")
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as file:
        recordings = [json.loads(line) for line in file]
    by_book: dict[str, list[dict[str, Any]]] = {}
    for line in recordings:
        by_book.setdefault(re.split("[/:?]", line["path"])[3], []).append(line)
    known: dict[str, Any] = {}
    wrong: list[tuple[str, str, list[str]]] = []
    async with standin(quota=False, strict_logins=False) as sheets, aiohttp.ClientSession() as session:
        for book_id, lines in by_book.items():
            prepare(sheets, book_id, lines)
        for line in recordings:
            url = yarl.URL(sheets.url + line["path"], encoded=True)
            body = json.dumps(with_our_ids(known, json.loads(line["body"]))) if line["body"] else None
            async with session.request(line["method"], url, data=body) as response:
                got, wanted = await response.json(), json.loads(line["response"])
            learn(known, wanted, got)
            status = [f"status {line['status']} recorded, {response.status} here"]
            found = differences(wanted, got) if response.status == line["status"] else status
            if found:
                wrong.append((line["test"], line["path"], found))
    agreeing = len(recordings) - len(wrong)
    print(f"{agreeing} of {len(recordings)} recordings agree")
    assert [entry for entry in wrong if entry[0] not in WITHOUT_ITS_CAUSE] == []
    assert agreeing >= len(recordings) - sum(line["test"] in WITHOUT_ITS_CAUSE for line in recordings) > 1000
    assert Counter(line["status"] for line in recordings).keys() >= {200, 400, 403}


async def test_a_comparison_that_finds_nothing_could_have_found_something() -> None:
    assert differences({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "x"}]}) == []
    assert differences({"a": [1, {"b": "x"}], "sheetId": 1}, {"a": [1, {"b": "y"}], "c": 0, "sheetId": 2})
    assert differences([True], [1]) and differences([1], [1, 2]) and differences({"sheetId": 1}, {})


async def test_gspread_works_with_a_service_account(sheets: SheetsStandIn) -> None:
    key = sheets.logins.add_service_account("bot")
    sheets.add_spreadsheet("crowd", people={key["client_email"]: "writer"})

    def work() -> None:
        credentials = ServiceCredentials.from_service_account_info(key, scopes=SCOPES)  # type: ignore[no-untyped-call]
        client = gspread_client(sheets, credentials)
        book = client.open_by_key("crowd")
        tab = book.add_worksheet("Live", rows=20, cols=4)
        tab.append_row(["a", 1, 0.25, "=B1+1"], value_input_option=gspread.utils.ValueInputOption.user_entered)
        tab.append_row(["b", 2], insert_data_option=gspread.utils.InsertDataOption.insert_rows)
        tab.update([[3]], "B2")
        tab.freeze(rows=1)
        assert tab.get_all_values() == [["a", "1", "0.25", "2"], ["b", "3", "", ""]]
        assert book.worksheet("Live").frozen_row_count == 1
        assert tab.find("b").row == 2  # type: ignore[union-attr]
        assert tab.batch_get(["A1:B1", "B:B"]) == [[["a", "1"]], [["1"], ["3"]]]
        tab.delete_rows(1)
        assert tab.acell("A1").value == "b"
        book.del_worksheet(tab)
        with pytest.raises(gspread.WorksheetNotFound):
            book.worksheet("Live")
        with pytest.raises(gspread.SpreadsheetNotFound):
            client.open_by_key("nothing")
        client.http_client.session.close()

    await asyncio.to_thread(work)


async def test_googles_own_client_works_with_a_persons_login(sheets: SheetsStandIn) -> None:
    info = sheets.logins.add_person("viewer@example.com")

    def work() -> None:
        credentials = person(info)
        service = build("sheets", "v4", credentials=credentials, client_options={"api_endpoint": sheets.url})
        books, cells = service.spreadsheets(), service.spreadsheets().values()
        body = {"properties": {"title": "Mine"}, "sheets": [{"properties": {"title": "Live", "sheetId": 7}}]}
        book_id = books.create(body=body, fields="spreadsheetId").execute()["spreadsheetId"]
        data = [{"range": "Live!A1:C1", "values": [["x", True, None]]}]
        answer = cells.batchUpdate(
            spreadsheetId=book_id,
            body={"valueInputOption": "RAW", "data": data, "includeValuesInResponse": True},
        ).execute()
        assert answer["totalUpdatedCells"] == 2 and answer["responses"][0]["updatedData"]["values"] == [["x", "TRUE"]]
        raw = cells.get(spreadsheetId=book_id, range="Live!A1:C9", valueRenderOption="UNFORMATTED_VALUE").execute()
        assert raw["values"] == [["x", True]]
        got = books.get(spreadsheetId=book_id, ranges="Live!A1:B1", includeGridData=True).execute()
        first = got["sheets"][0]["data"][0]["rowData"][0]["values"][0]
        assert first["effectiveValue"] == {"stringValue": "x"} and got["properties"]["title"] == "Mine"
        assert cells.clear(spreadsheetId=book_id, range="Live").execute()["clearedRange"] == "Live!A1:Z1000"
        with pytest.raises(HttpError, match="Unable to parse range: Nowhere!A1"):
            cells.get(spreadsheetId=book_id, range="Nowhere!A1").execute()
        service.close()

    await asyncio.to_thread(work)


async def test_a_person_says_yes_in_the_browser(sheets: SheetsStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    sheets.logins.add_person("viewer@example.com")
    sheets.add_spreadsheet("crowd")

    def work() -> None:
        flow = InstalledAppFlow.from_client_config(sheets.logins.client_file(), SCOPES)
        flow.redirect_uri = "http://localhost:9"
        page, _state = flow.authorization_url()
        back = requests.get(page, allow_redirects=False, timeout=10).headers["Location"]
        flow.fetch_token(authorization_response=back)
        client = gspread_client(sheets, flow.credentials)
        assert client.open_by_key("crowd").title == "Crowd"
        client.http_client.session.close()
        flow.oauth2session.close()

    await asyncio.to_thread(work)


async def test_an_expired_token_is_renewed_and_a_revoked_account_is_not(sheets: SheetsStandIn) -> None:
    info = sheets.logins.add_person("viewer@example.com")
    sheets.add_spreadsheet("crowd")

    def work() -> None:
        client = gspread_client(sheets, person(info))
        book = client.open_by_key("crowd")
        sheets.expire_tokens()
        assert book.sheet1.get_all_values() == [[]]
        sheets.revoke("viewer@example.com")
        with pytest.raises(Exception, match=r"invalid_grant: Token has been expired or revoked"):
            book.sheet1.get_all_values()
        client.http_client.session.close()

    await asyncio.to_thread(work)


async def test_the_command_serves_spreadsheets_that_nobody_made() -> None:
    command = [sys.executable, "-m", "tests.standins.sheets", "--port", "0", "--no-quota"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        url = line.rsplit(" ", 1)[1].strip()
        async with aiohttp.ClientSession() as session:
            for _ in range(70):  # more than a quota would let through
                async with session.get(f"{url}/v4/spreadsheets/made-when-first-touched/values/Sheet1") as response:
                    assert await response.json() == {"range": "Sheet1!A1:Z1000", "majorDimension": "ROWS"}
            async with session.get(f"{url}/v4/nothing") as response:
                assert response.status == 404
    finally:
        process.terminate()
        await process.communicate()
