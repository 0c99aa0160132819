"""The whole stand-in without its socket: a request comes in, an answer goes out."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.standins.sheets import batch, discovery, masks, values
from tests.standins.sheets.book import Book
from tests.standins.sheets.discovery import Call
from tests.standins.sheets.errors import ApiError, invalid
from tests.standins.sheets.logins import ROOT_SCOPE, Account, Logins, Token
from tests.standins.sheets.quota import Quota

Json = dict[str, Any]
LARGEST_BODY = 10_485_760  # bytes
SHORTEST_ID = 10  # what is shorter is no id, for nobody
NOBODY = "nobody@example.com"


@dataclass
class Google:
    """Spreadsheets, logins, quota, and the faults that a test asks for. Time comes in with every request.

    Without `strict_logins` a request needs no token, and a spreadsheet that isn't there is made when it is first
    asked for: so recorded requests can be played.
    """

    quota: Quota | None = field(default_factory=Quota)
    strict_logins: bool = True
    logins: Logins = field(default_factory=Logins)
    books: dict[str, Book] = field(default_factory=dict)
    faults: list[Callable[[str, float], ApiError | None]] = field(default_factory=list)
    log: list[tuple[float, str, str, str, int]] = field(default_factory=list)  # when, user, method, spreadsheet, status

    def answer(
        self,
        http_method: str,
        raw_path: str,
        query: Sequence[tuple[str, str]],
        authorization: str,
        body: bytes,
        now: float,
    ) -> tuple[int, Json | None]:
        """The status and the JSON; None where Google has no such page."""
        found = discovery.find(http_method, raw_path)
        if found is None:
            return 404, None
        method, path = found
        user, status = "", 200
        try:
            for fault in self.faults:
                if error := fault(method["id"], now):
                    raise error
            token = self._login(authorization, method)
            user = token.account.email
            if len(body) > LARGEST_BODY:
                raise invalid(f"Request payload size exceeds the limit: {LARGEST_BODY} bytes.")
            call = discovery.check(method, path, query, body)
            if self.quota:
                self.quota.take(token.account.project, call.query.get("quotaUser", user), call.is_read, now)
            answer = self._run(call, token)
        except ApiError as error:
            status, answer = error.code, error.body()
        self.log.append((now, user, method["id"], path.get("spreadsheetId", ""), status))
        return status, answer

    def _login(self, authorization: str, method: Json) -> Token:
        if authorization in ("", "Bearer ") and not self.strict_logins:
            return Token(Account(NOBODY, self.logins.project, ""), frozenset({ROOT_SCOPE + "spreadsheets"}))
        try:
            return self.logins.who(authorization, method)
        except ApiError:
            if self.strict_logins:
                raise
            return Token(Account(NOBODY, self.logins.project, ""), frozenset({ROOT_SCOPE + "spreadsheets"}))

    def _run(self, call: Call, token: Token) -> Json:
        if call.method == "create":
            return self._create(call, token)
        book = self.open(call.path["spreadsheetId"], token, write=not call.is_read)
        if call.method == "sheets.copyTo":
            return self._copy_sheet(book, call, token)
        handler = METHODS.get(call.method)
        if handler is None:
            raise ApiError(501, f"The stand-in doesn't know {call.method} yet.")
        trial, answer = handler(book, call, token.account.email)
        self.books[book.id] = trial
        below = call.mask
        if call.method == "get":
            return answer  # which has gone through the mask already, so as not to make what nobody asked for
        return dict(masks.select(below, answer))

    def open(self, book_id: str, token: Token, write: bool) -> Book:
        """The spreadsheet, if it is there and may be seen or changed."""
        book = self.books.get(book_id)
        if book is None:
            if self.strict_logins or len(book_id) < SHORTEST_ID:
                raise ApiError(404)
            book = self.books[book_id] = Book.new(book_id)
            book.link = "writer"
        may = book.people.get(token.account.email, book.link)
        if token.scopes == {ROOT_SCOPE + "drive.file"} and book.maker != token.account.application:
            raise ApiError(404)
        if not may or (write and may == "reader"):
            raise ApiError(403)
        return book

    def _create(self, call: Call, token: Token) -> Json:
        title = call.body.get("properties", {}).get("title") or "Untitled spreadsheet"
        book = self.add_book(title=title, sheets=call.body.get("sheets"), owner=token.account.email)
        book.maker = token.account.application
        book.properties |= {
            name: value for name, value in call.body.get("properties", {}).items() if name in ("locale", "timeZone")
        }
        return book.answer([], False, call.mask)

    def add_book(
        self, book_id: str = "", title: str = "Untitled spreadsheet", sheets: list[Json] | None = None, owner: str = ""
    ) -> Book:
        book = Book.new(book_id or secrets.token_urlsafe(33), title, sheets)
        if owner:
            book.people[owner] = "owner"
        self.books[book.id] = book
        return book

    def _copy_sheet(self, book: Book, call: Call, token: Token) -> Json:
        target = self.open(call.body.get("destinationSpreadsheetId", ""), token, write=True)
        source = book.tab_of(int(call.path["sheetId"]))
        wanted = {**source.properties, "title": batch.free_title(target, source.title)}
        del wanted["sheetId"], wanted["index"]
        return batch.add_copy(target, source, wanted)


def changed(change: Callable[[Book], Json]) -> Callable[[Book], tuple[Book, Json]]:
    """Run on a copy, so that what is refused half-way leaves nothing behind."""

    def run(book: Book) -> tuple[Book, Json]:
        trial = book.copy()
        return trial, change(trial)

    return run


Handler = Callable[[Book, Call, str], tuple[Book, Json]]
METHODS: dict[str, Handler] = {
    "get": lambda book, call, _: (
        book,
        book.answer(call.query.get("ranges", []), bool(call.query.get("includeGridData")), call.mask),
    ),
    "batchUpdate": lambda book, call, caller: batch.run(book, call.body, caller, call.mask),
    "values.get": lambda book, call, _: (book, values.get(book, call.path["range"], call.query)),
    "values.batchGet": lambda book, call, _: (book, values.batch_get(book, call.query.get("ranges", []), call.query)),
    "values.update": lambda book, call, _: changed(
        lambda trial: values.update(trial, call.path["range"], call.body, call.query)
    )(book),
    "values.batchUpdate": lambda book, call, _: changed(lambda trial: values.batch_update(trial, call.body))(book),
    "values.append": lambda book, call, _: changed(
        lambda trial: values.append(trial, call.path["range"], call.body, call.query)
    )(book),
    "values.clear": lambda book, call, _: changed(lambda trial: values.clear(trial, call.path["range"]))(book),
    "values.batchClear": lambda book, call, _: changed(lambda trial: values.batch_clear(trial, call.body))(book),
}
