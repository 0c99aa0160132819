"""Stories on the bot's server: `/report/` lists the streams, `/report/<number>` tells one; `.csv` … are files."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from aiohttp import web

from bot.history import History, Session
from bot.language import LanguageName
from bot.report.export import EXPORTS, has_parquet
from bot.report.listing import MOST, list_page
from bot.report.markup import tag
from bot.report.packing import policy
from bot.report.page import Surroundings, page, whole
from bot.report.reader import Averages, reading
from bot.report.stories import chosen
from bot.report.words import WORDS
from lera.errors import LeraError

T = TypeVar("T")

_KINDS: Final = {"csv": "text/csv", "json": "application/json", "parquet": "application/vnd.apache.parquet"}


class ReportPages:
    """The routes of one show's history."""

    def __init__(self, history: History | None, language: LanguageName) -> None:
        """`language` is what a page speaks that isn't asked for another."""
        self._path = history.path if history is not None else None
        self._language = language
        # One at a time: a story takes a second of work, and the show needs the machine.
        self._turn = asyncio.Lock()
        # What ended streams were like doesn't change any more.
        self._known: dict[int, Averages] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/report", self._to_list)
        app.router.add_get("/report/", self._list)
        app.router.add_get(r"/report/{number:\d{1,15}}", self._story)
        app.router.add_get(r"/report/{number:\d{1,15}}.html", self._file)
        app.router.add_get(r"/report/{number:\d{1,15}}.{kind:csv|json|parquet}", self._export)

    async def _to_list(self, _request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/report/")

    async def _list(self, request: web.Request) -> web.Response:
        language = self._asked(request)
        if self._path is None:
            return _html(whole(WORDS[language].story, tag("main", tag("p", WORDS[language].no_disk)), language))
        given = request.query.get("page", "0")
        number = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
        return _html(await self._work(lambda: self._listed(number, language)))

    async def _story(self, request: web.Request) -> web.Response:
        return _html(await self._told(request, online=True))

    async def _file(self, request: web.Request) -> web.Response:
        """The story as the command writes it, which needs no server any more."""
        answer = _html(await self._told(request, online=False))
        return _attached(answer, f"lera-report-{request.match_info['number']}.html")

    async def _told(self, request: web.Request, *, online: bool) -> str:
        number, language = int(request.match_info["number"]), self._asked(request)

        def work() -> str:
            found = chosen(self._here(), number)
            around = Surroundings(online, found.sessions, has_parquet())
            return page(found.story, language, around)

        return await self._work(work)

    async def _export(self, request: web.Request) -> web.Response:
        number, kind = int(request.match_info["number"]), request.match_info["kind"]

        def work() -> bytes:
            found = chosen(self._here(), number)
            return EXPORTS[kind](found.story, found.rows, found.own)

        answer = web.Response(body=await self._work(work), content_type=_KINDS[kind])
        return _attached(answer, f"lera-stream-{number}.{kind}")

    async def _work(self, work: Callable[[], T]) -> T:
        """Do it beside the event loop; what a person can mend is told on the page."""
        async with self._turn:
            try:
                return await asyncio.to_thread(work)
            except LeraError as error:
                raise web.HTTPNotFound(text=str(error)) from None

    def _listed(self, number: int, language: LanguageName) -> str:
        with reading(self._here()) as reader:
            sessions = reader.sessions()
            number = max(0, min(number, (len(sessions) - 1) // MOST))
            shown = sessions[number * MOST :][:MOST]
            found = reader.averages([session.id for session in shown if session.id not in self._known])
        averages = {**self._known, **{one.session: one for one in found}}
        self._known.update((one.session, one) for one in found if _has_ended(one.session, shown))
        return whole(WORDS[language].story, list_page(sessions, averages, language, number), language)

    def _here(self) -> Path:
        if self._path is None:
            raise LeraError("This show keeps no history.")
        return self._path

    def _asked(self, request: web.Request) -> LanguageName:
        asked = request.query.get("lang", self._language)
        return next((known for known in WORDS if known == asked), self._language)


def _has_ended(number: int, sessions: list[Session]) -> bool:
    return any(session.id == number and session.ended is not None for session in sessions)


def _html(text: str) -> web.Response:
    # The page's own policy; frames are the one thing that a page can't rule on by itself.
    headers = {"Content-Security-Policy": f"{policy()}; frame-ancestors 'self'", "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)


def _attached(answer: web.Response, name: str) -> web.Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
