"""The bot's command line: what it does beside a bot that runs."""

import re
import socket
import time
from pathlib import Path

import pytest

from bot import __main__ as program
from bot import access_file as access_file_module
from bot.access_file import access_file, kept_access, read_kept
from bot.keys import kept_keys
from bot.settings import ChannelSettings, HistorySettings, Settings
from bot.show import Show
from lera.errors import LeraError
from tests.ports import free_port
from transport.tokens import Door


def files_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    """What lies there; the time of change tells a file that was written anew with what it had."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    path = tmp_path / "config.toml"
    path.write_text('[channel]\nname = "demo"\n')
    return ["--config", str(path)]


def test_links_are_shown_and_nothing_is_written_though_they_are_due(
    lera_home: Path, config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    keys = kept_keys("demo")
    # So long ago that the public link is due to be made anew.
    access = kept_access("demo", keys, 90, time.time() - 80 * 86_400)
    before = files_in(lera_home)
    assert program.main([*config, "--show-links"]) == 0
    told = capsys.readouterr().out
    assert f"#key={keys.overlay}" in told and f"#key={keys.streamer}" in told
    (token,) = re.findall(r"/join/demo#(\S+)", told)
    admission = Door(access.terms()).admit("demo", token, "a" * 22, time.time())
    assert admission.token_id == access.public.id, "the bot that runs takes it"
    assert files_in(lera_home) == before


def test_before_the_first_start_there_are_none_and_none_are_made(lera_home: Path, config: list[str]) -> None:
    with pytest.raises(LeraError, match=r"no links of demo here yet: start the bot"):
        program.main([*config, "--show-links"])
    assert not any(lera_home.iterdir())
    kept_keys("demo")
    with pytest.raises(LeraError, match="start the bot"):
        program.main([*config, "--show-links"])
    assert not access_file("demo").exists()


def test_a_damaged_list_is_left_to_the_bot_by_who_only_looks(lera_home: Path, config: list[str]) -> None:
    kept_keys("demo")
    access_file("demo").write_bytes(b"{")
    before = files_in(lera_home)
    with pytest.raises(LeraError, match="is damaged: start the bot"):
        program.main([*config, "--show-links"])
    assert files_in(lera_home) == before


async def test_a_new_link_ends_the_others_and_what_the_disk_refused_is_written_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    access = kept_access("demo", kept_keys("demo"), 90, time.time())
    access.add_link("Discord", 30, time.time())
    access.ban(["aa" * 12], time.time())
    await access.settled()

    async def play(show: Show) -> None:
        await show.access.settled()
        assert not show.access.links() and len(show.access.bans) == 1, "links end, bans stay"
        with monkeypatch.context() as broken:
            broken.setattr(access_file_module, "write_private", refuse)
            show.access.ban(["bb" * 12], time.time())
            await show.access.settled()
            assert show.access.fault

    def refuse(*_: object) -> None:
        raise LeraError("The disk is full.")

    monkeypatch.setattr(program, "play", play)
    settings = Settings(ChannelSettings("demo"), history=HistorySettings(enabled=False))
    assert await program.run(settings, kept_keys("demo", ("join",)), new_link=True) == 0
    kept = read_kept("demo")
    assert kept is not None and len(kept.bans) == 2 and kept.links == []


@pytest.mark.parametrize("option", ["--new-link", "--new-keys"])
@pytest.mark.parametrize("which", ["port", "public_port"])
def test_while_a_bot_runs_nothing_is_renewed_that_it_would_not_know_of(
    lera_home: Path, tmp_path: Path, option: str, which: str
) -> None:
    kept_access("demo", kept_keys("demo"), 90, time.time())
    before = files_in(lera_home)
    config = tmp_path / "config.toml"
    with socket.create_server(("127.0.0.1", 0)) as running:
        ports = {"port": free_port(), "public_port": free_port(), which: running.getsockname()[1]}
        config.write_text("[channel]\nname = 'demo'\n[web]\n" + "".join(f"{k} = {v}\n" for k, v in ports.items()))
        with pytest.raises(LeraError, match=r"seems to be running: use Keys on its dashboard.* Nothing has changed\.$"):
            program.main(["--config", str(config), option])
    assert files_in(lera_home) == before


def test_a_host_that_is_none_of_ours_is_said_before_anything_is_renewed(lera_home: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[web]\nhost = '256.1.1.1'\n")
    with pytest.raises(LeraError, match=r"mend host and port in .* Nothing has changed\.$"):
        program.main(["--config", str(tmp_path / "config.toml"), "--new-link"])
    assert not lera_home.exists()


@pytest.mark.parametrize("option", ["--new-link", "--new-keys"])
def test_who_only_looks_renews_nothing(lera_home: Path, config: list[str], option: str) -> None:
    with pytest.raises(LeraError, match="changes nothing"):
        program.main([*config, "--show-links", option])
    assert not lera_home.exists() or not any(lera_home.iterdir())
