"""The whole crowd stays under Google's quotas, whoever comes."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.sheet_pace import (
    BOT_WRITES,
    Quota,
    full_jitter,
    read_interval,
    sheet_pace,
    too_slow,
    write_interval,
)

GOOGLE = Quota()


@given(st.integers(0, 1000))
def test_the_posts_of_all_and_the_bots_writes_leave_a_fifth_of_the_quota(viewers: int) -> None:
    own, shared = sheet_pace(viewers, GOOGLE, shared=False), sheet_pace(viewers, GOOGLE, shared=True)
    assert viewers * 60 / own.interval + BOT_WRITES <= 0.8 * 300 + 1e-6
    assert 60 / own.interval <= 0.8 * 60 + 1e-6
    assert viewers * 60 / shared.interval + BOT_WRITES <= 0.8 * 60 + 1e-6
    assert own.heartbeat >= own.interval and shared.heartbeat >= shared.interval


def test_five_are_quick_and_fifty_are_live() -> None:
    # Once a reading has waited its turn, the bot looks within a second and a half.
    assert sheet_pace(5, GOOGLE, shared=False).interval + read_interval(GOOGLE, shared=False) < 4
    assert sheet_pace(50, GOOGLE, shared=False).interval + read_interval(GOOGLE, shared=False) < 20


def test_the_bot_stays_under_the_quota_of_one_user_and_leaves_reads_to_agents_that_share_it() -> None:
    assert 60 / read_interval(GOOGLE, shared=False) <= 48
    assert 60 / read_interval(GOOGLE, shared=True) <= 30
    assert 60 / write_interval(GOOGLE) == BOT_WRITES


@pytest.mark.parametrize(("viewers", "shared", "slow"), [(50, False, False), (60, False, True), (12, True, True)])
def test_a_crowd_that_has_outgrown_the_sheet_is_noticed(viewers: int, shared: bool, slow: bool) -> None:
    assert too_slow(sheet_pace(viewers, GOOGLE, shared), GOOGLE) is slow


@given(st.integers(0, 300), st.booleans(), st.sampled_from([2.0, 10.0, 60.0]))
def test_compressed_time_compresses_every_wait(viewers: int, shared: bool, factor: float) -> None:
    quick, real = sheet_pace(viewers, Quota(minute=60 / factor), shared), sheet_pace(viewers, GOOGLE, shared)
    assert quick.interval * factor == pytest.approx(real.interval, rel=0.01)
    assert quick.heartbeat * factor == pytest.approx(real.heartbeat, rel=0.01)


@given(st.integers(0, 100), st.integers(0, 2**32))
def test_waits_are_spread_from_none_to_a_ceiling_of_half_a_minute(attempt: int, seed: int) -> None:
    wait = full_jitter(attempt, GOOGLE, chance=random.Random(seed))
    assert 0 <= wait <= min(30, 2 * 2**attempt)


def test_what_the_server_asks_for_comes_on_top_and_has_a_limit() -> None:
    assert full_jitter(0, GOOGLE, asked=20) >= 20
    assert full_jitter(0, GOOGLE, asked=1e9) <= 62


def test_a_crowd_that_was_refused_does_not_come_back_as_one() -> None:
    chance = random.Random(5)
    waits = sorted(full_jitter(4, GOOGLE, chance=chance) for _ in range(50))
    assert waits[0] < 3 and waits[-1] > 27
    assert all(later - earlier < 6 for earlier, later in pairwise(waits))
