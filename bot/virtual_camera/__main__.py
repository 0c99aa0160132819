"""`python -m bot.virtual_camera ADDRESS`: the mood bars as a webcam, fed by the bot at that address."""

import argparse
import asyncio
import contextlib
import getpass
import os
import sys
from collections.abc import Mapping

from bot.drawing.fonts import NO_CHINESE, drawable
from bot.virtual_camera.broadcast import Broadcast
from bot.virtual_camera.device import READY, open_camera
from bot.virtual_camera.feed import Feed
from bot.virtual_camera.picture import plate_of
from bot.virtual_camera.settings import KEY_VARIABLE
from lera.errors import LeraError
from lera.parent import when_input_ends
from lera.signals import run_until_stopped


def main(argv: list[str] | None = None) -> int:
    """Run the camera until Ctrl-C. Raises LeraError."""
    parser = argparse.ArgumentParser(prog="python -m bot.virtual_camera", description="The mood bars as a webcam.")
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:8765", help="the bot (default: %(default)s)")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when standard input is closed")
    arguments = parser.parse_args(argv)
    return run_until_stopped(run(arguments.address, key_of(os.environ), arguments.stop_with_parent))


def key_of(environment: Mapping[str, str]) -> str:
    """The overlay's key: from the environment, else asked for without showing it. Raises LeraError."""
    key = environment.get(KEY_VARIABLE, "")
    if not key and sys.stdin is not None and sys.stdin.isatty():
        with contextlib.suppress(EOFError):
            key = getpass.getpass("The overlay's address, or its key (it is not shown): ")
    # The whole address is what a streamer has at hand.
    key = key.strip().rpartition("key=")[2]
    if not key:
        raise LeraError(f"The camera needs the overlay's key: put the overlay's address into {KEY_VARIABLE}.")
    return key


async def run(address: str, key: str, stop_with_parent: bool = False) -> int:
    """The camera from start to stop."""
    task = asyncio.current_task()
    assert task is not None
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    if stop_with_parent:
        when_input_ends(stop)
    try:
        await _run(address, key)
    except asyncio.CancelledError:
        if not stopped:
            raise
    return 0


async def _run(address: str, key: str) -> None:
    feed = Feed(address, key)
    settings = await feed.settings()
    language = drawable(settings.language)
    if language != settings.language:
        print(NO_CHINESE, flush=True)
    plate = plate_of(settings)
    with contextlib.closing(open_camera(settings)) as camera:
        broadcast = Broadcast(camera, plate, feed.newest, settings.frames_per_second, language)
        size = f"{settings.width} x {settings.height}, {settings.frames_per_second:g} frames a second"
        print(f"{READY}: {camera.device} ({size}).", flush=True)
        following = asyncio.create_task(feed.run())
        # A device may make its sender wait, so that frames have a thread of their own.
        sending = asyncio.create_task(asyncio.to_thread(broadcast.run))
        try:
            await asyncio.wait([following, sending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            broadcast.stop()
            following.cancel()
            ends = await asyncio.gather(following, sending, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
