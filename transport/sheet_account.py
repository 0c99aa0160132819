"""Who calls Google: a service account's key, or a person's own login, which is kept in the vault. And `[sheet]`."""

import json
import re
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from msgspec import Meta, Struct

from lera.errors import LeraError
from lera.vault import keep_secret, secret
from transport.link import is_local, netloc
from transport.sheet_api import GOOGLE, Table

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPES: Final = ("https://www.googleapis.com/auth/spreadsheets",)
"""The narrowest that works: `drive.file` opens only files that this very program made or that were picked in its own
window, and a viewer's agent opens the streamer's."""

MAX_KEY_BYTES: Final = 16_384


class SheetSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[sheet]` of config.toml, read by the bot and by the viewer's agent."""

    spreadsheet: Annotated[str, Meta(max_length=300)] = ""
    live: bool = False
    archive: bool = False
    key: str = ""
    viewers: Literal["login", "shared"] = "login"


class Account(Struct, frozen=True):
    """`credentials` makes what signs calls, a fresh one for each table. `email` is known of service accounts only."""

    credentials: "Callable[[], Credentials]"
    token_uri: str
    email: str = ""

    def table(self, spreadsheet: str, base: str = GOOGLE) -> Table:
        """A spreadsheet, opened with this account. Raises LeraError as `check_place` does."""
        self.check_place(base)
        return Table(spreadsheet, self.credentials, base)

    def check_place(self, base: str) -> None:
        """Refuse to show Google's token to others than Google. Raises LeraError."""
        if is_local(base) != is_local(self.token_uri) or not _is_tokens(self.token_uri):
            raise LeraError("This key and this link don't belong together: use the key that the streamer gave you.")


def spreadsheet_id(text: str) -> str:
    """The id of a spreadsheet, given as such or as the address in a browser. Raises LeraError."""
    text = text.strip()
    if "://" in text:
        found = re.search(r"^[^?#]*/spreadsheets/d/([^/?#]+)", text)
        text = found[1] if found else ""
    if not re.fullmatch(r"[A-Za-z0-9_-]{10,100}", text):
        raise LeraError(
            "[sheet] spreadsheet must be a spreadsheet's address or id: open it in your browser and copy the address."
        )
    return text


def account(spreadsheet: str, key: str, say: Callable[[str], None] = print, *, log_in: bool = True) -> Account:
    """The account for a spreadsheet: that of the key file, or the login that was kept for it. Raises LeraError.

    `key` is a service account's key, or an OAuth client of the kind "Desktop app": then the person is asked in the
    browser, once, and what Google gives is kept in the vault. With `log_in` False nobody is asked.
    """
    if not key:
        kept = secret(login_name(spreadsheet))
        if kept is None:
            raise LeraError(
                "Google must know who you are: name the key file that belongs to this Sheet with "
                "`[sheet] key` in config.toml, or with --key FILE."
            )
        return login_account(_kept(kept))
    found = _read_key(Path(key).expanduser())
    if found.get("type") == "service_account":
        return _service_account(found, key)
    client = found.get("installed")
    if not isinstance(client, dict) or not isinstance(client.get("client_id"), str) or not _of_google(client):
        raise LeraError(
            f"{key} is no key for a Sheet: it must be a service account's key, or an OAuth client of the kind "
            "`Desktop app`, as JSON. The README tells how to get one."
        )
    kept = secret(login_name(spreadsheet))
    if kept is not None and _kept(kept).get("client_id") == client["client_id"]:
        return login_account(_kept(kept))
    if not log_in:
        raise LeraError("You are not logged in to Google for this Sheet yet: start it once in a terminal.")
    say("Your browser opens Google's page: log in there and allow LERA to edit spreadsheets.")
    given = _ask_google(found)
    keep_secret(login_name(spreadsheet), json.dumps(given))
    return login_account(given)


def forget_login(spreadsheet: str) -> None:
    """Erase the login that was kept for a spreadsheet."""
    keep_secret(login_name(spreadsheet), None)


def _service_account(key: dict[str, Any], path: str) -> Account:
    def make() -> "Credentials":
        from google.oauth2 import service_account

        class Key(service_account.Credentials):
            def _is_regional_access_boundary_lookup_required(self) -> bool:
                # The library would ask one more of Google's hosts where this key may be used from.
                return False

        return cast("Credentials", Key.from_service_account_info(key, scopes=SCOPES))  # type: ignore[no-untyped-call]

    try:
        make()
    except (ValueError, TypeError):
        # The library's own words may quote the key.
        raise LeraError(f"{path} is a damaged service account key: make a new one in the Google console.") from None
    return Account(make, str(key.get("token_uri", "")), str(key.get("client_email", "")))


def login_account(kept: Mapping[str, Any]) -> Account:
    """The account of a person who logged in before: `kept` is what Google's library calls an authorized user."""
    token_uri = str(kept.get("token_uri", ""))
    needed = ("refresh_token", "client_id", "client_secret")
    if not (token_uri and all(isinstance(kept.get(name), str) for name in needed)):
        raise LeraError("The kept Google login is damaged: start once more with --key FILE.")

    def make() -> "Credentials":
        from google.oauth2.credentials import Credentials

        return Credentials(  # type: ignore[no-untyped-call]
            None, token_uri=token_uri, scopes=SCOPES, **{name: kept[name] for name in needed}
        )

    return Account(make, token_uri)


def _kept(login: str) -> dict[str, Any]:
    try:
        found = json.loads(login)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _ask_google(client: dict[str, Any]) -> dict[str, Any]:
    """Google's own page in the browser, answered to a port of this machine."""
    from google_auth_oauthlib.flow import InstalledAppFlow

    try:
        flow = InstalledAppFlow.from_client_config(client, SCOPES)
        credentials = flow.run_local_server(
            port=0, authorization_prompt_message="If it doesn't, open this page: {url}", timeout_seconds=300
        )
        given: dict[str, Any] = json.loads(credentials.to_json(strip=("token",)))
    except Exception as error:
        # Whatever went wrong in the browser or on the way, its text may hold a code or a secret.
        raise LeraError(f"Logging in to Google failed ({type(error).__name__}): try again.") from None
    return given


def _read_key(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_KEY_BYTES:
            raise ValueError
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise LeraError(f"Can't read the key file {path} ({error.strerror}): check [sheet] key or --key.") from None
    except ValueError:
        raise LeraError(f"{path} is no JSON key file: download it again from the Google console.") from None
    if not isinstance(found, dict):
        raise LeraError(f"{path} is no JSON key file: download it again from the Google console.")
    return found


def _of_google(client: Mapping[str, Any]) -> bool:
    """Whether a client file asks Google (or a stand-in on this machine), and nobody else, for a login.

    The file comes from a streamer, and the person is told that the page is Google's. Some hosts of Google's show pages
    that anybody can put there.
    """
    page, token = (str(client.get(name, "")) for name in ("auth_uri", "token_uri"))
    return (_is_at(page, {"accounts.google.com"}) or is_local(page)) and _is_tokens(token)


def _is_tokens(address: str) -> bool:
    """Whether this is where Google gives tokens, or a stand-in on this machine."""
    return _is_at(address, {"oauth2.googleapis.com", "www.googleapis.com", "accounts.google.com"}) or is_local(address)


def _is_at(address: str, hosts: Set[str]) -> bool:
    return address.startswith("https://") and netloc(address) in hosts


def login_name(spreadsheet: str) -> str:
    """What the login for a spreadsheet is called in the vault."""
    return f"google login {spreadsheet}"
