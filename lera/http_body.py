"""The body of an HTTP answer, read to its end."""

import aiohttp


async def read_body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body, however many pieces it comes in; of a longer one the first `most` bytes.

    Raises aiohttp.ClientError where the line breaks before its end.
    """
    body = bytearray()
    # One read gives what has arrived by then: often all of it, but not always.
    while len(body) < most and (piece := await answer.content.read(most - len(body))):
        body += piece
    return bytes(body)
