"""No scope without a feature, and README names them all, as it does the settings."""

import re

from msgspec.structs import fields

from bot.twitch.scopes import SCOPES, scopes_for
from bot.twitch.settings import TwitchSettings
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_only_what_is_switched_on_is_asked_for() -> None:
    assert scopes_for("bot", TwitchSettings()) == ["user:read:chat", "user:write:chat"]
    assert scopes_for("broadcaster", TwitchSettings(clips=False, markers=False)) == scopes_for("bot", TwitchSettings())
    assert scopes_for("broadcaster", TwitchSettings())[2:] == ["clips:edit"], "markers are off: nothing makes them yet"


def test_readme_names_every_scope_its_feature_and_its_switch() -> None:
    for scope in SCOPES:
        switch = f" `{scope.setting} = true`" if scope.setting else " |"
        assert f"| `{scope.name}` | {scope.feature} |{switch}" in README
    documented = set(re.findall(r"^\| `([a-z]+:[a-z:]+)` \|", README, re.MULTILINE))
    assert documented == {scope.name for scope in SCOPES}


def test_readme_names_every_setting() -> None:
    table = README[README.index("| setting of `[twitch]` |") :]
    table = table[: table.index("\n\n")]
    assert set(re.findall(r"`(\w+)`(?=[^|]*\| )", table.replace("`[twitch]`", ""))) >= {
        field.name for field in fields(TwitchSettings)
    }


def test_readme_takes_a_newcomer_from_nothing_to_a_bot_in_under_ten_lines() -> None:
    start = README.index("**Twitch**, from nothing to a bot in your chat:")
    steps = README[start : README.index("`python run.py bot --logout`", start)].strip().splitlines()[2:]
    assert len(steps) < 10
    text = "\n".join(steps)
    for needed in ("dev.twitch.tv/console/apps", "client type Public", "http://localhost", "client_id", "--login"):
        assert needed in text, needed
