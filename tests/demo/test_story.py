import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.story import ACTS, Character, act_at


def test_the_acts_fill_the_story() -> None:
    assert sum(act.share for act in ACTS) == pytest.approx(1.0)
    assert [act_at(60 * part, 60.0).title for part in (0.0, 0.4, 0.65, 0.999)] == [
        ACTS[0].title, "BOSS FIGHT!", "JUMP SCARE!", ACTS[-1].title,
    ]  # fmt: skip
    assert act_at(61.0, 60.0) is ACTS[0]


@given(seed=st.integers(0, 10_000), seconds=st.floats(0, 1e5), length=st.floats(1, 1e4))
def test_every_viewer_feels_a_distribution(seed: int, seconds: float, length: float) -> None:
    seven = Character(seed).feel(seconds, length)
    assert sum(seven) == pytest.approx(1.0)
    assert min(seven) > 0


def test_the_crowd_is_happy_when_it_wins_and_nobody_is_a_copy_of_another() -> None:
    feelings = [Character(seed).feel(48.0, 60.0) for seed in range(100)]
    assert sum(max(seven) == seven[0] for seven in feelings) > 70
    assert len(set(feelings)) == 100
