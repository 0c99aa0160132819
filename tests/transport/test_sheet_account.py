"""Who calls Google, and what a wrong key is told. Logins go through the stand-in's pages, as through Google's."""

import asyncio
import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from lera.errors import LeraError
from lera.vault import keep_secret, secret
from tests.standins.sheets import SheetsStandIn, standin
from transport.sheet_account import SCOPES, account, forget_login, login_account, login_name, spreadsheet_id

pytestmark = pytest.mark.usefixtures("no_dead_proxies")

SHEET = "a-spreadsheet-of-some-length"


def write(folder: Path, content: Any) -> str:
    path = folder / "key.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


async def reads(owner: Any, google: SheetsStandIn, spreadsheet: str) -> set[str]:
    table = owner.table(spreadsheet, google.url)
    try:
        return set(await table.sheets())
    finally:
        await table.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1A2b3C4d5E6f7G8h9I0j", "1A2b3C4d5E6f7G8h9I0j"),
        ("https://docs.google.com/spreadsheets/d/1A2b3C4d5E6f7G8h9I0j/edit?gid=0#gid=0", "1A2b3C4d5E6f7G8h9I0j"),
        (" https://docs.google.com/spreadsheets/d/1A2b3C4d5E6f7G8h9I0j ", "1A2b3C4d5E6f7G8h9I0j"),
    ],
)
def test_a_spreadsheet_is_named_by_its_id_or_its_address(text: str, found: str) -> None:
    assert spreadsheet_id(text) == found


@pytest.mark.parametrize(
    "text", ["", "short", "https://example.com/", "https://[", "a b c d e f g h i j", "../../../etc/passwd"]
)
def test_what_names_no_spreadsheet_is_told(text: str) -> None:
    with pytest.raises(LeraError, match="copy the address"):
        spreadsheet_id(text)


async def test_a_service_account_signs_for_itself(tmp_path: Path) -> None:
    async with standin() as google:
        book = google.add_spreadsheet().id
        owner = account(book, write(tmp_path, google.logins.add_service_account("bot")))
        assert owner.email.startswith("bot@")
        assert await reads(owner, google, book) == {"Sheet1"}


async def test_a_person_logs_in_once_in_the_browser_and_is_known_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def browse(_browser: Any, url: str, *_: Any, **__: Any) -> bool:
        """Go where the browser would, and say yes."""
        assert "scope=" in url and all(scope.rsplit("/", 1)[1] in url for scope in SCOPES)
        threading.Thread(target=lambda: urllib.request.urlopen(url).read()).start()
        return True

    monkeypatch.setattr("webbrowser.GenericBrowser.open", browse, raising=False)
    monkeypatch.setattr("webbrowser.get", lambda *_: type("Browser", (), {"open": browse})())
    # The library refuses to talk to token endpoints without TLS, and the stand-in has none.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    async with standin() as google:
        book = google.add_spreadsheet().id
        google.logins.add_person("ann@example.com")
        key = write(tmp_path, google.logins.client_file())
        said: list[str] = []
        owner = await asyncio.to_thread(account, book, key, said.append)
        assert len(said) == 1 and "browser" in said[0]
        assert await reads(owner, google, book) == {"Sheet1"}
        # No file and no question the second time.
        assert await reads(account(book, "", said.append), google, book) == {"Sheet1"}
        assert await reads(account(book, key, said.append), google, book) == {"Sheet1"}
        assert len(said) == 1
        kept = json.loads(secret(login_name(book)) or "")
        assert "token" not in kept and kept["refresh_token"]
        forget_login(book)
        with pytest.raises(LeraError, match="--key FILE"):
            account(book, "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "no JSON key file"), ("[]", "no JSON key file"), ({}, "no key for a Sheet"),
        ({"type": "service_account", "private_key": "SECRET"}, "damaged service account key"),
        ({"installed": {}}, "no key for a Sheet"), ({"web": {"client_id": "x"}}, "no key for a Sheet"),
        ({"installed": {"client_id": "x", "auth_uri": "https://evil.example/", "token_uri": "https://evil.example/"}},
         "no key for a Sheet"),
        ({"installed": {"client_id": "x", "auth_uri": "http://[", "token_uri": "http://["}}, "no key for a Sheet"),
        # Anybody can put a page there, and it would look like Google's.
        ({"installed": {"client_id": "x", "auth_uri": "https://storage.googleapis.com/mine/login.html",
                        "token_uri": "https://oauth2.googleapis.com/token"}}, "no key for a Sheet"),
        ({"installed": {"client_id": "x", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
                        "token_uri": "https://storage.googleapis.com/mine/token"}}, "no key for a Sheet"),
        # Without TLS everybody on the way would read the login.
        ({"installed": {"client_id": "x", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
                        "token_uri": "http://oauth2.googleapis.com/token"}}, "no key for a Sheet"),
        ("x" * 20_000, "no JSON key file"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_key_is_told_in_one_line_without_its_content(content: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(LeraError, match=said) as refused:
        account(SHEET, write(tmp_path, content))
    assert "\n" not in str(refused.value) and "SECRET" not in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LeraError, match="Can't read the key file"):
        account(SHEET, str(tmp_path / "nowhere.json"))


def test_a_bot_never_opens_a_browser_in_mid_show(tmp_path: Path) -> None:
    client = {"client_id": "x", "client_secret": "y"}
    hosts = {
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    with pytest.raises(LeraError, match="not logged in"):
        account(SHEET, write(tmp_path, {"installed": client | hosts}), log_in=False)


def test_googles_token_is_shown_to_google_only() -> None:
    kept = {"refresh_token": "r", "client_id": "c", "client_secret": "s"}
    real = login_account(kept | {"token_uri": "https://oauth2.googleapis.com/token"})
    real.check_place("https://sheets.googleapis.com")
    for place in ("http://127.0.0.1:8060", "http://localhost:80"):
        with pytest.raises(LeraError, match="don't belong together"):
            real.check_place(place)
    standing_in = login_account(kept | {"token_uri": "http://127.0.0.1:8060/token"})
    standing_in.check_place("http://127.0.0.1:8060")
    with pytest.raises(LeraError, match="don't belong together"):
        standing_in.check_place("https://sheets.googleapis.com")
    for place in ("https://evil.example/token", "https://storage.googleapis.com/mine", "http://oauth2.googleapis.com/"):
        with pytest.raises(LeraError, match="don't belong together"):
            login_account(kept | {"token_uri": place}).check_place("https://sheets.googleapis.com")


@pytest.mark.parametrize("kept", ["no json", "[]", "{}", '{"token_uri": "https://oauth2.googleapis.com/token"}'])
def test_a_damaged_login_is_told(kept: str) -> None:
    keep_secret(login_name(SHEET), kept)
    with pytest.raises(LeraError, match="damaged"):
        account(SHEET, "")


async def test_a_login_that_was_taken_back_is_told_without_its_token() -> None:
    async with standin() as google:
        book = google.add_spreadsheet().id
        person = google.logins.add_person("ann@example.com")
        google.revoke("ann@example.com")
        with pytest.raises(LeraError, match="doesn't accept this login") as refused:
            await reads(login_account(person), google, book)
        assert person["refresh_token"] not in str(refused.value)
