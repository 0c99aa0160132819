"""What a page has sent to be done: JSON of a known shape, or a line that says what is wrong with it."""

from typing import TypeVar

import msgspec
from aiohttp import web

from transport.reading import UNREADABLE

Wanted = TypeVar("Wanted")


async def wanted_by(request: web.Request, kind: type[Wanted], otherwise: str = "") -> Wanted:
    """The request's body as `kind`. Raises HTTPBadRequest, saying `otherwise` where that is given."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (*UNREADABLE, web.RequestPayloadError) as error:
        raise web.HTTPBadRequest(text=otherwise or f"That can't be done: {error}") from None
