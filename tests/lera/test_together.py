"""Tasks side by side, and what is left of them."""

import asyncio

import pytest

from lera.errors import LeraError
from lera.together import run_together


async def fails(when: asyncio.Event, how: str = "gone") -> None:
    await when.wait()
    raise LeraError(how)


async def test_it_ends_when_all_have_ended() -> None:
    done: list[int] = []

    async def end(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)

    await run_together(end(1), end(2))
    assert done == [1, 2]


async def test_one_that_fails_ends_the_others_and_is_raised_bare() -> None:
    now, tidied = asyncio.Event(), asyncio.Event()
    now.set()

    async def tidies() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied.set()

    with pytest.raises(LeraError, match="first"):
        await run_together(tidies(), fails(now, "first"), fails(now, "second"))
    assert tidied.is_set()


@pytest.mark.parametrize("passes", range(6))
async def test_who_is_cancelled_ends_even_where_one_fails_in_that_moment(passes: int) -> None:
    """In whichever order the two come."""
    now = asyncio.Event()

    async def for_ever() -> None:
        while True:
            try:
                await run_together(fails(now), asyncio.Event().wait())  # type: ignore[arg-type]
            except LeraError:
                await asyncio.Event().wait()

    task = asyncio.create_task(for_ever())
    await asyncio.sleep(0.01)
    now.set()
    for _ in range(passes):
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
