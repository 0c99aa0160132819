"""`python run.py bot`: the streamer's program."""

import argparse
import asyncio
import contextlib
import logging
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from bot.access import Access
from bot.access_file import access_file, kept_access, read_kept
from bot.commands import Asker
from bot.console import chat_in_terminal
from bot.controls import links
from bot.history import History
from bot.keys import SECRETS, Keys, Secret, found_keys, kept_key, kept_keys
from bot.nodes import attach_nodes
from bot.obs import command as obs_command
from bot.server import check_ports, serving
from bot.settings import Settings, read_settings
from bot.sheet import attach_sheet, set_up_sheet
from bot.show import Show
from bot.twitch.card import is_set_up
from bot.virtual_camera.supervisor import VirtualCamera
from lera import logs
from lera.clock import steady_clock
from lera.errors import LeraError
from lera.signals import run_until_stopped
from transport.link import LOCAL
from transport.reading import UNREADABLE

logger = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run the bot until Ctrl-C. Raises LeraError."""
    parser = argparse.ArgumentParser(prog="run.py bot", description="Run the streamer's bot: hub, overlay and !mood.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.toml in this folder)")
    parser.add_argument(
        "--login", nargs="?", const="broadcaster", choices=("broadcaster", "bot"),
        help="log in to Twitch with a code: your channel's account, or a second one that chats in its place (bot)",
    )  # fmt: skip
    parser.add_argument("--logout", action="store_true", help="end LERA's logins on Twitch and erase them here")
    parser.add_argument("--nats", metavar="URL", help="share the crowd with other hubs there ([hub] nats)")
    parser.add_argument("--new-link", action="store_true", help="make a new join link; all old ones stop working")
    parser.add_argument(
        "--new-keys",
        action="store_true",
        help="make new keys for overlay and dashboard; all old addresses stop working",
    )
    parser.add_argument(
        "--show-links", action="store_true", help="print the addresses and their keys, of a bot that runs as a service"
    )
    parser.add_argument("--sheet-setup", action="store_true", help="make and check the [sheet] spreadsheet, and exit")
    obs_command.add_options(parser)
    arguments = parser.parse_args(argv)
    settings = read_settings(arguments.config)
    logs.set_up(settings.log)
    if arguments.login or arguments.logout:
        from bot.twitch.account import log_in, log_out

        return run_until_stopped(
            log_in(settings.twitch, arguments.login) if arguments.login else log_out(settings.twitch)
        )
    if arguments.sheet_setup:
        return set_up_sheet(settings, time.time())
    if obs_command.wanted(arguments):
        return obs_command.run(
            arguments, settings.obs, settings.web.here, lambda: kept_key(settings.channel.name, "overlay")
        )
    if arguments.nats:
        settings = replace(settings, hub=replace(settings.hub, nats=arguments.nats))
    if arguments.obs_dry_run:
        settings = replace(settings, obs=replace(settings.obs, reactions="dry-run"))
    renew: tuple[Secret, ...] = tuple(
        name for name in SECRETS if (arguments.new_link if name == "join" else arguments.new_keys)
    )
    if arguments.show_links:
        if renew:
            raise LeraError("--show-links changes nothing: leave out --new-link and --new-keys.")
        print("\n".join(kept_links(settings)))
        return 0
    if renew:
        check_ports(settings.web)
    keys = kept_keys(settings.channel.name, renew)
    return run_until_stopped(run(settings, keys, arguments.new_link))


async def run(settings: Settings, keys: Keys, new_link: bool) -> int:
    """The bot from start to stop. `new_link`: the seed of links is another one than before."""
    now = steady_clock()
    with contextlib.ExitStack() as ending:
        access = kept_access(settings.channel.name, keys, settings.hub.link_days, now())
        ending.callback(access.close)
        if new_link:
            access.renew(now())
        history = open_history(settings, now())
        if history is not None:
            ending.callback(history.close)
        show = Show(settings, keys, history, now, access=access)
        attach_sheet(show)
        attach_nodes(show)
        try:
            await play(show)
        except asyncio.CancelledError:
            if logs.as_json():
                logger.info("The show is over.")
            else:
                print("The show is over. See you next time!", file=sys.stderr)
            raise
    return 0


async def play(show: Show) -> None:
    """The show, with all that runs beside it, until it is cancelled."""
    settings = show.settings
    async with serving(show) as address, asyncio.TaskGroup() as tasks:
        tasks.create_task(show.run())
        if settings.virtual_camera.enabled:
            show.virtual_camera = VirtualCamera(address, lambda: show.keys.overlay)
            tasks.create_task(show.virtual_camera.run())
        say = logs.speaker(logger)
        # Of addresses with their keys nothing is for a log.
        quiet = [f"LERA is live for {settings.channel.name} at {address}; `--show-links` tells the keys."]
        for line in quiet if logs.as_json() else welcome(show, address):
            say(line)
        if is_set_up(settings.twitch):
            # Imported only where it is wanted: it costs a third of a second.
            from bot.twitch.service import Twitch

            show.twitch = twitch = Twitch(show)
            tasks.create_task(twitch.run())
        elif settings.twitch.enabled:
            say(show.twitch.line)
        tasks.create_task(chat_in_terminal(show, Asker("you", "broadcaster", id="terminal-you")))


def open_history(settings: Settings, now: float) -> History | None:
    """The stream's history, with what is older than `keep_days` deleted.

    None when it is switched off. One that can't be used, which is said, is tried again and again: the show goes on
    meanwhile, and an hour of it waits in memory.
    """
    if not settings.history.enabled:
        return None
    history = History(settings.history.file, patient=True)
    try:
        history.delete_before(now - settings.history.keep_days * 86_400)
    except LeraError as error:
        logger.error("%s The show goes on without a history.", error)
    return history


def kept_links(settings: Settings) -> list[str]:
    """What `welcome` said at the start of a bot that runs now: on which ports is in its settings. Raises LeraError.

    Nothing is written: it is asked beside a bot that runs, and as another user.
    """
    now, channel = steady_clock(), settings.channel.name
    keys = found_keys(channel)
    try:
        kept = read_kept(channel)
    except UNREADABLE:
        raise LeraError(f"{access_file(channel)} is damaged: start the bot, which sets it aside.") from None
    if keys is None or kept is None:
        raise LeraError(f"There are no links of {channel} here yet: start the bot, and ask again.")
    access = Access(channel, keys, settings.hub.link_days, now(), kept)
    show = Show(settings, keys, None, now, access=access)
    web = settings.web
    port = web.public_port or web.port
    show.public_url = web.public_url.rstrip("/") or f"http://{web.here.rpartition(':')[0]}:{port}"
    return [line for line in welcome(show, f"http://{web.here}")[2:] if line.startswith("  ")]


def welcome(show: Show, address: str) -> list[str]:
    """What a streamer needs to see after the start."""
    places = links(show, address)
    local = urlsplit(show.public_url).hostname in LOCAL
    return [
        f"LERA is live for {show.settings.channel.name}.",
        "Keep these off the screen: whoever has them may come in.",
        f"  OBS browser source:  {places['overlay']}",
        f"  Dashboard:           {places['dashboard']}",
        f"  Link for viewers:    {places['join']}",
        *(["    (it works on this machine only: see `For streamers` in the README)"] if local else []),
        *([f"  Link by the Sheet:   {show.sheet_link}"] if show.sheet_link else []),
        f"Type {show.settings.chat.prefix}mood to try it here, or `ann: what a win!` as chat. Ctrl-C ends the show.",
    ]


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
