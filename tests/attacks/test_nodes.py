"""The attacks on who comes and goes, where the viewers are at two nodes: no more is to be read off than at the bot."""

import pytest

from tests.attacks import test_coming_and_going as attacks
from tests.attacks.channel import success, sums
from tests.attacks.nodes import NodesChannel
from tests.attacks.test_coming_and_going import CROWD, FAILS, WORKS


@pytest.mark.parametrize(
    "name",
    ["joins", "leaves", "joins_and_leaves", "pair_around_a_joiner", "pair_around_a_leaver", "hidden_meanwhile",
     "pushed_in_and_out"],
)  # fmt: skip
def test_it_works_without_masking_at_nodes_and_fails_with_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacks, "Channel", NodesChannel)
    attack = getattr(attacks, name)
    works = success(lambda seed: attack(seed, False), trials=40)
    fails = success(lambda seed: attack(seed, True))
    print(f"{name}: right {works:.0%} without masking, {fails:.0%} with it")
    assert works >= WORKS
    assert fails <= FAILS


def test_everybody_at_a_node_of_few_is_counted_some_time() -> None:
    """One alone at a node comes in late, and, as nobody is there to come along, alone."""
    channel = NodesChannel(1)
    channel.join(*CROWD[::2])
    channel.look(20.0)
    before = sums(channel.look(0.0))
    channel.join("viewer-1")
    early = sums(channel.look(15.0))
    late = sums(channel.look(30.0))
    assert before is not None and early is not None and late is not None
    assert abs(early.sum() - before.sum()) < 0.01
    assert late.sum() - early.sum() == pytest.approx(1.0, abs=0.01)


def test_from_two_hundred_on_over_all_hubs_nothing_is_masked() -> None:
    channel = NodesChannel(1)
    channel.join(*(f"viewer-{number}" for number in range(220)))
    channel.look(20.0)
    assert channel.show.mood.faces.voters == 220
    channel.join("viewer-220")
    channel.look(2.0)
    assert channel.show.mood.faces.voters == 221


def test_what_the_streamer_has_switched_off_is_off_at_nodes() -> None:
    channel = NodesChannel(1, masked=False)
    channel.join(*CROWD)
    channel.look(20.0)
    channel.join("victim")
    channel.look(1.0)
    assert channel.show.mood.faces.voters == len(CROWD) + 1


def test_a_vote_that_moves_to_another_node_leaves_nothing_behind() -> None:
    channel = NodesChannel(1)
    channel.join(*CROWD)
    channel.look(20.0)
    first = channel.nodes[0]
    counted = first._masking.counted
    who = next(viewer for viewer in CROWD[::2] if first.votes.counts(viewer))
    first.votes.move(who)
    assert first._masking.counted == counted - 1 and first._masking.frozen == 0
