"""`doctor`: looks at everything that LERA needs here, and says for each fault its cause and its mend in one line."""

import argparse
import asyncio
import http.client
import importlib.util
import json
import os
import platform
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.access_file import access_file, read_kept
from bot.chat import load_reader
from bot.drawing.fonts import NO_CHINESE, drawable
from bot.history import History
from bot.keys import found_keys
from bot.settings import Settings, read_settings
from bot.sheet import check_sheet
from bot.twitch.card import Absent, is_set_up
from bot.virtual_camera.device import PACKAGE_MISSING
from bot.virtual_camera.picture import plate_of
from lera import vault
from lera.errors import LeraError
from lera.folders import data_folder
from lera.obs.connection import diagnosis
from transport.listening import open_files_as_allowed
from transport.reading import UNREADABLE


class Finding(NamedTuple):
    """One line of the doctor. `mend` is empty when all is well."""

    name: str
    said: str
    mend: str = ""


def examine(config: Path | None = None) -> Iterator[Finding]:
    """Look at one thing after the other; each finding comes as soon as it is known."""
    yield _python()
    try:
        settings = read_settings(config)
    except LeraError as error:
        yield Finding("settings", "config.toml can't be used", str(error))
        settings = Settings()
    else:
        yield Finding("settings", f"channel {settings.channel.name}, all keys known")
    for name, look in (
        ("disk", lambda: _disk(settings)),
        ("secrets", lambda: _secrets(settings)),
        ("links", lambda: _links(settings)),
        ("port", lambda: _port(settings)),
        ("connections", lambda: _connections(settings)),
        ("virtual camera", lambda: _virtual_camera(settings)),
        ("detector", _detector),
        ("reader", _reader),
        ("chat", lambda: _chat(settings)),
        ("microphone", _microphone),
        ("twitch", lambda: _twitch(settings)),
        ("sheet", lambda: _sheet(settings)),
        ("obs", lambda: _obs(settings)),
    ):
        yield _guarded(name, look)


def main(argv: list[str] | None = None) -> int:
    """Print the findings; 1 when something needs mending."""
    parser = argparse.ArgumentParser(prog="run.py doctor", description="Check this machine and say what to mend.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.toml in this folder)")
    arguments = parser.parse_args(argv)
    faults = 0
    for finding in examine(arguments.config):
        faults += bool(finding.mend)
        print(f"{'MEND' if finding.mend else ' ok '}  {finding.name}: {finding.said}", flush=True)
        if finding.mend:
            print(f"      -> {finding.mend}", flush=True)
    print(f"{faults} thing{'s' * (faults != 1)} to mend." if faults else "All is well.")
    return 1 if faults else 0


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except LeraError as error:
        return Finding(name, "does not work", str(error))


def _python() -> Finding:
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", said, "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer.")


def _disk(settings: Settings) -> Finding:
    folder = Path(settings.history.folder) if settings.history.folder else data_folder()
    probe = folder / f"doctor-{os.getpid()}.sqlite3"
    try:
        free = shutil.disk_usage(folder).free / 2**30
        History(probe).close()
    except OSError as error:
        return Finding("disk", f"{folder} can't be used ({error})", "Set [history] folder to one you may write to.")
    finally:
        probe.unlink(missing_ok=True)
    mend = "" if free > 0.5 else "Free some disk space: the history stops when the disk is full."
    return Finding("disk", f"{folder}, {free:.0f} GB free", mend)


def _secrets(settings: Settings) -> Finding:
    if vault.has_keyring():
        return Finding("secrets", "kept in the system keyring")
    path = vault.secrets_file()
    # Reading one reads the whole file, which may be damaged.
    found_keys(settings.channel.name)
    if not path.exists():
        return Finding("secrets", f"no keyring here; they will be kept in {path}")
    if mend := _too_open(path):
        return Finding("secrets", f"{path} can be read by others", mend)
    return Finding("secrets", f"no keyring here; kept in {path}, readable by you alone")


def _links(settings: Settings) -> Finding:
    path = access_file(settings.channel.name)
    try:
        kept = read_kept(settings.channel.name)
    except UNREADABLE:
        return Finding(
            "links", f"{path} is damaged", "Start the bot with --new-link: it sets the file aside and begins anew."
        )
    keys = found_keys(settings.channel.name)
    if kept is None and keys is not None:
        return Finding(
            "links", f"{path} is gone: nobody is banned, and links that you had taken back work again",
            "Put it back from a backup, or start the bot with --new-link, which ends all links.",
        )  # fmt: skip
    if kept is None or kept.public is None:
        return Finding("links", "the bot makes the join link when it starts for the first time")
    if keys is None:
        return Finding(
            "links", f"their keys are gone: all links and bans ({len(kept.bans)}) end when the bot starts",
            "Put the keys back from a backup first, or give viewers the new links and ban again.",
        )  # fmt: skip
    if mend := _too_open(path):
        return Finding("links", f"{path} can be read by others", mend)
    left = (kept.public.expires - time.time()) / 86_400
    good = f"is good for {left:.0f} more days" if left > 0 else "has expired; the bot makes a new one when it starts"
    return Finding("links", f"the join link {good}; {len(kept.links)} by name, {len(kept.bans)} bans")


