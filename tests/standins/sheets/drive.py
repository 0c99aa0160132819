"""The few calls of Drive v3 that clients of Sheets make: make, list and remove a spreadsheet, share it."""

import json
import re
from typing import Any
from urllib.parse import unquote

from tests.standins.sheets.book import Book
from tests.standins.sheets.errors import ApiError
from tests.standins.sheets.google import Google
from tests.standins.sheets.logins import ROOT_SCOPE, Token

Json = dict[str, Any]
SPREADSHEET = "application/vnd.google-apps.spreadsheet"
METHOD = {"id": "drive.files", "scopes": [ROOT_SCOPE + name for name in ("drive", "drive.file")]}
PATH = re.compile(r"/drive/v3/files(?:/([^/]+)(/permissions(?:/([^/]+))?)?)?")


def answer(
    google: Google, http_method: str, path: str, query: dict[str, str], authorization: str, raw_body: bytes
) -> tuple[int, Json | None]:
    """The status and the JSON; None with 204 where Drive answers nothing, and with 404 where it has no such page."""
    found = PATH.fullmatch(path)
    if not found:
        return 404, None
    book_id, permissions, permission_id = found[1], found[2], found[3]
    try:
        token = google._login(authorization, METHOD)
        try:
            body: Json = json.loads(raw_body) if raw_body.strip() else {}
        except ValueError:
            raise ApiError(400, "Parse Error") from None
        if book_id is None:
            return 200, _create(google, token, body) if http_method == "POST" else _list(google, token, query)
        book = google.books.get(unquote(book_id))
        if book is None or not book.people.get(token.account.email, book.link):
            raise ApiError(404, f"File not found: {book_id}.")
        if http_method != "GET" and book.people.get(token.account.email) not in ("owner", "writer"):
            raise ApiError(403, "The user does not have sufficient permissions for this file.")
        if permissions:
            return _share(book, http_method, permission_id, body)
        if http_method == "DELETE":
            del google.books[book.id]
            return 204, None
        if http_method == "PATCH" and body.get("name"):
            book.properties = {**book.properties, "title": body["name"]}
        return 200, _file(book)
    except ApiError as error:
        details = [
            {"message": error.message, "domain": "global", "reason": "notFound" if error.code == 404 else "error"}
        ]
        return error.code, {"error": {"errors": details, "code": error.code, "message": error.message}}


def _file(book: Book) -> Json:
    return {"kind": "drive#file", "id": book.id, "name": book.properties["title"], "mimeType": SPREADSHEET}


def _create(google: Google, token: Token, body: Json) -> Json:
    if body.get("mimeType") != SPREADSHEET:
        raise ApiError(400, "The stand-in makes spreadsheets only.")
    book = google.add_book(title=body.get("name", "Untitled"), owner=token.account.email)
    book.maker = token.account.application
    return _file(book)


def _list(google: Google, token: Token, query: dict[str, str]) -> Json:
    wanted = re.search(r"name *= *'((?:[^'\\]|\\.)*)'", query.get("q", ""))
    seen = [book for book in google.books.values() if book.people.get(token.account.email)]
    if token.scopes == {ROOT_SCOPE + "drive.file"}:
        seen = [book for book in seen if book.maker == token.account.application]
    name = re.sub(r"\\(.)", r"\1", wanted[1]) if wanted else None
    files = [_file(book) for book in seen if name in (None, book.properties["title"])]
    return {"kind": "drive#fileList", "incompleteSearch": False, "files": files}


def _share(book: Book, http_method: str, permission_id: str | None, body: Json) -> tuple[int, Json | None]:
    """A permission's id is the address that it is for, or anyoneWithLink."""
    if http_method == "GET":
        people = [{"kind": "drive#permission", "id": e, "type": "user", "emailAddress": e, "role": r}
                  for e, r in book.people.items()]  # fmt: skip
        anyone = [{"kind": "drive#permission", "id": "anyoneWithLink", "type": "anyone", "role": book.link}]
        return 200, {"kind": "drive#permissionList", "permissions": people + (anyone if book.link else [])}
    if http_method == "DELETE":
        if permission_id == "anyoneWithLink":
            book.link = ""
        else:
            book.people.pop(permission_id or "", None)
        return 204, None
    role, kind = body.get("role", ""), body.get("type", "")
    if role not in ("reader", "writer", "owner") or kind not in ("user", "anyone"):
        raise ApiError(400, "The specified role or type is invalid or not supported.")
    if kind == "anyone":
        book.link = role
        return 200, {"kind": "drive#permission", "id": "anyoneWithLink", "type": kind, "role": role}
    email = body.get("emailAddress", "")
    book.people[email] = role
    return 200, {"kind": "drive#permission", "id": email, "type": kind, "role": role}
