"""Tasks side by side, for who tries again when one of them fails."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def run_together(*works: Coroutine[Any, Any, None]) -> None:
    """Run them until all have ended or one has failed: then the others are cancelled, and that failure is raised.

    Of several at once it is the first one's, in the order in which they are given.

    A TaskGroup raises a group, and forgets that it was itself cancelled where a task fails in the same moment (Python
    3.11 and 3.12; CPython's issue 116720): whoever then tries again never ends. Here the cancellation comes first.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        failed = [task for task in tasks if task.done() and not task.cancelled() and task.exception() is not None]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in failed:
        task.result()
