"""The whole way: chat in, answer out, through the real twitchio and a strict local Twitch."""

import asyncio
import logging

import pytest
from msgspec.structs import replace

from bot.settings import ChatSettings
from bot.twitch.endings import INBOUND
from bot.twitch.scopes import SCOPES
from bot.twitch.tokens import _read
from lera.errors import LeraError
from tests.bot.stage import PATIENCE, eventually
from tests.bot.twitch.stage import FAST, keep_login, studio
from tests.standins.twitch import BOT, DROP, STREAMER
from transport.reading import Join, encode

CODES = [4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007]


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """What a streamer was told."""
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


async def test_mood_is_answered_as_a_reply_to_the_asker() -> None:
    async with studio() as stage:
        await stage.connected()
        asked = await stage.world.say("ann", "!mood")
        (text,) = await stage.answered()
        (sent,) = stage.world.sent
        assert sent.reply_to == asked and sent.sender == BOT
        assert "viewers" in text


async def test_what_chat_writes_is_read_for_its_mood() -> None:
    async with studio() as stage:
        await stage.connected()
        await stage.world.say("ann", "that was great!")
        await eventually(lambda: stage.show.chat.counts["heard"] == 1)


async def test_a_message_delivered_twice_is_answered_once() -> None:
    async with studio() as stage:
        await stage.connected()
        await stage.world.say("ann", "!mood help", twice=True)
        last = await stage.world.say("bob", "!mood privacy")
        await stage.world.until(lambda: any(sent.reply_to == last for sent in stage.world.sent))
        assert len(stage.world.sent) == 2


async def test_bots_and_the_bots_own_messages_are_not_answered() -> None:
    async with studio() as stage:
        await stage.connected()
        await stage.world.say("nightbot", "!mood help")
        await stage.world.say(BOT, "!mood help")
        await stage.world.say("ann", "!mood privacy")
        (text,) = await stage.answered()
        assert "Faces" in text and len(stage.world.sent) == 1


async def test_one_account_for_both_answers_the_streamer_and_never_itself() -> None:
    async with studio(bot=False) as stage:
        await stage.connected()
        asked = await stage.world.say(STREAMER, "!mood help")
        (text,) = await stage.answered()
        assert text.startswith("!mood"), "an answer that looks like a command itself"
        other = await stage.world.say("ann", "!mood privacy")
        await stage.world.until(lambda: any(sent.reply_to == other for sent in stage.world.sent))
        assert [sent.reply_to for sent in stage.world.sent] == [asked, other]
        assert stage.twitch.outbox.window.limit == 100


@pytest.mark.parametrize(("policy", "heard", "answered"), [("ignore", 0, 0), ("commands", 0, 1), ("all", 1, 1)])
async def test_shared_chat_counts_as_far_as_the_setting_says(policy: str, heard: int, answered: int) -> None:
    async with studio(shared_chat=policy) as stage:
        await stage.connected()
        await stage.world.say("guest", "how great is this!", source="partner")
        await stage.world.say("guest", "!mood help", source="partner")
        await stage.world.say("ann", "!mood privacy")
        await stage.answered(1 + answered)
        assert len(stage.world.sent) == 1 + answered
        assert stage.show.chat.counts["heard"] == heard


async def test_a_partners_moderator_is_nobody_here() -> None:
    async with studio(shared_chat="all") as stage:
        roles = []

        async def note(_text: str, asker: object) -> None:
            roles.append(getattr(asker, "role", None))

        stage.show.respond = note  # type: ignore[method-assign, assignment]
        stage.world.streamer.moderators.add(stage.world.people.named("mona").id)
        await stage.connected()
        await stage.world.say("mona", "!mood", source="partner")
        await stage.world.say("mona", "!mood")
        await stage.world.say(STREAMER, "!mood")
        await eventually(lambda: len(roles) == 3)
        assert roles == ["everyone", "moderator", "broadcaster"]


async def test_a_move_to_another_server_loses_nothing_and_subscribes_no_second_time() -> None:
    async with studio() as stage:
        await stage.connected()
        subscribed = stage.world.answers(202)
        await stage.world.say("ann", "!mood help")
        await stage.world.reconnect()
        await stage.world.say("bob", "!mood privacy")
        await stage.world.until(lambda: any(session.leaving_since is None for session in stage.world.sessions))
        await stage.world.say("cat", "!mood trend")
        assert len(set(await stage.answered(3))) == 3
        await stage.world.until(lambda: len(stage.world.sessions) == 1)
        assert stage.world.answers(202) == subscribed and stage.twitch.state == "connected"


