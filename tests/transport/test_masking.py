"""Who counts: never one person more or less than the public saw before, and nobody for longer than a few seconds."""

import random

import pytest

from transport.masking import Masking


class Crowd:
    """Persons who come and go, a masking between them and the public, and a clock."""

    def __init__(self, *persons: str, minimum: int = 3, seed: int = 1, on: bool = True) -> None:
        self.masking = Masking(minimum, random.Random(seed), on=on)
        self.minimum = minimum
        self.now = 1000.0
        self.shown = False
        self.here: set[str] = set()
        # Whose each frozen reading is, which the masking itself doesn't know.
        self.frozen: dict[str, str] = {}
        for person in persons:
            self.join(person)
        self.look()

    def join(self, person: str) -> None:
        self.here.add(person)
        self.frozen.pop(self.masking.join(person) or "", None)

    def leave(self, person: str) -> None:
        self.here.discard(person)
        name = self.masking.leave(person)
        if name is not None:
            self.frozen[name] = person

    def look(self, seconds: float = 0.0, known: tuple[str, ...] = ()) -> set[str] | None:
        """The persons behind the bars some seconds later; None while they are hidden."""
        self.now += seconds
        # Once for the state as it was shown, and once more where that changes, as the bot does.
        for _ in range(3):
            for name in self.masking.settle(self.now, shown=self.shown, known=known) or ():
                del self.frozen[name]
            enough = min(self.masking.counted, self.masking.present) >= self.minimum
            enough &= self.shown or self.masking.ready
            if enough == self.shown:
                break
            self.shown = enough
        return self.counted() if self.shown else None

    def counted(self) -> set[str]:
        here = {person for person in self.here if self.masking.counts(person)}
        return here | {person for name, person in self.frozen.items() if self.masking.counts(name)}


def test_while_nothing_was_shown_everybody_counts_at_once() -> None:
    crowd = Crowd()
    crowd.join("ann")
    crowd.join("ben")
    assert crowd.look() is None
    crowd.join("cat")
    assert crowd.look() == {"ann", "ben", "cat"}


def settled(crowd: Crowd) -> set[str]:
    """What is shown once all that waits has taken effect."""
    for _ in range(30):
        crowd.look(1.0)
    seen = crowd.look()
    assert seen is not None
    return seen


def test_shown_for_the_first_time_one_more_than_the_minimum_is_left_out() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan")
    seen = crowd.look()
    assert seen is not None and len(seen) == 3


def test_a_lone_join_waits_and_comes_in_with_who_was_left_out() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", "eve")
    before = crowd.look()
    assert before is not None
    (out,) = crowd.here - before
    crowd.join("fay")
    assert crowd.look() == crowd.look(2.9) == before
    after = crowd.look(Masking.LONGEST)
    assert after is not None and after - before == {"fay", out} and len(before - after) == 1


def test_a_lone_leave_stays_frozen_and_goes_with_another() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", "eve")
    before = crowd.look()
    assert before is not None
    goes = min(before)
    crowd.leave(goes)
    assert crowd.look() == crowd.look(2.9) == before
    assert crowd.masking.frozen == 1
    after = crowd.look(Masking.LONGEST)
    assert after is not None
    assert goes in before - after and len(before - after) == 2 and len(after) == 3
    assert crowd.masking.frozen == 0


def test_close_to_the_minimum_a_joiner_waits_for_the_next() -> None:
    crowd = Crowd("ann", "ben", "cat")
    assert crowd.look() == {"ann", "ben", "cat"}
    crowd.join("dan")
    assert all(crowd.look(1.0) == {"ann", "ben", "cat"} for _ in range(60))
    crowd.join("eve")
    after = settled(crowd)
    assert {"dan", "eve"} < after and len(after) == 4


def test_larger_crowds_leave_out_more_and_five_at_most() -> None:
    for size, left_out in ((8, 1), (10, 2), (35, 4), (60, 5), (198, 5)):
        crowd = Crowd(*(f"viewer-{number}" for number in range(size)))
        crowd.join("ann")
        assert len(crowd.here - settled(crowd)) == left_out


