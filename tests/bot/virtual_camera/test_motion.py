"""Bars glide, numbers stay readable, and the leading face doesn't flicker."""

from itertools import pairwise

from bot.drawing.look import Look
from bot.virtual_camera.motion import Motion
from tests.bot.drawing.looks import OTHERS, SHARES, look

FRAME = 1 / 30


def play(motion: Motion, target: Look, start: float, seconds: float) -> list[Look]:
    return [motion.at(target, start + number * FRAME) for number in range(round(seconds / FRAME))]


def test_a_bar_glides_to_its_new_place() -> None:
    motion = Motion(look(), 0.0)
    happiness = [shown.bars[0][0] for shown in play(motion, look(OTHERS), 10.0, 0.4)]
    assert happiness[0] == SHARES[0] and happiness[-1] == OTHERS[0]
    assert happiness == sorted(happiness, reverse=True)
    between = [share for share in happiness if OTHERS[0] < share < SHARES[0]]
    assert len(between) >= 6, "a quarter of a second at 30 frames a second"


def test_a_still_crowd_is_the_same_picture() -> None:
    motion = Motion(look(), 0.0)
    play(motion, look(OTHERS), 10.0, 2.0)
    rest = play(motion, look(OTHERS), 12.0, 2.0)
    assert all(shown is rest[0] for shown in rest)
    assert rest[0] == look(OTHERS)


def test_numbers_and_the_leading_face_have_their_own_paces() -> None:
    motion = Motion(look(), 0.0)
    looks = [look(), look(OTHERS)]
    shown = [motion.at(looks[number % 2], 10 + number * FRAME) for number in range(300)]
    for name, most in (("numbers", 40), ("top", 10), ("headline", 10)):
        changes = sum(getattr(a, name) != getattr(b, name) for a, b in pairwise(shown))
        assert 2 <= changes <= most, name
    # Not above three to and fro a second: six changes of direction.
    ways = [b.bars[0][0] - a.bars[0][0] for a, b in pairwise(shown)]
    moving = [way for way in ways if way]
    turns = sum(a * b < 0 for a, b in pairwise(moving))
    assert turns <= 60


def test_a_new_state_is_shown_at_once() -> None:
    motion = Motion(look(), 0.0)
    stale = motion.at(look(signal="stale"), 0.01)
    assert (stale.state, stale.headline, stale.top) == ("stale", "Reconnecting…", None)
    gathering = motion.at(look(None, viewers=1), 0.02)
    assert gathering.headline == "Gathering the crowd (1 of 3)"
    more = play(motion, look(None, viewers=2), 0.03, 0.5)
    assert more[-1].headline == "Gathering the crowd (2 of 3)"
    live = play(motion, look(viewers=4), 0.6, 0.5)
    assert live[0].top == "happiness" and live[0].bars[0][0] == 0.0 and live[-1].bars == look().bars


def test_a_clock_that_stands_still_does_no_harm() -> None:
    motion = Motion(look(), 5.0)
    shown = [motion.at(look(OTHERS), 5.0) for _ in range(3)] + [motion.at(look(OTHERS), 4.0)]
    assert {each.bars[0][0] for each in shown} == {SHARES[0]}
