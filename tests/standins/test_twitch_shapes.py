"""Whatever the local Twitch says has the shape of what the public documentation's samples say."""

import json
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.standins.conftest import Plain
from tests.standins.twitch import Twitch

ORACLES = SHARED / "oracles" / "twitch"
pytestmark = pytest.mark.skipif(not ORACLES.is_dir(), reason="needs the samples in ../shared/oracles")

BEYOND_THE_SAMPLES = {"channel_points_animation_id"}
"""Fields that real messages have (others' clients read them) and the samples lack."""


def sample(name: str) -> Any:
    return json.loads((ORACLES / f"{name}.json").read_text("utf-8"))


def differences(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """Where the two differ in keys or types; a null in either stands for any type."""
    if ours is None or theirs is None:
        return []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = [f"{where}.{key} is missing" for key in theirs.keys() - ours.keys()]
        found += [f"{where}.{key} is too much" for key in ours.keys() - theirs.keys() - BEYOND_THE_SAMPLES]
        for key in theirs.keys() & ours.keys():
            found += differences(ours[key], theirs[key], f"{where}.{key}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list):
        if not theirs:
            return []
        return [each for index, item in enumerate(ours) for each in differences(item, theirs[0], f"{where}[{index}]")]
    number = (int, float)
    alike = type(ours) is type(theirs) or (
        isinstance(ours, number) and isinstance(theirs, number) and bool not in (type(ours), type(theirs))
    )
    return [] if alike else [f"{where} is {type(ours).__name__}, not {type(theirs).__name__}"]


def test_differences_are_seen() -> None:
    theirs = {"a": 1, "b": [{"c": "x"}], "d": None, "e": True}
    assert not differences({"a": 2.5, "b": [], "d": "any", "e": False}, theirs)
    assert differences({"a": 1, "b": [{"c": 3}], "d": None, "e": True}, theirs) == [".b[0].c is int, not str"]
    assert sorted(differences({"a": True, "b": [{}], "d": None, "e": 1, "f": 0}, theirs)) == [
        ".a is bool, not int",
        ".b[0].c is missing",
        ".e is int, not bool",
        ".f is too much",
    ]


@pytest.mark.parametrize(
    "kind", ["stream.online", "stream.offline", "channel.update", "channel.chat.clear_user_messages"]
)
async def test_stream_notifications(twitch: Twitch, plain: Plain, kind: str) -> None:
    line = await plain.listening()
    assert (await plain.subscribe(line.id, kind))[0] == 202
    if kind == "stream.offline":
        await twitch.go_live()
    if kind == "stream.online":
        await twitch.go_live()
    elif kind == "stream.offline":
        await twitch.go_offline()
    elif kind == "channel.update":
        await twitch.change(title="Another evening")
    else:
        await twitch.time_out("ann")

    message = await line.next()
    assert message["metadata"]["subscription_type"] == kind
    theirs = sample(f"eventsub/{kind}")
    theirs["subscription"]["transport"] = {"method": "websocket", "session_id": "…"}
    assert not differences(message["payload"], theirs)
    assert message["metadata"]["subscription_version"] == theirs["subscription"]["version"]


async def test_chat_messages_alone_and_shared(twitch: Twitch, plain: Plain) -> None:
    line = await plain.listening()
    twitch.streamer.subscribers.add(twitch.people.named("ann").id)
    await twitch.say("ann", "!mood")
    alone = await line.next()
    assert not differences(alone["payload"], sample("eventsub/channel.chat.message"))
    assert alone["payload"]["event"]["badges"]

    await twitch.say("ben", "me too", reply_to=alone["payload"]["event"]["message_id"])
    answer = (await line.next())["payload"]["event"]
    assert answer["message"]["text"] == "@ann me too" and answer["reply"]["parent_user_login"] == "ann"
    assert not differences(answer, sample("eventsub/channel.chat.message")["event"])

    await twitch.say("ann", "!mood", source="neighbour")
    shared = await line.next()
    assert not differences(shared["payload"], sample("eventsub/channel.chat.message.2"))
    assert shared["payload"]["event"]["source_broadcaster_user_login"] == "neighbour"


async def test_sockets_speak_as_the_official_mock_server_does(twitch: Twitch, plain: Plain) -> None:
    line = await plain.connect()
    welcome = await line.next()
    assert welcome["metadata"].keys() == {"message_id", "message_type", "message_timestamp"}
    session = welcome["payload"]["session"]
    assert session == {
        "id": session["id"],
        "status": "connected",
        "keepalive_timeout_seconds": 10,
        "reconnect_url": None,
        "connected_at": session["connected_at"],
    }
    await twitch.reconnect()
    moved = (await line.next())["payload"]["session"]
    assert moved["status"] == "reconnecting" and moved["keepalive_timeout_seconds"] is None
    assert moved["reconnect_url"].startswith(f"{twitch.socket_url}?reconnect_id=")


async def test_helix_answers(twitch: Twitch, plain: Plain) -> None:
    streamer = twitch.streamer.id
    await twitch.go_live("Playing on", "Little Nightmares")
    line = await plain.listening()
    made = await plain.helix("POST", f"clips?broadcaster_id={streamer}")
    slug = made[1]["data"][0]["id"]
    marker = await plain.helix("POST", "streams/markers", token=plain.streamer, json={"user_id": streamer})
    email = twitch.tokens("ann", ["user:read:email"])["access_token"]
    answers = {
        "users.get_users": await plain.helix("GET", "users", token=email),
        "streams.get_streams": await plain.helix("GET", f"streams?user_id={streamer}"),
        "channels.get_channel_information": await plain.helix("GET", f"channels?broadcaster_id={streamer}"),
        "chat.send_chat_message": await plain.say("joy"),
        "chat.send_chat_message.2": await plain.say("joy"),
        "clips.create_clip": made,
        "clips.get_clips": await plain.helix("GET", f"clips?id={slug}"),
        "streams.create_stream_marker": marker,
    }
    for name, (status, ours) in answers.items():
        assert status == (202 if name == "clips.create_clip" else 200), name
        theirs = sample(f"helix/{name}")
        for each in (theirs, ours):
            each.pop("pagination", None)
        assert ours["data"] and not differences(ours, theirs), name

    assert (await plain.subscribe(line.id, "stream.online"))[0] == 202
    created = await plain.subscribe(line.id, "stream.offline")
    listed = await plain.helix("GET", "eventsub/subscriptions")
    for name, (_, ours) in (("create_eventsub_subscription", created), ("get_eventsub_subscriptions", listed)):
        theirs = sample(f"helix/eventsub.{name}")
        for each in theirs["data"]:
            each["transport"] = {"method": "websocket", "session_id": "…"}
            each["condition"] = None
        assert not differences(ours, theirs), name
    assert listed[1]["total"] == 3