def _too_open(path: Path) -> str:
    """What to do where others may read this file; empty where they may not. On Windows the folder's rights say it."""
    return f"Take their rights away: chmod 600 {path}" if os.name == "posix" and path.stat().st_mode & 0o077 else ""


def _port(settings: Settings) -> Finding:
    web, host = settings.web, settings.web.host
    ports = {"port": web.port, "public_port": web.public_port} if web.public_port else {"port": web.port}
    for name, port in ports.items():
        try:
            socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
        except OSError as error:
            if _is_lera(web.port):
                return Finding("port", f"{web.port}: a LERA bot is running there")
            mend = f"Close the program that uses it, or set another [web] {name} in config.toml."
            return Finding("port", f"{host}:{port} is not free ({error.strerror or error})", mend)
    return Finding("port", " and ".join(f"{host}:{port}" for port in ports.values()) + " free")


def _is_lera(port: int) -> bool:
    try:
        # This very machine is not reached through anyone's proxy.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(json.load(answer) == {"status": "ok"})
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError):
        return False


def _connections(settings: Settings) -> Finding:
    allowed = open_files_as_allowed()
    wanted = settings.hub.max_viewers
    if allowed is None or allowed > wanted + 500:
        return Finding("connections", f"{wanted} viewers fit")
    mend = f"Raise this system's limit of open files, or set [hub] max_viewers to {max(1, allowed - 500)}."
    return Finding("connections", f"{wanted} viewers don't fit in {allowed} open files", mend)


def _virtual_camera(settings: Settings) -> Finding:
    if not settings.virtual_camera.enabled:
        return Finding("virtual camera", "is off, as [virtual_camera] enabled says")
    # Looked for and not loaded: that is its own program's. Whether there is a device, that program says.
    if importlib.util.find_spec("pyvirtualcam") is None:
        return Finding("virtual camera", "can't start", PACKAGE_MISSING)
    plate_of(settings.virtual_camera)
    if drawable(settings.virtual_camera.language) != settings.virtual_camera.language:
        return Finding("virtual camera", "speaks English", NO_CHINESE)
    return Finding("virtual camera", "can be drawn, and pyvirtualcam is here")


def _detector() -> Finding:
    from model import blazeface

    return Finding("detector", f"BlazeFace is here ({blazeface.DETECTOR.ensure().name})")


def _reader() -> Finding:
    from model import face

    with face.load() as reader:
        reader.find(np.zeros((240, 320, 3), np.uint8))
        crops = np.zeros((1, 64, 64, 3), np.uint8)
        seven = reader.probabilities(crops)[0]
    if not np.isclose(seven.sum(), 1.0, atol=1e-3):
        return Finding("reader", "the face reader gives nonsense", "Install LERA again: its weights are damaged.")
    return Finding("reader", "the face reader loads and answers")


def _chat(settings: Settings) -> Finding:
    if not settings.chat.enabled:
        return Finding("chat", "is not read, as [chat] enabled says")
    try:
        sevens, qualities = load_reader().read(["that was great!"])
    except LeraError as error:
        return Finding("chat", "is answered and not read", f"{error} Or set [chat] enabled = false.")
    if sevens.shape != (1, 7) or qualities.shape != (1,):
        return Finding("chat", "the text reader gives nonsense", "Install LERA again: its weights are damaged.")
    return Finding("chat", "the text reader loads and answers")


def _microphone() -> Finding:
    """For `python run.py streamer` alone, so that a machine without one is well all the same."""
    try:
        import sounddevice

        names = [str(device["name"]) for device in sounddevice.query_devices() if device["max_input_channels"]]
    except Exception as error:  # No PortAudio at all is an OSError; drivers raise what they like.
        missing = isinstance(error, OSError | ImportError)
        reason = "PortAudio is missing" if missing else "the system's sound does not answer"
        return Finding("microphone", f"{reason}; only `python run.py streamer` would need it")
    found = f"{len(names)} found, the first is {names[0]}" if names else "none found"
    return Finding("microphone", f"{found}; only `python run.py streamer` would open it")


def _twitch(settings: Settings) -> Finding:
    if not is_set_up(settings.twitch):
        return Finding("twitch", Absent(settings.twitch).line)
    from bot.twitch.account import look

    return Finding("twitch", asyncio.run(look(settings.twitch)))


def _sheet(settings: Settings) -> Finding:
    if not (settings.sheet.live or settings.sheet.archive):
        return Finding("sheet", "not used")
    check_sheet(settings)
    return Finding("sheet", "the spreadsheet opens, and its layout is as it must be")


def _obs(settings: Settings) -> Finding:
    if not settings.obs.enabled:
        return Finding("obs", "is not used, as [obs] enabled says")
    try:
        return Finding("obs", diagnosis(settings.obs))
    except LeraError as error:
        return Finding("obs", "can't be used", str(error))
