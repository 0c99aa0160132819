"""`python -m viewer_agent`: share how you feel with a stream, from your own computer."""

import argparse
import asyncio
import contextlib
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lera import logs
from lera.configuration import Configuration, read_configuration
from lera.cores import forbid_core_files
from lera.errors import LeraError
from lera.logs import LogSettings
from lera.options import check_statistics_file, positive_seconds, write_statistics
from lera.parent import when_input_ends
from lera.signals import STOPPED_STATUS, run_until_stopped
from transport.link import parse_link
from transport.sheet_account import SheetSettings
from viewer_agent.channels import (
    Joined,
    channel_list,
    channel_token,
    given_token,
    join_channel,
    joined_channels,
    keep_given,
    keep_showing,
    leave_channel,
    named_channels,
    pick_channel,
    postpone_leaving,
)
from viewer_agent.connection import Client, connection, drop_login
from viewer_agent.consent import payload, require_consent, withdraw_consent
from viewer_agent.settings import ModelSettings, ViewerSettings
from viewer_agent.showing import Showing, choose_showing

if TYPE_CHECKING:
    from viewer_agent.watch import Reader, Watch

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
Reads your facial expression on this computer and sends seven numbers a second to a stream. It asks you before it
opens the camera for the first time; pictures never leave this computer. While it runs, p (and Enter) pauses at once
and closes the camera, l links you with your name in the stream's chat or undoes it, s hides you on the stream at once
or shows you again if you chose to be shown, Ctrl-C stops."""


def main(argv: list[str] | None = None) -> int:
    """Run the agent; returns the exit status. Errors that a person can mend become one line on stderr."""
    try:
        return _run(_parser().parse_args(argv))
    except LeraError as error:
        logs.tell_end(error)
        return 1
    except KeyboardInterrupt:
        return STOPPED_STATUS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "viewer", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "link",
        nargs="?",
        help="the streamer's link; for a stream that you joined before its channel's name, or nothing",
    )
    parser.add_argument("--camera", metavar="WHICH", help="0, 1, …, a device such as /dev/video1, or a video file")
    parser.add_argument("--loop", action="store_true", help="play a video file over and over")
    parser.add_argument(
        "--preview", action="store_true", help="show what the agent sees, on a page for this computer only"
    )
    parser.add_argument(
        "--show-me",
        choices=("no", "seat", "name"),
        help="be shown on the stream: not, as an anonymous seat, or by name; you are asked before",
    )
    parser.add_argument("--name", default="", metavar="NAME", help="the name to be shown by, at most 25 characters")
    parser.add_argument("--seconds", type=positive_seconds, metavar="N", help="stop after this many seconds")
    parser.add_argument("--stats-file", type=Path, metavar="PATH", help="write what the run did and cost, as JSON")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when standard input is closed")
    parser.add_argument("--key", metavar="FILE", help="the key file that the streamer gave you, for a Sheet's link")
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="join over the internet though the link begins with http, for all to read",
    )
    parser.add_argument("--config", type=Path, metavar="PATH", help="another config.toml")
    other = parser.add_argument_group("instead of running").add_mutually_exclusive_group()
    other.add_argument("--explain-payload", action="store_true", help="print what one reading sends, and exit")
    other.add_argument("--list", action="store_true", help="list the streams you joined, and exit")
    other.add_argument(
        "--forget",
        action="store_true",
        help="withdraw consent, have every stream erase what it keeps of you, and leave",
    )
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.explain_payload:
        print(payload())
        return 0
    if arguments.list:
        print(channel_list(joined_channels()) or "You have joined no stream yet.")
        return 0
    if arguments.forget:
        # Whoever wants to be forgotten needs no sound settings for it.
        with contextlib.suppress(LeraError):
            arguments.key = arguments.key or _sheet_key(read_configuration(arguments.config))
        return run_until_stopped(_forget(arguments.key or ""))
    forbid_core_files()
    configuration = read_configuration(arguments.config)
    logs.set_up(configuration.section("log", LogSettings))
    check_statistics_file(arguments.stats_file)
    arguments.key = arguments.key or _sheet_key(configuration)
    settings = configuration.section("viewer", ViewerSettings)
    return _watch(arguments, settings, configuration.section("model", ModelSettings))


def _sheet_key(configuration: Configuration) -> str:
    return configuration.section("sheet", SheetSettings).key


def _watch(arguments: argparse.Namespace, settings: ViewerSettings, model: ModelSettings) -> int:
    # Imported only now: --help and --list should not wait for OpenCV.
    from viewer_agent.agent import step_back
    from viewer_agent.camera import is_video_file, parse_source

    source = parse_source(arguments.camera if arguments.camera is not None else str(settings.camera))
    if arguments.link is not None and "#" in arguments.link:
        joined = join_channel(parse_link(arguments.link))
    else:
        # A link without its token is no secret: programs that start this one can name a joined stream with it.
        joined = pick_channel(named_channels(arguments.link), terminal=sys.stdin is not None and sys.stdin.isatty())
    token = channel_token(joined)
    # A file is no camera: nobody is watched, so nobody is asked.
    if not is_video_file(source):
        require_consent()
    joined = _shown_as_chosen(joined, arguments, settings)
    given = "" if joined.by_sheet else given_token(joined)
    connect = connection(
        joined, token, arguments.key, given, _given_keeper(joined),
        insecure=arguments.insecure, say=logs.speaker(logger),
    )  # fmt: skip
    if settings.low_priority:
        step_back()
    return run_until_stopped(_run_agent(arguments, settings, model, source, joined, connect))


def _shown_as_chosen(joined: Joined, arguments: argparse.Namespace, settings: ViewerSettings) -> Joined:
    if joined.by_sheet:
        if (arguments.show_me or settings.show_me) != "no" or arguments.name:
            print("By a Google Sheet nobody is shown one by one: it carries no names.")
        return joined
    showing = choose_showing(
        joined.channel,
        joined.showing,
        arguments.show_me,
        arguments.name,
        (settings.show_me, settings.show_name),
        terminal=sys.stdin is not None and sys.stdin.isatty(),
    )
    return joined if showing == joined.showing else keep_showing(joined, showing)


async def _run_agent(
    arguments: argparse.Namespace,
    settings: ViewerSettings,
    model: ModelSettings,
    source: int | str,
    joined: Joined,
    connect: Callable[[Callable[[str], None]], Client],
) -> int:
    from viewer_agent.agent import Agent
    from viewer_agent.camera import Camera
    from viewer_agent.terminal import listen_to_keys

    say = logs.speaker(logger)
    load_reader, make_watch, rate = _eyes(settings, model)
    wants_preview = arguments.preview or settings.preview
    agent = Agent(
        settings,
        connect,
        load_reader,
        lambda on_change: Camera(source, rate, on_change, loop=arguments.loop),
        say,
        keep_frame=wants_preview,
        make_watch=make_watch,
        showing=None if joined.by_sheet else joined.showing,
        keep_showing=lambda showing: _remember(joined, showing, say),
    )
    say(f"Joining {joined.channel} on {joined.place} …")
    try:
        async with contextlib.AsyncExitStack() as stack:
            if arguments.stop_with_parent:
                when_input_ends(agent.stop)
            else:
                keys = {"p": agent.toggle_pause, "l": agent.chat_link.toggle, "s": agent.appearance.toggle}
                stack.enter_context(listen_to_keys(lambda key: keys.get(key.lower(), lambda: None)()))
            if wants_preview:
                from viewer_agent.preview import Preview

                say(f"Preview (this computer only): {await stack.enter_async_context(Preview(agent).serve())}")
            try:
                await agent.run(arguments.seconds)
            except asyncio.CancelledError:
                # Ctrl-C is how a viewer ends this; it is no failure.
                say("Stopped.")
    finally:
        if agent.statistics.frames:
            say(str(agent.statistics))
        if arguments.stats_file is not None:
            write_statistics(arguments.stats_file, msgspec.json.encode(agent.statistics))
    return 0


def _remember(joined: Joined, showing: Showing, say: Callable[[str], None]) -> None:
    """Keep what a key has changed; a disk that is full must not keep anybody on the screen."""
    try:
        keep_showing(joined, showing)
    except (LeraError, OSError) as error:
        say(f"That could not be remembered for the next time: {error}")


def _given_keeper(joined: Joined) -> Callable[[str], None]:
    """What keeps the tokens that the hub gives, off the loop: a keyring may take its time.

    One is written at a time, and of those that come meanwhile only the newest: a hub may give as many as it likes.
    """
    lock = threading.Lock()
    newest: str | None = None
    busy = False

    def write_all() -> None:
        nonlocal newest, busy
        while True:
            with lock:
                token, newest = newest, None
                busy = token is not None
            if token is None:
                return
            try:
                keep_given(joined, token)
            except Exception as error:
                # Keyrings of all systems have errors of their own, and the next token may be kept.
                print(f"The stream's new key could not be kept for the next time: {error}", flush=True)

    def keep(token: str) -> None:
        nonlocal newest, busy
        with lock:
            newest = token
            if busy:
                return
            busy = True
        # asyncio.run waits for this thread at its end.
        asyncio.get_running_loop().run_in_executor(None, write_all)

    return keep


def _eyes(
    settings: ViewerSettings, model: ModelSettings
) -> tuple[Callable[[], "Reader"], Callable[[Any, ViewerSettings], "Watch"], float]:
    """What loads the reader, what makes its watch, and how many frames a second they look at."""
    if model.face == "small":
        from viewer_agent.watch import Watch

        return _load_reader, Watch, settings.frames_per_second
    from viewer_agent import fusion

    def watch(reader: Any, settings: ViewerSettings) -> "Watch":
        return fusion.FusionWatch(reader, settings, model.cpu_budget)

    return lambda: fusion.load(model), watch, fusion.FRAMES_PER_SECOND


def _load_reader() -> "Reader":
    from model import face

    return face.load()


async def _forget(key: str) -> int:
    consented = withdraw_consent()
    print("Your consent is withdrawn: the camera stays closed." if consented else "There was no consent to withdraw.")
    channels = joined_channels()
    answers = await asyncio.gather(*(_ask_to_erase(entry, key) for entry in channels))
    for entry, answer in zip(channels, answers, strict=True):
        print(f"  {entry.channel} on {entry.place}: {answer[1]}")
        if answer[0]:
            leave_channel(entry)
        else:
            # Without the key nobody could ever ask this hub to erase; it is used for nothing else from now on.
            postpone_leaving(entry)
    if not all(done for done, _ in answers):
        print("Run --forget again while the streams that did not answer are live.")
    return 0


async def _ask_to_erase(entry: Joined, key: str, seconds: float = 10.0) -> tuple[bool, str]:
    """Whether this stream is done with, and what to tell the viewer."""
    joined = asyncio.Event()
    said: list[str] = []
    try:
        token = channel_token(entry)
    except LeraError:
        return True, "its key was gone, so it could not be asked; it is off your list"
    try:
        given = "" if entry.by_sheet else given_token(entry)
        # However the way there is: it was taken before, and what it carries now is the wish to be erased.
        connect = connection(entry, token, key, given, insecure=True, say=said.append)
        client = connect(lambda state: joined.set() if state == "joined" else None)
    except LeraError as error:
        return False, f"could not be asked: {error}"
    task = asyncio.create_task(client.run())
    waiting = asyncio.create_task(joined.wait())
    try:
        await asyncio.wait([task, waiting], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        if joined.is_set() and await client.forget():
            drop_login(entry, token)
            return True, "has erased what it kept of you"
        # Why it can't be reached, where that is known.
        why = "" if joined.is_set() else "".join(f". {line}" for line in said)
        return False, f"did not answer; your key is kept only to ask again{why}"
    except LeraError as error:
        return True, f"{error} It is off your list; ask the streamer to erase what is left."
    finally:
        await client.close()
        for each in (task, waiting):
            each.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(main())
