"""Errors in config.toml name the line and the mend."""

from pathlib import Path

import pytest

from bot.settings import Settings, read_settings, settings_from
from lera.configuration import Configuration, read_configuration
from lera.errors import LeraError


def complaint(text: str) -> str:
    with pytest.raises(LeraError) as error:
        settings_from(Configuration(text))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_empty_file_gives_the_defaults() -> None:
    assert settings_from(Configuration("")) == Settings()


def test_a_misspelt_table_is_said_to_whichever_program_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[hubb]\nnats = 'nats://127.0.0.1:4222'\n")
    with pytest.raises(LeraError, match=r"line 1: there is no \[hubb\] table; did you mean `hub`"):
        read_configuration(path)


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
        ("[channel]\nname = 'not a name!'\n", 2, "name can't be written like that"),
        ("[twitch]\nclient_id = ' abc'\n", 2, "client_id can't be written like that"),
        ("[viewer]\ncamera = 1\n[crowd]\nexpiry = 1\n", 4, ">= 5"),
        ("[commands]\nlanguage = 'fr'\n", 2, "'fr'"),
        ("[commands]\nroles = { puase = 'vip' }\n", 2, "there is no command `puase`; did you mean `pause`?"),
        ("[commands]\nroles = { pause = 'mods' }\n", 2, "roles.pause must be one of broadcaster, moderator, vip"),
        ("[commands]\n\n[commands.roles]\nclip = 'x'\n", 4, "roles.clip must be one of"),
        ("[commands]\ncooldowns = { peek = 1 }\n", 2, "did you mean `peak`?"),
        ("[commands]\n[commands.cooldowns]\npeak = -1\n", 2, ">= 0"),
        ("[commands]\naliases = { '!hype' = 'mood' }\n", 2, "without the ! in front"),
        ("[commands]\naliases = { hype = 'moood' }\n", 2, "must stand for a command"),
        ("[commands]\naliases = { hype = 'mood cheese' }\n", 2, "must stand for a command"),
        ("[commands]\naliases = { mood = 'mood peak' }\n", 2, "is a command of its own"),
        ("[commands]\naliases = { 'two words' = 'mood' }\n", 2, "must be one word"),
        ("[commands]\n\n[commands.texts]\nhelp = 'see {share}'\n", 4, "texts.help knows no variable {share}"),
        ("[commands]\ntexts.mood = '{'\n", 2, "lone { or }"),
        ("[commands]\ntexts = { greet = 'hi' }\n", 2, "there is no text `greet`"),
        ("[commands]\nannounce_minutes = 0\n", 2, ">= 1"),
        ("[web]\n\npublic_url = 'mood.example'\n", 3, 'public_url must be such as "https://mood.example". Change it'),
        ("[web]\npublic_url = 'wss://mood.example'\n", 2, "public_url must be such as"),
        ("[web]\npublic_url = 'https://'\n", 2, "public_url must be such as"),
        ("[web]\npublic_url = 'https:// mood.example'\n", 2, "public_url must be such as"),
        ("[web]\npublic_url = 'https://mood.example?a=b'\n", 2, "public_url must be such as"),
        ("[web]\npublic_url = 'https://mood.example/#a'\n", 2, "public_url must be such as"),
        ("[web]\npublic_url = 'https://mood.example:99999'\n", 2, "public_url must be such as"),
        ("[web]\npublic_url = 'lera+sheet://sheets.googleapis.com'\n", 2, "public_url must be such as"),
        ("[web]\nport = 8766\n", 2, "port is 8766, as public_port is"),
        ("[web]\npublic_port = 8765\n", 2, "public_port is 8765, as port is"),
        ("[log]\nlevel = 'debug'\n", 2, "[log] level must be one of info, warning, error, not 'debug'."),
        ('[history]\nfolder = "a\\u0000b"\n', 2, "[history] folder has a zero character"),
        ("[web]\ntrusted_addresses = ['foo']\n", 2, "trusted_addresses has 'foo': each must be the address of one"),
        ("[web]\ntrusted_addresses = ['10.0.0.7', '10.0.0.0/8']\n", 2, "has '10.0.0.0/8': each must be"),
        ("[web]\ntrusted_addresses = ['FD00:0::7']\n", 2, "has 'FD00:0::7': write 'fd00::7'"),
    ],
)
def test_a_wrong_value_names_its_line_and_the_mend(text: str, line: int, words: str) -> None:
    said = complaint(text)
    assert said.startswith(f"config.toml line {line}:"), said
    assert words in said


@pytest.mark.parametrize(
    "url", ["", "https://mood.example", "https://mood.example/", "http://10.0.0.7:8766/lera", "https://[fd00::7]:8766"]
)
def test_every_address_that_links_may_begin_with_is_taken(url: str) -> None:
    text = f"[web]\npublic_url = '{url}'\ntrusted_addresses = ['10.0.0.7', 'fd00::7']\n"
    web = settings_from(Configuration(text)).web
    assert (web.public_url, web.trusted_addresses) == (url, ("10.0.0.7", "fd00::7"))


def test_commands_are_set_as_people_would_write_them() -> None:
    commands = settings_from(Configuration("""
[commands]
language = "zh-TW"
aliases = { "心情" = "mood", yay = "feel joy" }
roles = { clip = "vip" }
cooldowns = { peak = 60 }
[commands.texts]
reset = "wiped, {user}"
""")).commands  # fmt: skip
    assert (commands.language, commands.aliases["心情"], commands.cooldowns["peak"]) == ("zh-TW", "mood", 60.0)
    assert commands.may("clip", "vip") and not commands.may("pause", "vip"), "the others keep their role"


def test_a_mark_that_windows_editors_put_in_front_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "marked.toml").write_bytes(b"\xef\xbb\xbf[web]\r\nport = 9000\r\n")
    assert read_settings(tmp_path / "marked.toml").web.port == 9000


def test_broken_toml_names_its_line() -> None:
    assert "line 2" in complaint("[web]\nport = = 3\n")


def test_a_missing_or_unreadable_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LeraError, match="--config"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "wide.toml").write_text("[web]\nport = 9000\n", "utf-16")
    with pytest.raises(LeraError, match=r"wide\.toml is not UTF-8: .* save it again as UTF-8"):
        read_settings(tmp_path / "wide.toml")


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_a_value_beyond_all_bounds_is_one_line(value: str) -> None:
    assert "mend it and start again" in complaint(f"[web]\nport = {value}\n")
