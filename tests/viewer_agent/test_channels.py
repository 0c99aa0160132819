import json
from pathlib import Path

import pytest

from lera.errors import LeraError
from lera.vault import secret
from transport.link import Link
from viewer_agent.channels import (
    Joined,
    channel_list,
    channel_token,
    given_token,
    join_channel,
    joined_channels,
    keep_given,
    keep_showing,
    leave_channel,
    named_channels,
    pick_channel,
    postpone_leaving,
)
from viewer_agent.showing import Showing

ANNA = Link("wss://anna.example/hub", "anna", "anna's-token")
BEN = Link("ws://127.0.0.1:8765/hub", "ben", "ben's-token")


def test_each_stream_gets_a_key_of_its_own() -> None:
    assert join_channel(ANNA).viewer != join_channel(BEN).viewer
    assert [entry.channel for entry in joined_channels()] == ["anna", "ben"]


def test_joining_again_keeps_the_key_and_takes_the_new_token() -> None:
    first = join_channel(ANNA)
    again = join_channel(ANNA._replace(token="rotated"))
    assert again == first
    assert channel_token(again) == "rotated"


def test_tokens_are_not_in_the_list(lera_home: Path) -> None:
    join_channel(ANNA)
    assert "token" not in (lera_home / "channels.json").read_text()
    assert "token" not in channel_list(joined_channels())


def test_leaving_forgets_the_stream_and_its_token(lera_home: Path) -> None:
    entry = join_channel(ANNA)
    leave_channel(entry)
    assert joined_channels() == []
    assert secret(f"viewer {entry.url} {entry.channel}") is None
    assert not (lera_home / "channels.json").exists()
    with pytest.raises(LeraError, match="streamer's link"):
        channel_token(entry)


def test_the_only_stream_is_picked_and_several_are_asked_for() -> None:
    anna, ben = Joined("wss://a/hub", "anna", "k" * 16), Joined("wss://b/hub", "ben", "k" * 16)
    shown: list[str] = []
    assert pick_channel([anna]) == anna
    assert pick_channel([anna, ben], lambda _question: "2", shown.append) == ben
    assert "anna" in shown[0]
    answers = ["0", "3", "", "ben", "²"]
    while answers:
        with pytest.raises(LeraError, match="start again"):
            pick_channel([anna, ben], lambda _question: answers.pop(), shown.append)
    with pytest.raises(LeraError, match="joined no stream"):
        pick_channel([])
    with pytest.raises(LeraError, match="several"):
        pick_channel([anna, ben], terminal=False)


def test_a_joined_stream_can_be_named_without_its_token() -> None:
    join_channel(ANNA)
    ben = join_channel(BEN)
    assert named_channels("ben") == [ben]
    assert named_channels("http://127.0.0.1:8765/join/ben") == [ben]
    assert len(named_channels(None)) == 2
    with pytest.raises(LeraError, match="not joined"):
        named_channels("carla")


def test_a_stream_that_is_being_left_is_not_joined_again_by_itself() -> None:
    postpone_leaving(join_channel(ANNA))
    assert joined_channels()[0].leaving
    assert named_channels(None) == []
    join_channel(ANNA)
    assert not joined_channels()[0].leaving


@pytest.mark.parametrize(
    "damage",
    [b"{", b"[1]", b'[{"url": "\xff"}]', b'[{"url": "file:///etc", "channel": "a", "viewer": "kkkkkkkkkkkkkkkk"}]'],
)
def test_a_damaged_list_is_set_aside_and_said(lera_home: Path, damage: bytes) -> None:
    lera_home.mkdir(exist_ok=True)
    (lera_home / "channels.json").write_bytes(damage)
    said: list[str] = []
    assert joined_channels(said.append) == []
    assert "channels.broken.json" in said[0]
    assert (lera_home / "channels.broken.json").read_bytes() == damage
    assert joined_channels(said.append) == []
    assert len(said) == 1
    (lera_home / "channels.json").write_bytes(b"again")
    assert joined_channels(said.append) == [] and "channels.2.broken.json" in said[1]
    assert (lera_home / "channels.broken.json").read_bytes() == damage


def test_a_channel_name_that_can_not_be_is_refused() -> None:
    with pytest.raises(LeraError, match="channel name"):
        join_channel(ANNA._replace(channel="anna; rm"))


def test_being_shown_is_remembered_for_one_stream_and_survives_a_new_link() -> None:
    anna, ben = join_channel(ANNA), join_channel(BEN)
    showing = Showing("name", "Ann", "0" * 64, "2026-01-01T00:00:00+00:00")
    shown = keep_showing(anna, showing)
    assert joined_channels() == [shown, ben] and shown.showing == showing and ben.showing is None
    assert join_channel(ANNA._replace(token="rotated")) == shown
    postpone_leaving(shown)
    assert joined_channels()[0].leaving and joined_channels()[0].showing is None
    assert keep_showing(joined_channels()[0], None).showing is None


def test_a_list_of_before_this_is_read(lera_home: Path) -> None:
    lera_home.mkdir(exist_ok=True)
    old = {"url": "wss://anna.example/hub", "channel": "anna", "viewer": "k" * 22, "leaving": False}
    (lera_home / "channels.json").write_text(json.dumps([old]))
    assert joined_channels()[0].showing is None


def test_what_a_stream_gives_is_kept_beside_the_links_token_and_goes_with_it(lera_home: Path) -> None:
    entry = join_channel(ANNA)
    assert given_token(entry) == ""
    keep_given(entry, "this-very-viewers")
    assert given_token(join_channel(ANNA._replace(token="a-newer-link"))) == "this-very-viewers"
    assert channel_token(entry) == "a-newer-link" and given_token(join_channel(BEN)) == ""
    assert "this-very-viewers" not in (lera_home / "channels.json").read_text()
    keep_given(entry, "")
    assert given_token(entry) == ""
    keep_given(entry, "this-very-viewers")
    leave_channel(entry)
    assert given_token(entry) == "" and "this-very" not in (lera_home / "secrets.json").read_text()
