"""What `python run.py bot --obs-…` does instead of a show: keep the password, set the overlay up, write an export."""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from bot.obs.export import export
from bot.obs.settings import Position
from bot.obs.setup import NoBrowserSource, set_up_here
from lera.asking import ask_secret
from lera.errors import LeraError
from lera.folders import data_folder
from lera.obs.connection import connect, keep_password, kept_password
from lera.obs.settings import ObsSettings


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options on OBS."""
    group = parser.add_argument_group("OBS")
    group.add_argument("--obs-password", action="store_true", help="ask for OBS's WebSocket password, keep it, and end")
    group.add_argument("--obs-setup", action="store_true", help="put the overlay into the running OBS, and end")
    group.add_argument("--obs-export", type=Path, metavar="FILE", help="write a scene collection to import, and end")
    group.add_argument(
        "--scene", metavar="NAME", default="", help="the scene to put it into (default: the one that is on)"
    )
    group.add_argument(
        "--position", choices=get_args(Position), help="where in the picture (default: as it is, or left)"
    )
    group.add_argument("--obs-dry-run", action="store_true", help="only say what reactions would do")


def wanted(arguments: argparse.Namespace) -> bool:
    """Whether one of them stands in place of a show."""
    return bool(arguments.obs_password or arguments.obs_setup or arguments.obs_export)


def run(arguments: argparse.Namespace, settings: ObsSettings, bot: str, key: Callable[[], str]) -> int:
    """Do what was asked for, one after the other. `key` gives the overlay's. Raises LeraError."""
    if arguments.obs_password:
        print(ask_password())
    if arguments.obs_export:
        print("\n".join(export(arguments.obs_export, settings.source, bot, arguments.position or "left", key())))
    if arguments.obs_setup:
        try:
            print(asyncio.run(_set_up(arguments, settings, bot, key())))
        except NoBrowserSource as error:
            file = data_folder() / "obs-scenes.json"
            print(f"{error}\n" + "\n".join(export(file, settings.source, bot, arguments.position or "left", key())))
            return 1
        if not settings.enabled:
            print("To let reactions act and replays be saved, set [obs] enabled = true in config.toml.")
    return 0


def ask_password() -> str:
    """Ask for the password without showing it, and keep it; an empty one forgets it. Raises LeraError."""
    given = ask_secret("OBS's WebSocket password (it is not shown; empty forgets the one that is kept): ", "password")
    if len(given) > 500:
        raise LeraError("That is too long for a password of OBS; nothing has changed.")
    keep_password(given or None)
    return "The password is kept." if given else "The password is forgotten."


async def _set_up(arguments: argparse.Namespace, settings: ObsSettings, bot: str, key: str) -> str:
    obs = await connect(settings, kept_password())
    try:
        done = await set_up_here(obs, settings, bot, arguments.scene, arguments.position, key)
    finally:
        await obs.close()
    return done.says(settings.source)