def test_nothing_changes_when_nobody_comes_or_goes() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", "eve")
    crowd.join("fay")
    crowd.look()
    after = crowd.look(Masking.LONGEST)
    assert all(crowd.look(1.0) == after for _ in range(100))


def test_who_was_left_out_leaves_unseen() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", "eve")
    crowd.join("fay")
    crowd.look()
    after = crowd.look(Masking.LONGEST)
    assert after is not None
    (out,) = crowd.here - after
    crowd.leave(out)
    assert all(crowd.look(1.0) == after for _ in range(20))


def test_a_face_that_was_away_for_a_moment_changes_nothing() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan")
    seen = crowd.look()
    assert seen is not None
    someone = min(seen)
    for _ in range(20):
        crowd.leave(someone)
        assert crowd.look(1.0) == seen
        crowd.join(someone)
        assert crowd.look(1.0) == seen
        assert crowd.masking.frozen == 0


def test_all_who_come_within_the_patience_take_effect_together() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", "eve")
    before = crowd.look()
    assert before is not None
    goes = min(before)
    crowd.join("fay")
    crowd.look()
    crowd.join("gil")
    crowd.leave(goes)
    assert crowd.look(2.0) == before
    after = crowd.look(Masking.LONGEST)
    assert after is not None and {"fay", "gil"} < after and goes not in after


def test_where_leaving_one_out_leaves_too_few_the_bars_are_hidden() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan")
    seen = crowd.look()
    assert seen is not None
    crowd.leave(min(seen))
    assert crowd.look() is not None
    assert crowd.look(Masking.LONGEST) is None


def test_below_the_minimum_they_are_hidden_at_once_and_nobody_is_frozen() -> None:
    crowd = Crowd("ann", "ben", "cat")
    crowd.leave("cat")
    assert crowd.look() is None
    assert crowd.masking.frozen == 0 and crowd.masking.counted == 2


def test_shown_again_one_who_was_told_of_before_is_left_out() -> None:
    crowd = Crowd("ann", "ben", "cat", "victim", "sly", seed=2)
    seen = crowd.look()
    assert seen is not None and "victim" in seen
    for person in ("sly", "ann", "victim"):
        crowd.leave(person)
    assert crowd.look() is None
    crowd.join("ann")
    for sly in ("sly-1", "sly-2", "sly-3"):
        crowd.join(sly)
    after = crowd.look(20.0)
    assert after is not None
    assert seen - after > {"victim"}, "so it isn't the victim alone who is missing"


def test_those_whose_votes_everybody_sees_mask_nobody() -> None:
    for seed in range(30):
        crowd = Crowd("ann", "ben", "cat", "dan", "eve", seed=seed)
        before = crowd.look()
        assert before is not None
        crowd.join("fay")
        crowd.look()
        after = crowd.look(Masking.LONGEST, known=("ann", "ben", "cat"))
        assert after is not None and {"ann", "ben", "cat"} & before <= after


def test_forget_leaves_a_number_and_no_key_for_a_few_seconds() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", "eve", "viewer-key-0123456789")
    assert crowd.masking.counts("viewer-key-0123456789")
    crowd.leave("viewer-key-0123456789")
    assert "viewer-key-0123456789" not in repr(vars(crowd.masking))
    crowd.masking.forget("viewer-key-0123456789")
    assert crowd.masking.frozen == 1
    crowd.join("viewer-key-0123456789")
    assert crowd.masking.frozen == 1, "it isn't known that this is the same"
    crowd.look()
    crowd.look(Masking.LONGEST)
    assert crowd.masking.frozen == 0


@pytest.mark.parametrize(("minimum", "on"), [(1, True), (3, False)])
def test_a_streamers_own_test_is_not_masked_nor_where_it_is_switched_off(minimum: int, on: bool) -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", minimum=minimum, on=on)
    crowd.join("eve")
    assert crowd.look() == {"ann", "ben", "cat", "dan", "eve"}
    crowd.leave("ann")
    assert crowd.look() == {"ben", "cat", "dan", "eve"}


