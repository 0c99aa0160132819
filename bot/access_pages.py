"""Who may join, on the dashboard: the streamer's links, each to be taken back, and bans, each to be lifted."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from bot.access import Days, JoinLink, Label
from bot.body import wanted_by
from bot.show import Show
from lera.errors import LeraError
from transport.link import join_link
from transport.tokens import TokenId

_NO_STORE: Final = {"Cache-Control": "no-store"}


class NewLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One more link."""

    label: Label
    days: Days


class AccessChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to be done: make a link, take one back, lift a ban, lift all of them."""

    add: NewLink | None = None
    revoke: TokenId | None = None
    lift: TokenId | None = None
    lift_all: bool = False


class AccessPages:
    """The routes of one show. The guard has let only the streamer's key in."""

    def __init__(self, show: Show, base_url: str) -> None:
        self._show = show
        self._base_url = base_url

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/api/access", self._tell)
        app.router.add_post("/api/access", self._do)

    async def _tell(self, _request: web.Request) -> web.Response:
        return self._told()

    async def _do(self, request: web.Request) -> web.Response:
        wanted = await wanted_by(request, AccessChange)
        access, now = self._show.access, self._show.now()
        try:
            if wanted.add is not None:
                access.add_link(wanted.add.label, wanted.add.days, now)
        except LeraError as error:
            raise web.HTTPConflict(text=str(error)) from None
        if wanted.revoke is not None and not access.revoke(wanted.revoke, now):
            raise web.HTTPConflict(text="That link was taken back already.")
        if (wanted.lift is not None or wanted.lift_all) and not access.lift(wanted.lift, now):
            raise web.HTTPConflict(text="That ban was lifted already.")
        await access.settled()
        return self._told()

    def _told(self) -> web.Response:
        access, now = self._show.access, self._show.now()
        access.token(now)
        told = {
            "public": self._link(access.public, now),
            "links": [self._link(link, now) for link in access.links()],
            "bans": [{"id": ban.id, "since": _day(ban.since), "silenced": ban.silenced} for ban in access.bans],
            "fault": access.fault,
        }
        return web.json_response(told, headers=_NO_STORE)

    def _link(self, link: JoinLink, now: float) -> dict[str, Any]:
        return {
            "id": link.id,
            "label": link.label,
            "url": join_address(self._show, self._base_url, self._show.access.token_of(link)),
            "expires": _day(link.expires),
            "expired": link.expires <= now,
        }


def join_address(show: Show, base_url: str, token: str) -> str:
    """The link that viewers get, with this token."""
    return join_link(show.public_url or base_url, show.settings.channel.name, token)


def _day(time: float) -> str:
    """A day in the world's own time, as in 2026-11-22."""
    return datetime.fromtimestamp(min(time, 2.0**32), UTC).date().isoformat()