async def test_an_address_that_leads_nowhere_is_no_loss() -> None:
    async with studio() as stage:
        await stage.connected()
        old = stage.world.sessions[0]
        await stage.world.reconnect()
        stage.world.sockets.handovers.clear()
        await stage.world.say("ann", "!mood help")
        await stage.world.until(lambda: old not in stage.world.sessions and stage.world.subscribed())
        await stage.world.say("bob", "!mood privacy")
        assert len(await stage.answered(2)) == 2
        assert 4007 in stage.world.sockets.closed


@pytest.mark.parametrize("code", CODES)
async def test_after_every_close_code_it_is_back_by_itself(code: int, caplog: pytest.LogCaptureFixture) -> None:
    async with studio() as stage:
        await stage.connected()
        first = stage.world.sessions[0]
        await stage.world.close(code)
        await stage.world.until(lambda: stage.world.subscribed() and first not in stage.world.sessions)
        await stage.connected()
        await stage.world.say("ann", "!mood help")
        await stage.answered()
        assert sum(f"({code})" in line for line in lines(caplog)) == 1


async def test_a_fault_of_its_own_is_believed_the_third_time() -> None:
    async with studio() as stage:
        await stage.connected()
        for number in (1, 2, 3):
            await eventually(lambda number=number: stage.twitch.connection == number)  # type: ignore[misc]
            await stage.world.close(INBOUND)
        await stage.becomes("stopped")
        assert "Update LERA" in stage.twitch.line


async def test_a_cut_line_is_connected_again() -> None:
    async with studio() as stage:
        await stage.connected()
        before = stage.twitch.connection
        stage.world.drop()
        await eventually(lambda: stage.twitch.connection > before)
        await stage.world.say("ann", "!mood")
        await stage.answered()


async def test_subscriptions_that_fail_are_tried_again() -> None:
    async with studio() as stage:
        stage.world.fail_next("eventsub/subscriptions", 500, times=3)
        await stage.connected()
        assert stage.world.subscribed("channel.chat.message", "stream.online", "stream.offline", "channel.update")
        assert stage.world.subscribed("channel.chat.clear_user_messages")


async def test_a_revoked_leave_asks_for_a_login_and_takes_one_from_another_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with studio() as stage:
        await stage.connected()
        await stage.world.revoke(BOT)
        await stage.becomes("login")
        assert "--login bot" in stage.twitch.line
        assert len([line for line in lines(caplog) if "--login" in line]) == 1
        assert stage.show.platform is None
        await asyncio.to_thread(keep_login, stage.world, "bot", BOT)
        await stage.connected()
        await stage.world.say("ann", "!mood")
        await stage.answered()


async def test_a_vanished_account_stops_it() -> None:
    async with studio() as stage:
        await stage.connected()
        await stage.world.revoke(BOT, "user_removed")
        await stage.becomes("stopped")
        assert "gone from Twitch" in stage.twitch.line


async def test_a_dead_token_is_refreshed_in_mid_send_once_and_kept_first() -> None:
    async with studio() as stage:
        await stage.connected()
        # Asked with the channel's own token, which would be refreshed as well.
        await stage.world.until(lambda: stage.world.answers(200, "helix/streams") > 0)
        before = _read("bot")
        stage.world.expire_tokens()
        for name in ("ann", "bob", "cat", "dan"):
            await stage.world.say(name, f"!mood {'help' if name == 'ann' else 'privacy' if name == 'bob' else 'trend'}")
        await stage.answered(3)
        after = _read("bot")
        assert before is not None and after is not None and before.refresh != after.refresh
        assert stage.world.answers(200, "oauth2/token") == 1


