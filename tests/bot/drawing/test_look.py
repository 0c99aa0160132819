"""What a plate says of each frame, and which frames are not believed."""

import json

import pytest

from bot.drawing.look import Beat, MoodFrame, look_of, percent, read_frame
from bot.drawing.words import LANGUAGES
from tests.bot.drawing.looks import SHARES, frame, look
from tests.overlay.stage import beat, mood

EN, ZH = LANGUAGES["en"], LANGUAGES["zh-TW"]


def test_a_live_mood() -> None:
    shown = look(viewers=24, trend=0.08)
    assert (shown.state, shown.headline, shown.portrait, shown.top) == ("live", "Happy", "happiness", "happiness")
    assert (shown.viewers, shown.way, shown.trend) == ("24 viewers", "rising", "rising")
    assert shown.numbers == ("62%", "3%", "7%", "3%", "17%", "4%", "4%")
    assert shown.bars[0] == pytest.approx((0.62, 0.53, 0.71))
    assert look(viewers=24, trend=-0.08, language="zh-TW").trend == "下降"
    assert look(trend=0.01).trend == "steady" and look(trend=None).trend == ""


def test_chat_is_told_apart_from_faces() -> None:
    assert look(viewers=158, chatters=120).viewers == "38 faces · 120 in chat"
    assert look(viewers=120, chatters=120, faces=2).viewers == "120 in chat"
    assert look(viewers=158, chatters=120, language="zh-TW").viewers == "鏡頭 38 位 · 聊天室 120 位"
    assert look(viewers=158, chatters=120).title == "Crowd looks"


def test_what_is_not_live() -> None:
    assert look_of(None, "connecting", EN).headline == "Connecting…"
    gathering = look(None, viewers=2)
    assert (gathering.state, gathering.headline, gathering.top) == ("gathering", "Gathering the crowd (2 of 3)", None)
    assert set(gathering.bars) == {(0.0, 0.0, 0.0)}
    stale = look(signal="stale")
    assert (stale.state, stale.title, stale.viewers, stale.bars) == ("stale", "No signal", "", look().bars)
    assert set(stale.numbers) == {"–"}  # noqa: RUF001


def test_a_crowd_that_rests_and_a_plate_that_is_hidden() -> None:
    for said, state, headline in (({"paused": True}, "resting", "休息一下"), ({"overlay": False}, "hidden", "")):
        read = read_frame(json.dumps(mood(None) | said))
        assert isinstance(read, MoodFrame)
        shown = look_of(read, "live", ZH)
        assert (shown.state, shown.headline, shown.top) == (state, headline, None)


def test_a_newer_bot_may_say_more() -> None:
    assert isinstance(read_frame(json.dumps(beat() | {"new": 1})), Beat)
    assert read_frame(json.dumps(mood(SHARES) | {"new": {"a": []}})) == frame()


@pytest.mark.parametrize(
    "wrong",
    [
        "", "nonsense", "[]", '{"type": "other"}', '{"type": "mood", "enough": true}',
        json.dumps(mood(SHARES) | {"shares": {"happiness": 1}}),
        json.dumps(mood(SHARES) | {"top": "<script>"}),
        json.dumps(mood(SHARES) | {"viewers": -1}),
        json.dumps(mood(SHARES)).replace("0.62", "1e999"),
        json.dumps(mood(SHARES)).replace("0.62", "7"),
    ],
)  # fmt: skip
def test_other_frames_are_passed_over(wrong: str) -> None:
    assert read_frame(wrong) is None


def test_percentages_round_as_the_page_does() -> None:
    assert [percent(share) for share in (0, 0.004, 0.005, 0.025, 0.999, 1)] == ["0%", "0%", "1%", "3%", "100%", "100%"]
