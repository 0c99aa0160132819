"""Helix through twitchio, with LERA's own tokens, and with an honest account of what a failed request has done."""

import asyncio
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import msgspec
from twitchio.authentication.tokens import ManagedHTTPClient
from twitchio.exceptions import HTTPException
from twitchio.http import Route

from bot.twitch.faults import Unreachable
from bot.twitch.identity import unreachable_line
from bot.twitch.tokens import Keeper
from lera.http_body import read_body
from lera.redaction import redacted

LONGEST_RESET: Final = 120.0
_MOST: Final = 1024 * 1024
_RENEWALS: Final = 2
"""A fresh token may have ended, too, before the request arrives."""
_PAUSE: Final = 1.0
"""Seconds before the one retry of a request that changes nothing when it comes twice."""


class Refused(HTTPException):
    """Twitch's answer to a request that it didn't grant. `after`: seconds to wait, when it said so (429)."""

    def __init__(self, status: int, said: str, after: float = 0.0) -> None:
        super().__init__(f"Twitch answers {status}: {said}", status=status, extra={"message": said})
        self.said = said
        self.after = after


class Unclear(Unreachable):
    """The request was sent and no answer came: it may have been granted."""


class Helix(ManagedHTTPClient):
    """twitchio's Helix client, which asks the keeper for a token each time, and holds none itself.

    twitchio's own token management would refresh without writing the new tokens down first, and its requests neither
    tell 429's reset time nor keep tokens out of their errors.
    """

    def __init__(self, session: aiohttp.ClientSession, client_id: str, keeper: Keeper, pause: float = _PAUSE) -> None:
        super().__init__(client_id=client_id, session=session)
        self._keeper = keeper
        self._http = session
        self._pause = pause

    async def request(self, route: Route) -> Any:
        """One request with the token of `route.token_for`; a dead token is renewed and the request sent again.

        Raises Refused, Unclear, Unreachable, LoginNeeded or Stopped.
        """
        user = route.token_for or self._keeper.chatter.user_id
        access = await self._keeper.access(user)
        for renewals in range(_RENEWALS + 1):
            try:
                return await self._patient(route, access)
            except Refused as refused:
                if refused.status != 401 or "scope" in refused.said.lower() or renewals == _RENEWALS:
                    raise
            access = await self._keeper.renew(user, access)
        raise AssertionError("the last try returns or raises")

    async def _patient(self, route: Route, access: str) -> Any:
        # Asking twice changes nothing, and a subscription that is there already is answered with 409.
        safe = route.method == "GET" or route.path == "eventsub/subscriptions"
        try:
            return await self._send(route, access)
        except Refused as refused:
            if refused.status < 500 or not safe:
                raise
        except Unreachable:
            if not safe:
                raise
        await asyncio.sleep(self._pause)
        return await self._send(route, access)

    async def _send(self, route: Route, access: str) -> Any:
        headers = {**route.headers, **self.headers, "Authorization": f"Bearer {access}"}
        try:
            async with self._http.request(
                route.method, route.url, headers=headers, json=route.json or None
            ) as answer:  # fmt: skip
                body = await read_body(answer, _MOST)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(unreachable_line(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unclear(unreachable_line(error)) from None
        if answer.status >= 400:
            raise Refused(answer.status, _said(body), _reset(answer.headers) if answer.status == 429 else 0.0)
        if not body or answer.status == 204:
            return None
        try:
            return msgspec.json.decode(body)
        except msgspec.MsgspecError:
            raise Unclear("Twitch's answer can't be read; LERA tries again by itself.") from None


def _said(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return ""
    message = said.get("message") if isinstance(said, dict) else None
    return redacted(str(message))[:200] if message else ""


def _reset(headers: Mapping[str, str]) -> float:
    """Seconds until the bucket has points again: both times by Twitch's clock, since ours may be wrong."""
    try:
        reset = float(headers["Ratelimit-Reset"])
        now = parsedate_to_datetime(headers["Date"]).timestamp() if "Date" in headers else time.time()
    except (KeyError, ValueError):
        return 1.0
    return min(max(reset - now, 0.5), LONGEST_RESET)
