"""The local Twitch's EventSub: what is told, to whom, and how a connection ends."""

import asyncio
from typing import Any

import pytest

from tests.night_loop import by_night
from tests.standins.conftest import Plain, plain_client
from tests.standins.twitch import BOT, Twitch, standin
from tests.standins.twitch.sockets import CLOSES


def refusal(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["message"]


async def text_of(line: Any) -> str:
    return str((await line.next())["payload"]["event"]["message"]["text"])


async def test_only_who_subscribed_is_told(plain: Plain, twitch: Twitch) -> None:
    line = await plain.listening()
    await twitch.go_live()
    await twitch.say("ann", "elsewhere", channel="neighbour")
    await twitch.say("ann", "!mood")
    assert await text_of(line) == "!mood"


async def test_the_bot_hears_itself(plain: Plain) -> None:
    line = await plain.listening()
    await plain.say("joy")
    event = (await line.next())["payload"]["event"]
    assert event["chatter_user_login"] == BOT and event["message"]["text"] == "joy"


async def test_twice_and_out_of_order(plain: Plain, twitch: Twitch) -> None:
    line = await plain.listening()
    await twitch.say("ann", "!mood", twice=True)
    first, second = await line.next(), await line.next()
    assert first["metadata"]["message_id"] == second["metadata"]["message_id"]
    assert first["payload"] == second["payload"]

    await twitch.repeat()
    assert (await line.next())["metadata"]["message_id"] == first["metadata"]["message_id"]

    async with twitch.shuffled(seed=1):
        for number in range(8):
            await twitch.say("ann", str(number))
    heard = [await text_of(line) for _ in range(8)]
    assert sorted(heard) == list("01234567") and heard != list("01234567")


@by_night
async def test_keepalives_only_in_silence() -> None:
    async with standin(speed=200.0) as twitch, plain_client(twitch) as plain:
        line = await plain.listening()
        assert (await line.next())["metadata"]["message_type"] == "session_keepalive"
        before = twitch.clock.now()
        await twitch.say("ann", "hi")
        assert await text_of(line) == "hi"
        assert (await line.next())["metadata"]["message_type"] == "session_keepalive"
        assert twitch.clock.now() - before >= 10.0


@pytest.mark.parametrize(("asked", "given"), [("1", 10), ("60", 60), ("9999", 600), ("soon", 10)])
async def test_the_keepalive_is_bounded(plain: Plain, asked: str, given: int) -> None:
    line = await plain.connect(keepalive_timeout_seconds=asked)
    assert (await line.next())["payload"]["session"]["keepalive_timeout_seconds"] == given


@by_night
async def test_an_unused_connection_is_closed_after_ten_seconds() -> None:
    async with standin() as twitch, plain_client(twitch) as plain:
        used, unused = await plain.listening(), await plain.connect()
        await unused.next()
        twitch.clock.advance(9)
        assert len(twitch.sessions) == 2
        twitch.clock.advance(1.1)
        assert await unused.end() == 4003
        assert [session.id for session in twitch.sessions] == [used.id]


async def test_a_client_must_not_speak(plain: Plain) -> None:
    line = await plain.listening()
    await line.socket.send_str("hello")
    assert await line.end() == 4001


@pytest.mark.parametrize("code", sorted(CLOSES))
async def test_every_close_code(plain: Plain, twitch: Twitch, code: int) -> None:
    line = await plain.listening()
    await twitch.close(code)
    assert await line.end() == code
    assert not twitch.sessions and not twitch.subscribed()
    _, listed = await plain.helix("GET", "eventsub/subscriptions")
    assert [each["status"] for each in listed["data"]] == [CLOSES[code][1]]


async def test_a_cut_line_has_no_goodbye(plain: Plain, twitch: Twitch) -> None:
    line = await plain.listening()
    twitch.drop()
    assert await line.end() == 1006
    assert not twitch.sessions


async def test_silence(plain: Plain, twitch: Twitch) -> None:
    line = await plain.listening()
    twitch.silence()
    await twitch.say("ann", "!mood")
    twitch.clock.advance(3600)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.socket.receive(), 0.3)
    assert not line.socket.closed


async def test_a_handover_loses_nothing(plain: Plain, twitch: Twitch) -> None:
    old = await plain.listening()
    await twitch.reconnect()
    url = (await old.next())["payload"]["session"]["reconnect_url"]
    await twitch.say("ann", "before")
    assert await text_of(old) == "before"

    new = await plain.connect(url)
    welcome = await new.next()
    assert welcome["metadata"]["message_type"] == "session_welcome"
    await twitch.say("ann", "after")
    assert await text_of(new) == "after"
    twitch.clock.advance(31)
    assert await old.end() == 4004
    assert twitch.subscribed() and [each.id for each in twitch.sessions] == [welcome["payload"]["session"]["id"]]