@pytest.mark.parametrize("after", [False, True], ids=["not posted", "posted"])
@pytest.mark.parametrize("status", [500, 503, DROP], ids=["500", "503", "cut"])
async def test_an_answer_whose_fate_is_unclear_is_said_exactly_once(status: int, after: bool) -> None:
    # What was posted shows in chat some time; how long the other is waited for is all the same.
    timing = replace(FAST, patience=PATIENCE) if after else FAST
    async with studio(timing) as stage:
        await stage.connected()
        stage.world.fail_next("chat/messages", status, after=after)
        await stage.world.say("ann", "!mood help")
        await stage.answered()
        await eventually(lambda: stage.twitch.sender.counts["sent"] == 1)
        last = await stage.world.say("bob", "!mood privacy")
        await stage.world.until(lambda: stage.world.sent[-1].reply_to == last)
        assert len(stage.world.sent) == 2


async def test_a_dropped_answer_is_explained_once(caplog: pytest.LogCaptureFixture) -> None:
    async with studio() as stage:
        await stage.connected()
        for name, word in (("ann", "help"), ("bob", "privacy")):
            stage.world.drop_next_message("msg_rejected")
            await stage.world.say(name, f"!mood {word}")
        await eventually(lambda: stage.twitch.sender.counts["dropped"] == 2)
        assert len([line for line in lines(caplog) if "AutoMod" in line]) == 1
        assert not stage.world.sent


async def test_equal_answers_within_seconds_are_one() -> None:
    async with studio() as stage:
        await stage.connected()
        for name in ("ann", "bob", "cat"):
            await stage.world.say(name, "!mood help")
        last = await stage.world.say("dan", "!mood privacy")
        await stage.world.until(lambda: any(sent.reply_to == last for sent in stage.world.sent))
        assert len(stage.world.sent) == 2 and stage.twitch.outbox.counts["merged"] == 2


async def test_the_stream_begins_changes_and_ends() -> None:
    told = []
    async with studio() as stage:
        stage.show.stream_online = lambda *news: told.append(("online", *news[:2]))  # type: ignore[method-assign]
        stage.show.stream_changed = lambda *news: told.append(("changed", *news))  # type: ignore[method-assign]
        stage.show.stream_offline = lambda: told.append(("offline",))  # type: ignore[method-assign]
        await stage.connected()
        await stage.world.go_live("Boss night", "Elden Ring")
        await eventually(lambda: len(told) == 1)
        await stage.world.change("Boss morning")
        await eventually(lambda: len(told) == 2)
        await stage.world.go_offline()
        await eventually(lambda: len(told) == 3)
    assert told == [("online", "Boss night", "Elden Ring"), ("changed", "Boss morning", "Elden Ring"), ("offline",)]


async def test_old_news_that_comes_again_is_none() -> None:
    told = []
    async with studio() as stage:
        stage.show.stream_changed = lambda *news: told.append(news[0])  # type: ignore[method-assign]
        await stage.connected()
        await stage.world.go_live("Boss night")
        await eventually(lambda: stage.twitch.stream.live)
        await stage.world.change("Boss morning")
        await stage.world.change("Boss noon")
        await stage.world.repeat(2)
        await stage.world.say("ann", "!mood")
        await stage.answered()
    assert told == ["Boss morning", "Boss noon"]


async def test_a_bot_started_in_mid_stream_knows_of_it_and_so_does_one_that_was_away() -> None:
    async with studio(login=False) as stage:
        await stage.becomes("login")
        await stage.world.go_live("Boss night", "Elden Ring")
        await asyncio.to_thread(keep_login, stage.world, "broadcaster", STREAMER)
        await stage.connected()
        await eventually(lambda: stage.twitch.stream.live)
        assert stage.show.sessions.title == "Boss night"
        # It ends while nobody listens: the next connection asks.
        stage.world.streamer.stream = None
        stage.world.drop()
        await eventually(lambda: not stage.twitch.stream.live)


async def test_clips_and_markers_of_a_live_stream() -> None:
    async with studio(markers=True) as stage:
        await stage.connected()
        platform = stage.show.platform
        assert platform is not None
        with pytest.raises(LeraError, match="not live"):
            await platform.create_clip()
        await stage.world.go_live()
        await eventually(lambda: stage.twitch.stream.live)
        assert (await platform.create_clip()).startswith("https://clips.twitch.tv/")
        with pytest.raises(LeraError, match="less than 30 seconds"):
            await platform.create_clip()
        await platform.create_marker("x" * 300)
        assert len(stage.world.moments.clips) == 1
        assert [len(marker["description"]) for marker in stage.world.moments.markers] == [140]
        await platform.say("The crowd just went from calm to joy.")
        assert await stage.answered() == ["The crowd just went from calm to joy."]


