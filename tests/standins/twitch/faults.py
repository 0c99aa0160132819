"""Requests that go wrong on purpose."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

DROP = 0
"""The status of a fault that cuts the connection instead of answering."""


@dataclass
class Fault:
    """What happens to the next `times` requests whose path ends with `path`. With `after`, the request is done first
    and only its answer is lost."""

    path: str
    status: int
    times: int = 1
    after: bool = False
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    pieces: int = 0
    """In how many pieces the answer comes, which is the right one then."""

    async def in_pieces(self, request: web.Request, whole: web.Response) -> web.StreamResponse:
        """Give the answer in pieces, the next one only when the client has surely had the one before."""
        body = whole.body
        assert isinstance(body, bytes)
        answer = web.StreamResponse(status=whole.status, headers=whole.headers)
        answer.content_length = len(body)
        await answer.prepare(request)
        size = -(-len(body) // self.pieces)
        for begin in range(0, len(body), size):
            await answer.write(body[begin : begin + size])
            await asyncio.sleep(0.02)
        await answer.write_eof()
        return answer


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def next(self, path: str) -> Fault | None:
        for fault in self.waiting:
            if path.rstrip("/").endswith(fault.path.rstrip("/")):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