def test_a_large_crowd_is_not_masked_and_one_that_shrinks_is() -> None:
    crowd = Crowd(*(f"viewer-{number}" for number in range(200)))
    crowd.join("ann")
    assert crowd.look() == crowd.here
    crowd.leave("ann")
    crowd.leave("viewer-0")
    assert crowd.look() == crowd.here and len(crowd.here) == 199
    crowd.leave("viewer-1")
    before = crowd.look()
    assert before is not None and len(before) == 199
    after = crowd.look(Masking.LONGEST)
    assert after is not None and len(after) == 198 - Masking.MOST_OUT


def test_after_a_clock_was_set_back_nobody_waits_for_longer() -> None:
    crowd = Crowd("ann", "ben", "cat", "dan", "fay")
    crowd.join("eve")
    crowd.look()
    crowd.now -= 3600
    crowd.look()
    after = crowd.look(Masking.LONGEST)
    assert after is not None and "eve" in after


def test_the_patience_is_another_each_time() -> None:
    def patience(seed: int) -> float:
        crowd = Crowd("ann", "ben", "cat", "dan", "fay", seed=seed)
        before = crowd.look()
        crowd.join("eve")
        begun = crowd.now
        while crowd.look(0.1) == before:
            pass
        return crowd.now - begun

    waits = sorted(patience(seed) for seed in range(60))
    assert Masking.SHORTEST <= waits[0] < 4.0 and 7.0 < waits[-1] <= Masking.LONGEST + 0.3


def test_three_who_are_back_are_shown_again_and_a_fourth_waits() -> None:
    crowd = Crowd("ann", "ben", "cat")
    crowd.look()
    crowd.leave("cat")
    assert crowd.look(1.0) is None
    crowd.join("dan")
    assert crowd.look(1.0) is None, "dan is not cat: taking the one sum off the other would tell of both"
    crowd.join("cat")
    assert crowd.look(1.0) == {"ann", "ben", "cat"}
    assert crowd.look(60.0) == {"ann", "ben", "cat"}


def test_who_was_erased_is_not_known_again() -> None:
    crowd = Crowd("ann", "ben", "cat")
    crowd.look()
    crowd.leave("cat")
    crowd.masking.forget("cat")
    crowd.look(1.0)
    crowd.join("cat")
    assert crowd.look(1.0) is None and not crowd.masking.whole


def test_what_was_shown_two_minutes_ago_hides_nobody() -> None:
    crowd = Crowd("ann", "ben", "cat")
    crowd.look()
    crowd.leave("cat")
    crowd.look(1.0)
    crowd.join("dan")
    assert crowd.look(Masking.FORGOTTEN - 2.0) is None
    assert crowd.look(2.0) == {"ann", "ben", "dan"}


def test_of_a_crowd_at_several_hubs_those_elsewhere_count_towards_the_minimum_and_the_large() -> None:
    masking = Masking(3, random.Random(1))
    masking.settle(0.0, shown=True, elsewhere=10)
    masking.join("ann")
    masking.join("bob")
    for second in range(1, 10):
        masking.settle(float(second), elsewhere=10)
    assert masking.counted == 2, "two came in together, though here are fewer than three"
    masking.join("cat")
    assert not masking.counts("cat")
    masking.settle(10.0, elsewhere=Masking.LARGE - 3)
    assert masking.counts("cat"), "together they are two hundred"


def test_one_alone_at_a_hub_waits_long_and_not_for_ever_and_what_is_switched_off_lets_all_in() -> None:
    masking = Masking(3, random.Random(1))
    masking.settle(0.0, shown=True, elsewhere=10)
    masking.join("ann")
    came = next(second for second in range(1, 100) if masking.settle(second, elsewhere=10) is not None)
    assert masking.counts("ann") and came > Masking.FEW_SHORTEST
    masking.join("bob")
    masking.settle(100.0, elsewhere=10)
    assert not masking.counts("bob")
    masking.go_by(3, on=False)
    masking.settle(101.0, elsewhere=10)
    assert masking.counts("bob")