async def test_login_by_code_from_the_dashboard() -> None:
    async with studio(login=False, markers=True) as stage:
        await stage.becomes("login")
        await stage.twitch.begin_login("broadcaster")
        card = stage.twitch.login_card()
        assert card is not None and card["code"] not in card["link"] and card["picture"].startswith("data:image/svg")
        assert card["leave"]["clips:edit"] == "`!mood clip` makes a clip" and len(card["leave"]) == len(SCOPES)
        stage.world.authorize(card["code"], STREAMER)
        await stage.connected()
        assert stage.twitch.login_card() is None
        await stage.world.say("ann", "!mood")
        await stage.answered()


async def test_a_second_account_takes_over_the_chat_while_connected() -> None:
    async with studio(bot=False) as stage:
        await stage.connected()
        await stage.twitch.begin_login("bot")
        card = stage.twitch.login_card()
        assert card is not None
        stage.world.authorize(card["code"], BOT)
        await eventually(lambda: "answers as lera_bot" in stage.twitch.line)
        await stage.world.say("ann", "!mood")
        await stage.answered()
        assert stage.world.sent[0].sender == BOT


async def test_a_login_while_chat_is_down_costs_no_second_connection() -> None:
    async with studio(bot=False) as stage:
        stage.world.fail_next("eventsub/subscriptions", 500, times=10_000)
        await stage.becomes("waiting")
        await stage.twitch.begin_login("broadcaster")
        card = stage.twitch.login_card()
        assert card is not None
        stage.world.authorize(card["code"], STREAMER)
        await eventually(lambda: stage.twitch.login_card() is None)
        # Each try asks twice: the third time from here is of one that has begun after the login.
        tried = stage.world.answers(500, "eventsub/subscriptions")
        await stage.world.until(lambda: stage.world.answers(500, "eventsub/subscriptions") >= tried + 3)
        stage.world.faults.waiting.clear()
        await stage.connected()
        await stage.world.say("ann", "!mood")
        await stage.answered()
        assert stage.twitch.connection == 1


async def test_an_unknown_app_is_said_once_and_stops(caplog: pytest.LogCaptureFixture) -> None:
    async with studio() as stage:
        await stage.connected()
        stage.world.identity.clients.clear()
        stage.world.identity.tokens.clear()
        stage.world.drop()
        await stage.becomes("stopped")
        assert "client_id" in stage.twitch.line
        assert len([line for line in lines(caplog) if "client_id" in line]) == 1


async def test_texts_are_told_to_nobody_but_the_show(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with studio(chat=ChatSettings(prefix="?", user_cooldown=0, channel_cooldown=0)) as stage:
        await stage.connected()
        tokens = [account.access for account in (_read("bot"), _read("broadcaster")) if account is not None]
        await stage.world.say("ann", "my secret grief, and a ?")
        await stage.world.say("ann", "?mood help")
        await stage.answered()
        told = caplog.text
        assert "grief" not in told and len(tokens) == 2 and not any(token in told for token in tokens)


async def test_whom_moderators_silence_is_out_of_the_mood_until_they_can_write_again() -> None:
    async with studio() as stage:
        await stage.connected()
        show, world = stage.show, stage.world
        ann = show.chat.key(world.people.named("ann").id)
        token = show.access.token(show.now())
        guest, _, _ = show.desk.join(encode(Join(1, "demo", token, "a" * 22)).encode(), show.now())
        await world.say("ann", f"!mood link {show.roster.identities.code(guest.viewer, show.now())}")
        await eventually(lambda: guest.admission.linked)
        await world.time_out("bob")
        await world.time_out("ann")
        await eventually(lambda: guest.ended is not None)
        assert guest.ended is not None and guest.ended.cause == "banned"
        assert len(show.access.bans) == 1, "of who isn't linked nothing is kept"
        await world.say("ann", "written before, and come late")
        await eventually(lambda: not show.roster.heard(ann, "ann"))
        show.access.SETTLED = 0.0
        await world.say("ann", "I am back")
        await eventually(lambda: not show.access.bans)
        assert show.roster.heard(ann, "ann")
