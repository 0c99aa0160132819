from bot.settings import ChannelSettings, Settings
from bot.show import Show
from demo.summary import summary
from tests.bot.readers import WordReader


def show() -> Show:
    return Show(Settings(ChannelSettings("demo")), "token", None, lambda: 1000.0, WordReader)


async def test_the_summary_counts_every_message_of_chat_once() -> None:
    finished = show()
    assert "chat:                 0 of 0 messages read\n" in summary(finished, None) + "\n"
    finished.chat._inbox.counts.update({"heard": 20, "dropped": 3})
    finished.chat._counts.update({"read": 10, "unsure": 4, "failed": 1})
    said = "chat:                 10 of 20 messages read, 4 that said nothing, 3 dropped, 1 failed, 2 not read in time"
    assert said in summary(finished, None)
    finished.chat.fault = "no reader"
    assert "chat:                 not read" in summary(finished, None)
