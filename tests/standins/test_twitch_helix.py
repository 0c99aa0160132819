"""The local Twitch's Helix refuses what Twitch's does."""

from typing import Any

import aiohttp
import pytest

from tests.standins.conftest import BOT_SCOPES, Plain
from tests.standins.twitch import BOT, CLIENT_ID, CONFIDENTIAL_ID, CONFIDENTIAL_SECRET, DROP, STREAMER, Twitch


def reason(answer: tuple[int, Any]) -> str:
    status, body = answer
    assert status == 200 and not body["data"][0]["is_sent"]
    return str(body["data"][0]["drop_reason"]["code"])


async def test_who_asks_must_be_known(plain: Plain, twitch: Twitch) -> None:
    url = twitch.helix_url + "users"
    for headers, message in (
        ({}, "OAuth token is missing"),
        ({"Authorization": f"Bearer {plain.bot}"}, "Client ID is missing"),
        ({"Authorization": f"OAuth {plain.bot}", "Client-Id": CLIENT_ID}, "Invalid OAuth token"),
        (
            {"Authorization": f"Bearer {plain.bot}", "Client-Id": CONFIDENTIAL_ID},
            "Client ID and OAuth token do not match",
        ),
    ):
        async with plain.session.get(url, headers=headers) as response:
            assert response.status == 401
            assert await response.json() == {"error": "Unauthorized", "status": 401, "message": message}


async def test_a_message_is_sent_in_either_form_and_threads(plain: Plain, twitch: Twitch) -> None:
    asked = await twitch.say("ann", "!mood")
    fields = {"broadcaster_id": twitch.streamer.id, "sender_id": twitch.bot.id}
    status, body = await plain.helix(
        "POST", "chat/messages", json={**fields, "message": "joy", "reply_parent_message_id": asked}
    )
    assert status == 200 and body["data"][0]["is_sent"]
    assert (await plain.helix("POST", "chat/messages", params={**fields, "message": "calm"}))[0] == 200
    assert [(sent.sender, sent.text, sent.reply_to) for sent in twitch.sent] == [
        (BOT, "joy", asked),
        (BOT, "calm", None),
    ]


async def test_a_message_that_may_not_be_sent(plain: Plain, twitch: Twitch) -> None:
    assert (await plain.say("x" * 500))[0] == 200
    assert await plain.say("x" * 501) == (
        422,
        {"error": "Unprocessable Entity", "status": 422, "message": "The message is too large"},
    )
    assert (await plain.say(" "))[0] == 400
    assert (await plain.say("hi", broadcaster_id="404"))[0] == 400
    assert (await plain.say("hi", reply_parent_message_id="never said"))[0] == 400
    assert (await plain.say("hi", sender_id=twitch.streamer.id))[0] == 401

    mute = twitch.tokens(BOT, ["user:read:chat"])["access_token"]
    fields = {"broadcaster_id": twitch.streamer.id, "sender_id": twitch.bot.id, "message": "hi"}
    status, body = await plain.helix("POST", "chat/messages", token=mute, json=fields)
    assert (status, body["message"]) == (401, "Missing scope: user:write:chat")

    twitch.streamer.banned.add(twitch.bot.id)
    assert (await plain.say("hi"))[0] == 403
    assert len(twitch.sent) == 1


async def test_an_app_token_needs_everyones_consent(plain: Plain, twitch: Twitch) -> None:
    app = {"client_id": CONFIDENTIAL_ID, "client_secret": CONFIDENTIAL_SECRET, "grant_type": "client_credentials"}
    token = (await plain.identity("POST", "oauth2/token", data=app))[1]["access_token"]
    fields = {"broadcaster_id": twitch.streamer.id, "sender_id": twitch.bot.id, "message": "hi"}

    async def send() -> int:
        return (await plain.helix("POST", "chat/messages", token=token, client_id=CONFIDENTIAL_ID, json=fields))[0]

    assert await send() == 401
    twitch.tokens(BOT, ["user:write:chat", "user:bot"], CONFIDENTIAL_ID)
    assert await send() == 403
    twitch.tokens(STREAMER, ["channel:bot"], CONFIDENTIAL_ID)
    assert await send() == 200


@pytest.mark.parametrize(("moderator", "most"), [(False, 20), (True, 100)])
async def test_chat_has_its_pace(plain: Plain, twitch: Twitch, moderator: bool, most: int) -> None:
    if moderator:
        twitch.streamer.moderators.add(twitch.bot.id)
    for number in range(most):
        assert (await plain.say(f"message {number}"))[1]["data"][0]["is_sent"]
    assert reason(await plain.say("one too many")) == "msg_ratelimit"
    twitch.chat.when_too_fast = "429"
    assert (await plain.say("one too many"))[0] == 429
    twitch.clock.advance(31)
    assert (await plain.say("later"))[1]["data"][0]["is_sent"]
    assert len(twitch.sent) == most + 1
    assert twitch.exceeded == ["chat messages", "chat messages"]


