"""Many hubs, one crowd: nobody has two votes, however viewers move and links are cut; and all come back in time."""

import pytest

from tests.transport.simulated_bus import World
from transport.bus import MAX_NODES
from transport.roll import Roll


def run(world: World, seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        world.step()
        votes = world.votes()
        assert len(votes) == len(set(votes)), f"at {world.now:.1f} s: {sorted(votes)}"


def settled(seed: int, nodes: int = 3) -> World:
    """A world in which all viewers are somewhere, and counted."""
    world = World(seed, nodes)
    run(world, 2)
    for viewer in world.viewers:
        world.move(viewer, world.chance.choice(world.hubs))
    run(world, 6)
    assert set(world.votes()) == set(world.viewers)
    return world


@pytest.mark.parametrize("seed", range(5))
def test_who_moves_is_counted_once_and_again_within_three_seconds(seed: int) -> None:
    world = settled(seed)
    for _ in range(10):
        viewer = world.chance.choice(world.viewers)
        world.move(viewer, world.chance.choice(world.hubs))
        run(world, world.chance.uniform(0, 1))
    run(world, 3)
    assert set(world.votes()) == set(world.viewers)


@pytest.mark.parametrize("length", [0.5, 1.5, 2.4, 2.6, 6, 40])
@pytest.mark.parametrize("seed", range(6))
def test_counts_are_right_within_three_seconds_after_a_cut_is_healed(length: float, seed: int) -> None:
    world = settled(seed)
    away = world.chance.sample(world.hubs, world.chance.randint(1, 3))
    for hub in away:
        world.cut(hub)
    for _ in range(6):
        run(world, length / 6)
        world.move(world.chance.choice(world.viewers), world.chance.choice(world.hubs))
    for hub in away:
        world.heal(hub)
    run(world, 3)
    assert set(world.votes()) == set(world.viewers)


@pytest.mark.parametrize("seed", range(60))
def test_nobody_is_counted_twice_whatever_happens(seed: int) -> None:
    world = World(seed, nodes=4, viewers=8)
    run(world, 2)
    for _ in range(150):
        hub, chance = world.chance.choice(world.hubs), world.chance.random()
        if chance < 0.15 and not hub.cut:
            world.cut(hub)
        elif chance < 0.35 and hub.cut:
            world.heal(hub)
        elif chance < 0.9:
            world.move(world.chance.choice(world.viewers), hub)
        run(world, world.chance.choice([0.1, 0.3, 1.0, 2.0]))
    for hub in world.hubs:
        if hub.cut:
            world.heal(hub)
    run(world, 3)
    seated = {viewer for hub in world.hubs for viewer in hub.seats}
    assert seated <= set(world.votes())


# With 59 a late word once took a vote away.
@pytest.mark.parametrize("seed", [*range(30), 59])
def test_nor_over_slow_lines_with_nodes_that_are_killed_and_machines_that_sleep(seed: int) -> None:
    world = World(seed, viewers=6)
    run(world, 2)
    for _ in range(80):
        hub, chance = world.chance.choice(world.hubs), world.chance.random()
        if chance < 0.12:
            world.heal(hub) if hub.cut else world.cut(hub)
        elif chance < 0.25:
            hub.slow = world.chance.choice([0, 0, 1, 3, 10])
        elif chance < 0.32 and hub is not world.bot:
            world.restart(hub)
        elif chance < 0.36:
            world.bot.offset += world.chance.choice([5, 60, 3600])
        elif chance < 0.9:
            world.move(world.chance.choice(world.viewers), hub)
        run(world, world.chance.choice([0.1, 0.3, 1.0, 2.0, 5.0]))
    # What was killed may still be heard: late words, which must change nothing.
    for hub in world.hubs:
        hub.slow = 0.0
        world.heal(hub)
    run(world, 2)
    for viewer in world.viewers:
        if viewer not in world.at or viewer not in world.at[viewer].seats:
            world.move(viewer, world.chance.choice(world.hubs))
    run(world, 5)
    for _ in range(20):
        run(world, 0.5)
        assert set(world.votes()) == set(world.viewers)


def test_a_node_that_dies_is_counted_no_more_and_holds_nobody_up() -> None:
    world = settled(1)
    dead = world.nodes[0]
    world.cut(dead)
    for viewer in list(dead.seats):
        world.move(viewer, world.nodes[1])
    run(world, 4)
    assert set(world.votes()) == set(world.viewers)
    assert dead.name not in world.counted


def test_who_missed_a_join_hears_of_it_though_the_bots_machine_has_slept_since() -> None:
    bot, node = Roll("bot"), Roll("node")
    node.join("ann", 1000.0)
    bot.join("ann", 1001.0)
    bot.tell(1001.0)
    # Whatever the clock says now, the bot has not been awake for longer than a second since.
    for _ in range(10):
        bot.tell(4600.0)
    gone: dict[str, bool] = {}
    for joins in bot.answer(Roll.RECALLED):
        gone |= node.hear(joins, 4601.0).gone
    assert "ann" in gone and node.heard(4601.0) == {"bot": 1}


@pytest.mark.parametrize("asked_for", [False, True])
def test_a_vote_that_another_hub_claims_with_an_earlier_time_waits_until_it_has_heard_of_ours(asked_for: bool) -> None:
    bot, node = Roll("bot"), Roll("node")
    # Some node's clock was ahead once, and the bot's joins are stamped after that.
    bot.join("ann", 4600.0)
    bot.tell(1000.0)
    bot.include(1)
    # This node has come later: it is answered without what is so long ago, and that this was all.
    for tenth in range(round(10 * Roll.RECALLED) + 1):
        bot.tell(1000.0 + tenth / 10)
    for joins in bot.answer(Roll.RECALLED):
        node.hear(joins, 1061.0)
    assert node.heard(1061.0) == {"bot": 1}
    node.join("ann", 1061.0)
    (claim,) = node.tell(1061.0)
    if asked_for:
        (claim,) = node.answer(Roll.RECALLED)
    assert bot.hear(claim, 1061.0).held == ["ann"] and "ann" in bot.waiting
    (again,) = bot.tell(1061.1)
    bot.include(1)
    assert "ann" in bot.waiting, "the node may have heard of the first, and forgotten it"
    # What was said again may be missed, and is asked for.
    (asked,) = bot.answer(Roll.RECALLED)
    assert "ann" in node.hear(asked, 1061.2).gone
    bot.include(again.sequence)
    assert "ann" not in bot.waiting


def test_a_word_that_took_long_takes_no_vote_away() -> None:
    bot, node = Roll("bot"), Roll("node")
    node.join("ann", 998.0)
    (late,) = node.tell(998.0)
    bot.join("ann", 1004.0)
    (first,) = bot.tell(1004.0)
    bot.include(1)
    change = bot.hear(late, 1016.0)
    assert not change.gone and not change.held and "ann" not in bot.waiting
    # A report of that node counts beside the bot's joins only once it has heard of this one, and so let go.
    assert node.heard_of("bot") < bot.included
    assert "ann" in node.hear(first, 1016.0).gone


def test_nodes_that_are_started_anew_again_and_again_are_all_heard_of() -> None:
    bot = Roll("bot")
    for start in range(2 * MAX_NODES):
        now = 1000.0 + 60.0 * start
        node = Roll(f"node-{start}")
        node.join("ann", now)
        for joins in node.tell(now):
            bot.hear(joins, now)
        assert bot.heard_of(node.node) == 1, "what it reports would never count"
