"""`python run.py demo`: all of LERA on this machine, with no account, no camera and no setting."""

import argparse
import asyncio
import contextlib
import functools
import os
import sys
import tempfile
import webbrowser
from pathlib import Path

import aiohttp

from bot.__main__ import welcome
from bot.commands import Asker
from bot.console import chat_in_terminal
from bot.controls import links
from bot.history import History
from bot.keys import Keys
from bot.server import serving
from bot.settings import ChannelSettings, Settings
from bot.show import Show
from demo.agent import DemoAgent, ask_for_webcam
from demo.chat import chatter_on
from demo.crowd import play, play_with
from demo.sheet import demo_sheet
from demo.streamer import perform
from demo.summary import summary
from lera.clock import steady_clock
from lera.errors import LeraError
from lera.signals import STOPPED_STATUS, run_until_stopped
from transport.link import join_link, parse_link
from transport.sheet_account import SheetSettings
from transport.stage import parse_stage_address

STORY_SECONDS = 60.0
DEFAULT_PORT = 8765
# A Sheet carries fewer: with 15 each may post every 4 seconds.
VIEWERS = {"hub": 40, "sheet": 15}


def main(argv: list[str] | None = None) -> int:
    """Run the demo. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="run.py demo",
        description="A simulated crowd lives through a boss fight; one real agent reads a real moving face among them.",
    )
    parser.add_argument("--seconds", type=_positive, metavar="N", help="end after N seconds (default: until Ctrl-C)")
    parser.add_argument(
        "--viewers",
        type=int,
        metavar="N",
        help=f"simulated viewers (default: {VIEWERS['hub']}; by Sheet {VIEWERS['sheet']})",
    )
    parser.add_argument(
        "--transport", choices=VIEWERS, default="hub", help="how viewers meet: the hub, or a stand-in for Google Sheets"
    )
    parser.add_argument("--chatters", type=int, default=25, metavar="N", help="simulated chatters (default: 25)")
    parser.add_argument(
        "--no-streamer", action="store_true", help="leave out the simulated streamer whom the crowd follows"
    )
    parser.add_argument("--no-browser", action="store_true", help="don't open the overlay; just say where it is")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"port (default {DEFAULT_PORT}, else a free one)"
    )
    arguments = parser.parse_args(argv)
    if arguments.viewers is None:
        arguments.viewers = VIEWERS[arguments.transport]
    if not 0 <= arguments.viewers <= 2000:
        raise LeraError("--viewers must be from 0 to 2000: more need a machine of their own to simulate.")
    if not 0 <= arguments.chatters <= 2000:
        raise LeraError("--chatters must be from 0 to 2000.")
    # The demo leaves nothing behind: consent, keys and history live and die with this folder.
    with tempfile.TemporaryDirectory(prefix="lera-demo-", ignore_cleanup_errors=True) as home:
        os.environ["LERA_HOME"] = home
        camera = ask_for_webcam()
        return run_until_stopped(run(arguments, Path(home), camera))


async def run(arguments: argparse.Namespace, home: Path, camera: str | None) -> int:
    """The demo from start to summary. `camera` None means the rendered portrait."""
    by_sheet = arguments.transport == "sheet"
    settings = Settings(channel=ChannelSettings("demo"), sheet=SheetSettings(live=by_sheet))
    history = History(home / "history.sqlite3")
    show = Show(settings, Keys(), history, steady_clock())
    agent = None
    stopped = False
    try:
        async with contextlib.AsyncExitStack() as stack:
            address = await stack.enter_async_context(serving(show, arguments.port, or_any=True))
            link = join_link(address, show.settings.channel.name, show.access.token(show.now()))
            length = arguments.seconds or STORY_SECONDS
            crowd = functools.partial(play, parse_link(link), arguments.viewers, length)
            if by_sheet:
                meeting = await stack.enter_async_context(demo_sheet(show, home / "bot-key.json"))
                meeting.let_agent_in()
                link = meeting.link
                crowd = functools.partial(play_with, meeting.client, arguments.viewers, length)
            print("\n".join(welcome(show, address)), flush=True)
            if not arguments.no_browser:
                # The browser's command line can be read by others here; the key ends with the demo.
                _open(links(show, address)["overlay"])
            agent = DemoAgent.start(link, camera)
            try:
                async with asyncio.timeout(arguments.seconds), asyncio.TaskGroup() as tasks:
                    tasks.create_task(show.run())
                    tasks.create_task(agent.watch(show))
                    tasks.create_task(_watch_overlay(address, show.keys.overlay))
                    tasks.create_task(crowd())
                    if not arguments.no_streamer:
                        tasks.create_task(perform(parse_stage_address(links(show, address)["dashboard"]), length))
                    tasks.create_task(chatter_on(show, arguments.chatters, length))
                    tasks.create_task(chat_in_terminal(show, Asker("you", "broadcaster", agent.viewer, "terminal-you")))
            except TimeoutError:
                pass
            except asyncio.CancelledError:
                stopped = True
            await agent.stop()
    finally:
        if agent is not None:
            await agent.stop()
        history.close()
    print(summary(show, agent), flush=True)
    return STOPPED_STATUS if stopped else 0


async def _watch_overlay(address: str, key: str) -> None:
    """Take the live feed as an overlay does, so that lag is measured up to a real socket even without a browser."""
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.ws_connect(f"{address}/live") as page:
        async for _ in page:
            pass


def _open(page: str) -> None:
    # A text browser would take over the terminal, and none of them can show the overlay.
    graphical = sys.platform in ("win32", "darwin") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if not graphical or not webbrowser.open(page):
        print(f"Open {page} in a browser to see the overlay.", flush=True)


def _positive(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("must be from 1 to 86400")
    return seconds


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
