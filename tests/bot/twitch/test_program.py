"""The program as a streamer starts it: without Twitch, logged out, without a network. One clear line each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.twitch.endpoints import VARIABLE
from bot.twitch.tokens import Account, _write
from tests.conftest import ROOT
from tests.ports import free_port

pytestmark = pytest.mark.slow


def first_lines(folder: Path, needle: str, client_id: str = "", *options: str) -> list[str]:
    """Start the bot where there is no Twitch; what it said until `needle` came, and a moment after."""
    config = folder / "config.toml"
    ports = f"port = {free_port()}\npublic_port = 0"
    config.write_text(f'[web]\n{ports}\n[twitch]\nclient_id = "{client_id}"\n[history]\nenabled = false\n')
    command = [sys.executable, "-m", "lera", "bot", "--config", str(config), *options]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, VARIABLE: "http://127.0.0.1:9"}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as program:  # fmt: skip
        assert program.stdin is not None and program.stdout is not None
        said = []
        for line in program.stdout:
            said.append(line)
            if needle in line:
                break
        # The show runs all the same: the terminal is answered.
        if not options:
            program.stdin.write("!mood help\n")
            program.stdin.flush()
            for line in program.stdout:
                said.append(line)
                if "LERA: " in line:
                    break
        program.terminate()
        said += program.stdout.readlines()
    return said


def test_without_twitch_the_show_runs_and_says_how_to_have_it(tmp_path: Path) -> None:
    said = first_lines(tmp_path, "not set up")
    assert sum("Twitch" in line for line in said) == 1 and "LERA: " in "".join(said)


def test_logged_out_it_asks_for_a_login_once(tmp_path: Path) -> None:
    said = first_lines(tmp_path, "--login", "app")
    assert sum("Twitch" in line for line in said) == 1 and "LERA: " in "".join(said)


def test_without_a_network_it_says_so_once_and_no_token(tmp_path: Path) -> None:
    _write("broadcaster", Account("app", "an-access-token", "a-refresh-token", "1", "ann"))
    said = first_lines(tmp_path, "can't be reached", "app")
    text = "".join(said)
    assert sum("Twitch" in line for line in said) == 1 and "LERA: " in text
    assert "an-access-token" not in text and "Traceback" not in text


def test_a_login_without_a_network_is_one_line(tmp_path: Path) -> None:
    said = first_lines(tmp_path, "can't be reached", "app", "--login")
    assert len(said) == 1 and said[0].startswith("LERA: Twitch can't be reached")


def test_a_secret_in_the_vault_is_what_was_written(lera_home: Path) -> None:
    _write("bot", Account("app", "an-access-token", "a-refresh-token"))
    kept = json.loads((lera_home / "secrets.json").read_text("utf-8"))
    assert json.loads(kept["twitch-login:bot"])["access"] == "an-access-token"
