import numpy as np

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


def test_the_summary_says_how_far_the_crowd_followed_where_there_was_a_streamer() -> None:
    finished = show()
    assert "resonance:" not in summary(finished, None)
    finished.streamer_side.attend(True)
    assert "resonance:            not known yet; it takes some three minutes" in summary(finished, None)
    changes = np.random.default_rng(3).dirichlet(np.ones(7), 300).tolist()
    for second in range(300):
        crowd = changes[second - 6] if second >= 6 else changes[0]
        finished.streamer_side.resonance.add(700.0 + second, changes[second], crowd)
    said = next(line for line in summary(finished, None).splitlines() if "resonance:" in line)
    assert said.endswith("6.0 s behind the streamer") and " of 100 (" in said
