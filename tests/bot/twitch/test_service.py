"""The whole way: chat in, answer out, through the real twitchio and a strict local Twitch."""

from tests.bot.twitch.stage import studio


async def test_mood_is_answered_as_a_reply_to_the_asker() -> None:
    async with studio() as stage:
        await stage.becomes("connected")
        asked = await stage.world.say("ann", "!mood")
        (text,) = await stage.answered()
        (sent,) = stage.world.sent
        assert sent.reply_to == asked and sent.sender == "lera_bot"
        assert "viewers" in text
