"""The simulated streamer, and whether a crowd that lives through the same story is found to follow."""

import numpy as np
import pytest

from bot.resonance import Resonance, ResonanceState
from demo.story import Character
from demo.streamer import LEAD, TALKS, blurred, feeling

LENGTH = 60.0


def followed(seconds: int, viewers: int = 40) -> ResonanceState:
    resonance, crowd = Resonance(), [Character(number) for number in range(viewers)]
    for second in range(seconds):
        shares = np.mean([viewer.feel(second, LENGTH) for viewer in crowd], axis=0)
        resonance.add(float(second), feeling(second, LENGTH), [float(share) for share in shares])
    return resonance.state(float(seconds))


def test_the_crowd_is_found_to_follow_some_six_seconds_later() -> None:
    assert followed(110).state == "not_enough"
    found = followed(240)
    assert found.significant and found.score is not None and found.score > 50
    assert found.lag == pytest.approx(LEAD + 1.0, abs=0.6)


def test_every_modality_tells_a_distribution_and_the_same_story() -> None:
    for second in range(60):
        seven = feeling(second, LENGTH)
        for modality in TALKS:
            told = blurred(seven, modality)
            assert sum(told) == pytest.approx(1.0) and min(told) > 0
            assert told.index(max(told)) == seven.index(max(seven))
