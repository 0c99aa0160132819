"""The secrets of a show: kept, told apart, and worthless once they are renewed."""

import json
import logging
from pathlib import Path

import pytest

from bot import __main__ as program
from bot.keys import SECRETS, Keys, Secret, kept_keys
from bot.settings import Settings
from lera import vault
from lera.errors import LeraError
from lera.redaction import Redaction
from tests.ports import free_port


def test_each_key_has_its_power_and_the_join_token_has_none() -> None:
    keys = Keys()
    assert keys.power_of(keys.streamer) == "streamer"
    assert keys.power_of(keys.overlay) == "overlay"
    for nothing in (keys.join, "", keys.streamer[:-1], keys.streamer + "x", "schlüssel", "\ud800"):
        assert keys.power_of(nothing) is None, nothing
    assert len({keys.streamer, keys.overlay, keys.join}) == 3
    assert min(len(keys.streamer), len(keys.overlay)) == 32


def test_a_cookie_is_not_its_key_and_ends_with_it() -> None:
    keys = Keys()
    for power in ("streamer", "overlay"):
        cookie = keys.cookie(power)
        assert keys.power_of_cookie(cookie) == power and keys.power_of(cookie) is None
        other = keys.cookie("overlay" if power == "streamer" else "streamer")
        keys.renew(power)
        assert keys.power_of_cookie(cookie) is None and keys.power_of_cookie(keys.cookie(power)) == power
        assert keys.power_of_cookie(other) is not None, "the other key's is as it was"


@pytest.mark.parametrize("name", SECRETS)
def test_kept_from_run_to_run_until_it_is_renewed(name: Secret) -> None:
    first = kept_keys("demo")
    before = {each: getattr(first, each) for each in SECRETS}
    assert {each: getattr(kept_keys("demo"), each) for each in SECRETS} == before
    assert getattr(kept_keys("another"), name) != before[name]

    first.renew(name)
    after = {each: getattr(kept_keys("demo"), each) for each in SECRETS}
    assert after[name] == getattr(first, name) != before[name]
    assert {each: after[each] for each in SECRETS if each != name} == {e: before[e] for e in SECRETS if e != name}


def test_a_join_token_of_an_older_version_signs_nothing_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    vault.keep_secret("join-token:demo", "made-long-ago")
    assert kept_keys("demo").join != "made-long-ago"
    assert "give viewers the new one" in caplog.text and "made-long-ago" not in caplog.text
    caplog.clear()
    kept_keys("demo")
    assert vault.secret("join-token:demo") is None and not caplog.text, "it is said once"


@pytest.mark.parametrize(
    ("option", "renewed"), [("--new-link", {"join"}), ("--new-keys", {"overlay", "streamer"}), (None, set[str]())]
)
def test_the_command_line_renews_them(
    option: str | None, renewed: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown: list[Keys] = []

    async def run(_settings: Settings, keys: Keys, new_link: bool) -> int:
        assert new_link == (option == "--new-link")
        shown.append(keys)
        return 0

    config = tmp_path / "config.toml"
    config.write_text(f"[web]\nport = {free_port()}\npublic_port = 0\n")

    monkeypatch.setattr(program, "run", run)
    before = kept_keys(Settings().channel.name)
    assert program.main(["--config", str(config), *([option] if option else [])]) == 0
    assert {name for name in SECRETS if getattr(shown[0], name) != getattr(before, name)} == renewed


def test_a_key_that_cannot_be_kept_is_not_renewed(lera_home: Path) -> None:
    keys = kept_keys("demo")
    before = keys.overlay
    (lera_home / "secrets.json").unlink()
    (lera_home / "secrets.json").mkdir()
    with pytest.raises(LeraError, match="Can't read"):
        keys.renew("overlay")
    assert keys.overlay == before


def test_they_are_in_the_vault_alone_and_in_no_log(lera_home: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = kept_keys("demo")
    assert [path.name for path in lera_home.rglob("*") if path.is_file()] == ["secrets.json"]
    assert set(json.loads((lera_home / "secrets.json").read_text())) == {
        "streamer-key:demo", "overlay-key:demo", "join-seed:demo", "person-key:demo",
    }  # fmt: skip
    keys.renew("streamer")
    secrets = [keys.streamer, keys.overlay, keys.join, keys.cookie("streamer"), keys.cookie("overlay")]
    caplog.handler.addFilter(Redaction())
    for secret in secrets:
        logging.getLogger("bot").warning("opened %s, or /overlay/#key=%s", secret, secret)
    assert not any(secret in caplog.text for secret in secrets)
