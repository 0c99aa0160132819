"""Hours pass in no time, and nothing comes too late."""

import asyncio
import socket
import time

from tests.night_loop import NightLoop, through_the_night


def test_an_hour_takes_no_time() -> None:
    async def sleep() -> float:
        await asyncio.sleep(3600.0)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert 3600.0 <= through_the_night(sleep()) < 3601.0
    assert time.monotonic() - began < 60.0


def test_what_comes_over_a_socket_is_in_time() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await asyncio.sleep(5.0)
        writer.write(b"late\n")
        await writer.drain()
        writer.close()

    async def ask() -> tuple[bytes, float]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"?\n")
            async with asyncio.timeout(6.0):
                line = await reader.readline()
            writer.close()
            await writer.wait_closed()
        return line, asyncio.get_running_loop().time()

    line, now = through_the_night(ask())
    assert line == b"late\n" and 5.0 <= now < 6.0


def test_threads_are_waited_for() -> None:
    async def work() -> tuple[str, float]:
        async with asyncio.timeout(1.0):
            said = await asyncio.to_thread(work_for, 0.2)
        return said, asyncio.get_running_loop().time()

    assert through_the_night(work()) == ("done", 0.0)


def work_for(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


def test_timers_keep_their_order() -> None:
    async def race() -> list[float]:
        finished: list[float] = []

        async def run(seconds: float) -> None:
            await asyncio.sleep(seconds)
            finished.append(seconds)

        await asyncio.gather(*(run(seconds) for seconds in (30.0, 10.0, 20.0)))
        assert isinstance(asyncio.get_running_loop(), NightLoop)
        return finished

    assert through_the_night(race()) == [10.0, 20.0, 30.0]


def test_what_is_under_way_is_counted() -> None:
    async def talk() -> int:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(100_000))
            await writer.drain()
            writer.close()

        loop = asyncio.get_running_loop()
        assert isinstance(loop, NightLoop)
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"x" * 100_000)
            assert loop.under_way > 0
            assert len(await reader.read()) == 100_000
            writer.close()
            await writer.wait_closed()
        assert loop.now == 0.0
        return loop.under_way

    assert through_the_night(talk()) == 0


def test_what_a_thread_is_told_is_not_waited_for() -> None:
    def ask(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"?")
            return line.recv(100)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"x" * 100)
        writer.close()

    async def talk() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, NightLoop)
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            assert await asyncio.to_thread(ask, server.sockets[0].getsockname()[1]) == b"x" * 100
        return loop.under_way

    assert through_the_night(talk()) == 0
