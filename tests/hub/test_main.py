"""`python run.py hub`: what it takes from settings and a person before it runs."""

import io
import logging
from pathlib import Path

import pytest

from hub.__main__ import main
from lera import vault
from lera.errors import LeraError
from transport.bus_login import VAULT_NAME


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger().handlers.clear()


def test_the_tables_of_other_programs_are_let_be(tmp_path: Path) -> None:
    """Bot, hubs and agents share one file."""
    path = tmp_path / "config.toml"
    path.write_text("[channel]\nname = 'demo'\n[viewer]\n[streamer_agent]\n[[reaction]]\n")
    with pytest.raises(LeraError, match="Which NATS"):
        main(["--config", str(path)])


def test_a_login_is_taken_from_a_pipe_and_an_end_of_input_forgets_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hub:the-password\n"))
    assert main(["--nats-login"]) == 0 and vault.secret(VAULT_NAME) == "hub:the-password"
    for nobody in (io.StringIO(""), None):
        monkeypatch.setattr("sys.stdin", nobody)
        with pytest.raises(LeraError, match="No login was given, and nothing has changed"):
            main(["--nats-login"])
    assert vault.secret(VAULT_NAME) == "hub:the-password"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), "utf-8"))
    with pytest.raises(LeraError, match="can't be read as UTF-8"):
        main(["--nats-login"])
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(["--nats-login"]) == 0 and vault.secret(VAULT_NAME) is None
    assert "the-password" not in "".join(capsys.readouterr())
