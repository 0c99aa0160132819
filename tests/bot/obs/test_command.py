"""`python run.py bot --obs-…`: the password is asked for and never shown, and the overlay puts itself into OBS."""

import getpass
import io
import json
import logging
from pathlib import Path

import pytest

from bot import doctor
from bot.__main__ import main
from bot.obs.setup import KIND
from bot.settings import Settings, read_settings
from lera.cli import run_program
from lera.obs.connection import ObsAway, kept_password
from tests.obs import Obs
from tests.ports import free_port

SECRET = "the-secret-password"


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger().handlers.clear()


def config(folder: Path, port: int) -> str:
    path = folder / "config.toml"
    path.write_text(f"[obs]\nenabled = true\nport = {port}\ntimeout = 10.0\n")
    return str(path)


def test_the_password_is_asked_for_without_echo_and_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return SECRET

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", answer)
    assert main(["--obs-password"]) == 0
    assert len(asked) == 1 and len(kept_password()) == len(SECRET)
    said = "".join(capsys.readouterr())
    assert "The password is kept." in said and SECRET not in said
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(["--obs-password"]) == 0 and kept_password() == ""
    assert "forgotten" in capsys.readouterr().out


def test_an_end_of_input_forgets_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET))
    assert main(["--obs-password"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run_program(main, ["--obs-password"]) == 1
    assert kept_password() == SECRET and "nothing has changed" in capsys.readouterr().err


def test_the_export_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lera.json"
    assert main(["--obs-export", str(file), "--position", "bottom"]) == 0
    assert "Scene Collection, Import" in capsys.readouterr().out
    assert json.loads(file.read_text("utf-8"))["name"] == "LERA"


def test_a_dry_run_only_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shows: list[Settings] = []

    async def run(settings: Settings, _keys: object, _new_link: bool) -> int:
        shows.append(settings)
        return 0

    monkeypatch.setattr("bot.__main__.run", run)
    path = config(tmp_path, free_port())
    assert main(["--config", path, "--obs-dry-run"]) == main(["--config", path]) == 0
    assert [settings.obs.reactions for settings in shows] == ["dry-run", "on"]


def test_without_obs_it_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ObsAway, match="can't be reached"):
        main(["--obs-setup", "--config", config(tmp_path, free_port())])


def test_the_doctor_looks_at_obs_where_it_is_used(tmp_path: Path) -> None:
    path = Path(config(tmp_path, free_port()))
    found = doctor._obs(read_settings(path))
    assert found.said == "can't be used" and "Start OBS and switch on" in found.mend
    path.write_text("")
    assert not doctor._obs(read_settings(path)).mend


@pytest.mark.obs
def test_the_doctor_and_the_set_up_at_a_real_obs(
    obs: Obs, tmp_path: Path, lera_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    async def started() -> bool:
        connection = await obs.connected()
        kinds = (await connection.request("GetInputKindList"))["inputKinds"]
        await connection.close()
        return KIND in kinds

    has_browser = asyncio.run(started())
    monkeypatch.setattr("sys.stdin", io.StringIO(obs.password + "\r\n"))
    assert main(["--obs-password"]) == 0
    path = config(tmp_path, obs.port)
    found = doctor._obs(read_settings(Path(path)))
    assert not found.mend and "answers" in found.said
    if has_browser:
        assert main(["--obs-setup", "--config", path]) == 0
        assert "LERA mood" in capsys.readouterr().out
    else:
        assert main(["--obs-setup", "--config", path]) == 1
        said = capsys.readouterr().out
        assert "no browser sources" in said and "Scene Collection, Import" in said
        assert json.loads((lera_home / "obs-scenes.json").read_text("utf-8"))["name"] == "LERA"
