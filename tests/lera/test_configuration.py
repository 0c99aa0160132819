"""Errors in config.toml name the line and the mend."""

from pathlib import Path

import pytest

from bot.settings import Settings, read_settings, settings_from
from lera.configuration import Configuration
from lera.errors import LeraError


def complaint(text: str) -> str:
    with pytest.raises(LeraError) as error:
        settings_from(Configuration(text))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_empty_file_gives_the_defaults() -> None:
    assert settings_from(Configuration("")) == Settings()


def test_values_are_taken() -> None:
    assert settings_from(Configuration("[web]\nport = 9000\n")).web.port == 9000


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[web]\nport = 99999\n", 2, "<= 65535"),
        ("# a comment\n\n[web]\nhost = '127.0.0.1'\nport = 'many'\n", 5, "int"),
        ("[crowd]\nminimum_viewer = 3\n", 2, "did you mean `minimum_viewers`"),
        ("channel = 5\n", 1, "must be a table"),
        ("[crowds]\n", 1, "did you mean `crowd`"),
        ("[channel]\nname = 'not a name!'\n", 2, "must be"),
        ("[viewer]\ncamera = 1\n[crowd]\nexpiry = 1\n", 4, ">= 5"),
    ],
)
def test_a_wrong_value_names_its_line_and_the_mend(text: str, line: int, words: str) -> None:
    said = complaint(text)
    assert said.startswith(f"config.toml line {line}:"), said
    assert words in said


def test_a_mark_that_windows_editors_put_in_front_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "marked.toml").write_bytes(b"\xef\xbb\xbf[web]\r\nport = 9000\r\n")
    assert read_settings(tmp_path / "marked.toml").web.port == 9000


def test_broken_toml_names_its_line() -> None:
    assert "line 2" in complaint("[web]\nport = = 3\n")


def test_a_missing_or_unreadable_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LeraError, match="--config"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LeraError, match="--config"):
        read_settings(tmp_path / "binary.toml")
