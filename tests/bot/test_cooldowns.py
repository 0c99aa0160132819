"""How often chat is answered: bounds that hold whatever is asked."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.cooldowns import Cooldowns

asks = st.lists(
    st.tuples(
        st.floats(0, 3),
        st.sampled_from("abc"),
        st.sampled_from(
            [("mood", "question"), ("peak", "question"), ("unknown", "nonsense"), ("feel", "vote"), ("clip", None)]
        ),
    ),
    max_size=60,
)


@given(asks)
def test_nobody_and_no_channel_is_answered_too_often(steps: list[tuple[float, str, tuple[str, str | None]]]) -> None:
    cooldowns = Cooldowns(user=10.0, channel=2.0, by_command={"peak": 20.0, "clip": 5.0})
    now, allowed = 0.0, []
    for wait, who, (command, pace) in steps:
        now += wait
        if cooldowns.allow(who, command, pace, now):  # type: ignore[arg-type]
            allowed.append((now, who, command, pace))
    for pace in ("question", "nonsense", "vote"):
        times = [when for when, _, _, kind in allowed if kind == pace]
        assert all(later - earlier >= 2.0 - 1e-9 for earlier, later in pairwise(times))
    for command, seconds in (("mood", 10.0), ("peak", 20.0), ("unknown", 10.0), ("feel", 10.0), ("clip", 5.0)):
        for person in "abc":
            times = [when for when, who, what, _ in allowed if (who, what) == (person, command)]
            assert all(later - earlier >= seconds - 1e-9 for earlier, later in pairwise(times))


def test_kinds_do_not_use_up_each_others_turns() -> None:
    cooldowns = Cooldowns(user=10.0, channel=3.0)
    assert cooldowns.allow("ann", "mood", "question", 0.0)
    assert cooldowns.allow("ann", "unknown", "nonsense", 0.0)
    assert cooldowns.allow("ann", "feel", "vote", 0.0)
    assert all(cooldowns.allow("ann", "forget", "own", 0.0) for _ in range(5))
    assert not cooldowns.allow("ann", "forget", "own", 0.0)
    assert not cooldowns.allow("bob", "mood", "question", 1.0)
    assert all(cooldowns.allow("ann", "pause", None, 0.0) for _ in range(9)), "what has no pace waits for nothing"
