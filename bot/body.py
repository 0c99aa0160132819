"""What a page has sent to be done: JSON of a known shape, or a line that says what is wrong with it."""

from typing import Final, TypeVar

import msgspec
from aiohttp import web

Wanted = TypeVar("Wanted")

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""How JSON fails that somebody else wrote: wrong, not in UTF-8, or lists in lists without end."""


async def wanted_by(request: web.Request, kind: type[Wanted], otherwise: str = "") -> Wanted:
    """The request's body as `kind`. Raises HTTPBadRequest, saying `otherwise` where that is given."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except UNREADABLE as error:
        raise web.HTTPBadRequest(text=otherwise or f"That can't be done: {error}") from None