async def test_messages_are_dropped(plain: Plain, twitch: Twitch) -> None:
    assert (await plain.say("joy"))[0] == 200
    assert reason(await plain.say("joy")) == "msg_duplicate"
    twitch.clock.advance(31)
    assert (await plain.say("joy"))[1]["data"][0]["is_sent"]
    twitch.drop_next_message("msg_rejected")
    assert reason(await plain.say("calm")) == "msg_rejected"
    assert [each.code for each in twitch.chat.dropped] == ["msg_duplicate", "msg_rejected"]


async def test_the_bucket_of_800_points(plain: Plain, twitch: Twitch) -> None:
    headers = {"Authorization": f"Bearer {plain.bot}", "Client-Id": CLIENT_ID}
    async with plain.session.get(twitch.helix_url + "users", headers=headers) as response:
        assert response.headers["Ratelimit-Limit"] == "800"
        assert response.headers["Ratelimit-Remaining"] == "799"
        assert int(response.headers["Ratelimit-Reset"]) > 0
    twitch.helix.buckets[CLIENT_ID, twitch.bot.id].points = 0.5
    twitch.helix.buckets[CLIENT_ID, twitch.bot.id].filled = twitch.clock.now()
    async with plain.session.get(twitch.helix_url + "users", headers=headers) as response:
        assert response.status == 429 and response.headers["Ratelimit-Remaining"] == "0"
    assert (await plain.helix("GET", "users", token=plain.streamer))[0] == 200, "each user has a bucket"
    twitch.clock.advance(60)
    assert (await plain.helix("GET", "users"))[0] == 200


async def test_announcements(plain: Plain, twitch: Twitch) -> None:
    query = {"broadcaster_id": twitch.streamer.id, "moderator_id": twitch.bot.id}

    async def announce(text: str, colour: str = "purple", token: str | None = None) -> int:
        body = {"message": text, "color": colour}
        return (await plain.helix("POST", "chat/announcements", token=token, params=query, json=body))[0]

    assert await announce("joy") == 401, "not a moderator"
    twitch.streamer.moderators.add(twitch.bot.id)
    assert await announce("joy", token=plain.streamer) == 401, "not the token's user"
    assert await announce("joy", colour="beige") == 400
    assert await announce("joy" * 200) == 204
    assert await announce("again") == 429
    twitch.clock.advance(2)
    assert await announce("again") == 204
    assert twitch.chat.announcements == [(STREAMER, "purple", ("joy" * 200)[:500]), (STREAMER, "purple", "again")]


async def test_clips_and_markers_only_of_a_live_stream(plain: Plain, twitch: Twitch) -> None:
    streamer = twitch.streamer.id

    async def mark(token: str, **fields: str) -> int:
        return (await plain.helix("POST", "streams/markers", token=token, json={"user_id": streamer, **fields}))[0]

    assert (await plain.helix("POST", f"clips?broadcaster_id={streamer}"))[0] == 404
    assert await mark(plain.streamer) == 404
    assert (await plain.helix("GET", f"streams?user_login={STREAMER}"))[1]["data"] == []

    await twitch.go_live()
    twitch.clock.advance(90)
    assert await mark(plain.bot) == 401, "no scope"
    other = twitch.tokens("ann", ["channel:manage:broadcast"])["access_token"]
    assert await mark(other) == 403
    assert await mark(plain.streamer, description="x" * 141) == 400
    assert await mark(plain.streamer, description="calm to joy") == 200
    assert 90 <= twitch.moments.markers[0]["position_seconds"] <= 120

    silent = twitch.tokens(BOT, ["user:read:chat"])["access_token"]
    assert (await plain.helix("POST", f"clips?broadcaster_id={streamer}", token=silent))[0] == 401
    assert (await plain.helix("POST", "clips"))[0] == 400
    assert (await plain.helix("POST", f"clips?broadcaster_id={streamer}&duration=61"))[0] == 400
    assert (await plain.helix("POST", f"clips?broadcaster_id={streamer}"))[0] == 202
    assert (await plain.helix("GET", f"clips?broadcaster_id={streamer}&id=x"))[0] == 400


async def test_faults_on_demand(plain: Plain, twitch: Twitch) -> None:
    twitch.fail_next("chat/messages", 500, times=2)
    assert [(await plain.say("joy"))[0] for _ in range(3)] == [500, 500, 200]
    twitch.fail_next("chat/messages", 429, headers={"Ratelimit-Reset": "1"})
    assert (await plain.say("calm"))[0] == 429
    assert len(twitch.sent) == 1

    twitch.fail_next("chat/messages", 500, after=True)
    assert (await plain.say("calm"))[0] == 500
    assert [sent.text for sent in twitch.sent] == ["joy", "calm"], "said, and only the answer was lost"

    twitch.fail_next("chat/messages", DROP)
    with pytest.raises(aiohttp.ClientError):
        await plain.say("surprise")
    assert (await plain.helix("GET", "unheard/of"))[0] == 404
    assert twitch.answers(500, "chat/messages") == 3


async def test_a_token_goes_in_the_middle(plain: Plain, twitch: Twitch) -> None:
    old = twitch.tokens(BOT, BOT_SCOPES)
    form = {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    plain.bot = old["access_token"]
    assert (await plain.say("joy"))[0] == 200
    assert (await plain.identity("POST", "oauth2/token", data=form))[0] == 200
    assert (await plain.say("calm"))[0] == 401