async def test_handovers_that_fail(plain: Plain, twitch: Twitch) -> None:
    line = await plain.connect(reconnect_id="never given")
    assert await line.end() == 4007
    line = await plain.listening()
    await twitch.reconnect()
    url = (await line.next())["payload"]["session"]["reconnect_url"]
    twitch.clock.advance(31)
    assert await line.end() == 4004
    assert not twitch.subscribed()
    assert await (await plain.connect(url)).end() == 4007


@pytest.mark.parametrize("reason", ["authorization_revoked", "user_removed", "version_removed"])
async def test_revocation(plain: Plain, twitch: Twitch, reason: str) -> None:
    line = await plain.listening()
    await twitch.revoke(BOT, reason)
    message = await line.next()
    assert message["metadata"]["message_type"] == "revocation"
    assert message["metadata"]["subscription_type"] == "channel.chat.message"
    assert message["payload"]["subscription"]["status"] == reason
    assert not twitch.subscribed()
    assert (await plain.helix("GET", "users"))[0] == (200 if reason == "version_removed" else 401)
    twitch.clock.advance(11)
    assert await line.end() == 4003


async def test_subscriptions_that_are_refused(plain: Plain, twitch: Twitch) -> None:
    line = await plain.listening()
    streamer, bot, ann = twitch.streamer.id, twitch.bot.id, twitch.people.named("ann").id
    assert refusal(await plain.subscribe(line.id)) == (409, "subscription already exists")
    assert refusal(await plain.subscribe("no session")) == (
        400,
        "websocket transport session does not exist or has already disconnected",
    )
    assert (await plain.subscribe(line.id, "channel.telepathy"))[0] == 400
    assert (await plain.subscribe(line.id, "channel.update", broadcaster_user_id=streamer, user_id=bot))[0] == 400
    assert (await plain.subscribe(line.id, "stream.online", broadcaster_user_id="404"))[0] == 400
    unauthorised = (403, "subscription missing proper authorization")
    assert refusal(await plain.subscribe(line.id, broadcaster_user_id=ann, user_id=ann)) == unauthorised
    deaf = twitch.tokens(BOT, ["user:write:chat"])["access_token"]
    assert refusal(await plain.subscribe(line.id, token=deaf, broadcaster_user_id=ann, user_id=bot)) == unauthorised
    other = await plain.subscribe(line.id, "stream.online", token=plain.streamer)
    assert refusal(other) == (400, "websocket transport session is used by another user")


async def test_three_connections_for_a_user(plain: Plain, twitch: Twitch) -> None:
    lines = []
    for name in ("one", "two", "three", "four"):
        lines.append(await plain.connect())
        session = (await lines[-1].next())["payload"]["session"]["id"]
        channel = twitch.people.named(name).id
        answer = await plain.subscribe(session, broadcaster_user_id=channel, user_id=twitch.bot.id)
        if name == "four":
            assert refusal(answer) == (429, "number of websocket transports limit exceeded")
        else:
            assert answer[0] == 202


async def test_what_subscriptions_cost(plain: Plain, twitch: Twitch) -> None:
    line = await plain.listening()
    _, free = await plain.subscribe(line.id, "stream.online")
    assert (free["data"][0]["cost"], free["total_cost"], free["max_total_cost"]) == (0, 0, 10), "the streamer agreed"
    for number in range(10):
        stranger = twitch.people.named(f"stranger{number}").id
        status, paid = await plain.subscribe(line.id, "stream.online", broadcaster_user_id=stranger)
        assert status == 202 and paid["total_cost"] == number + 1
    stranger = twitch.people.named("one too many").id
    answer = await plain.subscribe(line.id, "stream.online", broadcaster_user_id=stranger)
    assert refusal(answer) == (429, "maximum total cost exceeded")

    status, _ = await plain.helix("DELETE", f"eventsub/subscriptions?id={paid['data'][0]['id']}")
    assert status == 204
    assert (await plain.subscribe(line.id, "stream.online", broadcaster_user_id=stranger))[0] == 202
    assert (await plain.helix("DELETE", "eventsub/subscriptions?id=none"))[0] == 404


async def test_300_subscriptions_on_a_connection(plain: Plain, twitch: Twitch) -> None:
    line = await plain.listening()
    for number in range(299):
        channel = twitch.people.named(f"channel{number}").id
        assert (await plain.subscribe(line.id, broadcaster_user_id=channel, user_id=twitch.bot.id))[0] == 202
    channel = twitch.people.named("one too many").id
    answer = await plain.subscribe(line.id, broadcaster_user_id=channel, user_id=twitch.bot.id)
    assert refusal(answer) == (429, "maximum number of subscriptions for this session exceeded")
