"""What chat is told of the streamer's side: how far the crowd follows, and who disagreed at a peak."""

import pytest

from bot.commands import MAX_LENGTH
from bot.disagreement import Disagreement
from bot.history import Dispute
from bot.resonance import ResonanceState
from bot.streamer_side import StreamerSide
from tests.bot.test_commands import Stage, ask

FOLLOWED = ResonanceState("ok", 61.7, 47.6, 71.2, True, 6.1, 5.6, 6.8, (None,) * 7)
BY_CHANCE = ResonanceState("ok", 22.4, 0.0, 41.0, False, None, None, None, (None,) * 7)


class Resonating(StreamerSide):
    """A streamer's side that has found something, or that has no agent."""

    def __init__(self, found: ResonanceState | None) -> None:
        super().__init__(shown=True)
        self.found = found

    def resonating(self, now: float) -> ResonanceState | None:  # noqa: ARG002
        return self.found


@pytest.mark.parametrize(
    ("found", "language", "said"),
    [
        (FOLLOWED, "en", "Resonance 62 of 100 (48 to 71): the crowd follows the streamer, about 6 s behind."),
        (FOLLOWED, "zh-TW", "共鳴 62 分"),
        (BY_CHANCE, "en", "Resonance 22 of 100, which may be chance"),
        (BY_CHANCE, "zh-TW", "可能只是巧合"),
        (ResonanceState(), "en", "Resonance: not enough to tell yet."),
        (ResonanceState(), "zh-TW", "資料還不夠"),
        (None, "en", "Resonance: nobody reads the streamer right now"),
        (None, "zh-TW", "現在沒有在判讀主播的情緒"),
    ],
)
def test_resonance(found: ResonanceState | None, language: str, said: str) -> None:
    stage = Stage()
    stage.streamer_side = Resonating(found)
    answer = ask("!mood resonance", stage, language=language)
    assert said in answer and len(answer) <= MAX_LENGTH
    assert ask("!mood RESONANCE?", stage, language=language) == answer
    assert ask("!vibe", stage, language=language, aliases={"vibe": "mood resonance"}) == answer
    stage.paused = True
    assert said not in ask("!mood resonance", stage, language=language)


def test_the_peak_says_who_disagreed() -> None:
    stage = Stage()
    stage.streamer_side.disputes.append(Dispute(Disagreement(("streamer", "chat"), ("anger", "fear"), 995.0), 999.0))
    assert ask("!mood peak", stage).endswith("into the stream); the streamer and chat disagreed then.")
    assert "主播、聊天室" in ask("!mood peak", stage, language="zh-TW")
