"""Tokens go to Twitch, or to a stand-in on this very machine."""

import pytest

from bot.twitch.endpoints import VARIABLE, Endpoints, endpoints, stand_in
from lera.errors import LeraError


def test_twitch_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert endpoints() == Endpoints() and "twitch.tv" in endpoints().identity


def test_a_stand_in_on_this_machine_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:8080/")
    assert endpoints() == Endpoints("http://127.0.0.1:8080/helix/", "http://127.0.0.1:8080/", "ws://127.0.0.1:8080/ws")


@pytest.mark.parametrize("base", ["http://evil.example", "https://127.0.0.1", "http://127.0.0.1.evil.example:80"])
def test_no_other_place_gets_a_token(base: str) -> None:
    with pytest.raises(LeraError, match="this machine"):
        stand_in(base)


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://www.twitch.tv/activate?public=true", True),
        ("https://twitch.tv/activate", True),
        ("http://www.twitch.tv/activate", False),
        ("https://twitch.tv.evil.example/activate", False),
        ("https://eviltwitch.tv/", False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_twitchs_own_addresses_are_shown_to_people(url: str, owned: bool) -> None:
    assert Endpoints().owns(url, "https") is owned
