"""`python run.py hub`: what it takes from settings and a person before it runs."""

import logging
from pathlib import Path

import pytest

from hub.__main__ import main
from lera.errors import LeraError


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger().handlers.clear()


def test_a_misspelt_table_is_said(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[hubb]\nnats = 'nats://127.0.0.1:4222'\n")
    with pytest.raises(LeraError, match=r"line 1: there is no \[hubb\] table; did you mean `hub`"):
        main(["--config", str(path)])


def test_the_tables_of_other_programs_are_let_be(tmp_path: Path) -> None:
    """Bot, hubs and agents share one file."""
    path = tmp_path / "config.toml"
    path.write_text("[channel]\nname = 'demo'\n[viewer]\n[streamer_agent]\n[[reaction]]\n")
    with pytest.raises(LeraError, match="Which NATS"):
        main(["--config", str(path)])
