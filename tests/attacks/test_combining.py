"""Attacks that put the mood together with what else is told: tiles, `!mood me`, the Sheet's archive, old frames."""

import re

import numpy as np

from bot.archive import Second, moments_of
from model.emotions import EMOTIONS
from tests.attacks.channel import Channel, Sums, face, success, sums
from tests.attacks.test_coming_and_going import CROWD, FAILS, WORKS
from transport.reading import PROTOCOL_VERSION, Join, Post, encode

OTHERS = ("ann", "ben", "cat", "dan")


def rest_of(frame_sums: Sums, known: list[Sums], counted: int) -> tuple[int, Sums]:
    """How many votes are left, and what they add up to, when the known ones are taken off the sums."""
    return counted - len(known), frame_sums - np.sum([np.zeros(len(EMOTIONS)), *known], axis=0)


def tiles_off_the_mood(seed: int, held: bool) -> bool | None:
    """Everybody but the victim is shown as a tile. Their votes off the mood leave the victim's."""
    channel = Channel(seed, masked=False, shown_minimum=3 if held else 1)
    channel.join(*OTHERS, "victim")
    channel.appear(*OTHERS)
    frame = channel.look(3.0)
    tiles = channel.show.roster.tiles.frame()["tiles"]
    known = [np.array([tile["shares"][emotion] for emotion in EMOTIONS]) for tile in tiles]
    told = sums(frame)
    assert told is not None
    left, rest = rest_of(told, known, frame["viewers"])
    # One vote is read off at once; of more, the attacker takes what they show most.
    return int(np.argmax(rest)) == channel.faces["victim"] if left == 1 or held else None


async def own_off_the_mood(seed: int, held: bool) -> bool | None:
    """Everybody but the victim asks `!mood me`, which is answered in public."""
    channel = Channel(seed, masked=False, shown_minimum=3 if held else 1)
    channel.join(*OTHERS, "victim")
    frame = channel.look(3.0)
    answers = [await channel.ask_own(person) for person in OTHERS]
    told = sums(frame)
    assert told is not None
    known = []
    for answer in answers:
        found = re.search(r"looks like (\w+) (\d+)%", answer)
        if found:
            known.append(np.array(face(EMOTIONS.index(found[1]))))
    left, rest = rest_of(told, known, frame["viewers"])
    return int(np.argmax(rest)) == channel.faces["victim"] if left == 1 or held else None


def test_tiles_and_mood() -> None:
    assert success(lambda seed: tiles_off_the_mood(seed, False), trials=40) >= WORKS
    assert success(lambda seed: tiles_off_the_mood(seed, True)) <= FAILS


async def test_own_readings_in_chat_and_mood() -> None:
    works = [await own_off_the_mood(seed, False) for seed in range(40)]
    fails = [await own_off_the_mood(seed, True) for seed in range(120)]
    assert success(lambda seed: works[seed], trials=40) >= WORKS
    assert success(lambda seed: fails[seed]) <= FAILS


async def test_own_readings_and_tiles_together_leave_three_faces() -> None:
    channel = Channel(1, masked=False)
    channel.join(*OTHERS, *CROWD[:3], "victim")
    channel.appear("ann", "ben")
    for seconds in (3.0, 3.0):
        channel.look(seconds)
        answers = [await channel.ask_own(person) for person in ("cat", "dan", *CROWD[:3])]
        told = sum("looks like" in answer for answer in answers)
        tiles = len(channel.show.roster.tiles.frame()["tiles"])
        assert 8 - told - tiles >= 3
        assert told == 3, "ann and ben are seen, three more may be told of, three aren't"


def archived_and_live(seed: int, masked: bool) -> bool | None:
    """The archive has a row for every ten seconds, the overlay shows each: the rows before and after a joiner are
    compared where the overlay may have been missed.
    """
    channel = Channel(seed, masked=masked)
    channel.join(*CROWD)
    channel.look(20.0)
    seconds = []

    def archive(number: int) -> None:
        for _ in range(number):
            channel.look()
            mood = channel.show.mood
            seconds.append(Second(mood.time, mood.viewers, mood.shares))

    archive(20)
    channel.join("victim")
    archive(30)
    rows = [np.array(moment.counts) for moment in moments_of(seconds) if moment.counts is not None]
    return int(np.argmax(rows[-1] - rows[0])) == channel.faces["victim"]


def test_archive_and_mood() -> None:
    assert success(lambda seed: archived_and_live(seed, False), trials=40) >= WORKS
    assert success(lambda seed: archived_and_live(seed, True)) <= FAILS


def replayed(seed: int, *, fresh: bool) -> bool:
    """The victim's recorded frames are sent again after the victim has turned away; is what they said in the bars?

    `fresh`: as they would be if each could be given a new number, for which one would have to be the agent.
    """
    channel = Channel(seed, masked=False)
    channel.join(*CROWD)
    show = channel.show
    desk = show.desk
    victim = "victim-key-0123456789"
    token = show.access.token(channel.now)
    frame_of_join = encode(Join(PROTOCOL_VERSION, "attacked", token, victim)).encode()
    guest, _, _ = desk.join(frame_of_join, channel.now)
    recorded = [Post(number, face(seed % 7)) for number in range(1, 4)]
    for frame in recorded:
        desk.take(guest, encode(frame).encode(), channel.now)
        channel.look(2.0)
    desk.gone(guest)
    show.leave(victim)
    before = sums(channel.look(2.0))
    again, _, _ = desk.join(frame_of_join, channel.now)
    for frame in recorded:
        if fresh:
            frame.sequence += 100
        desk.take(again, encode(frame).encode(), channel.now)
        channel.look(2.0)
    after = sums(channel.look(0.0))
    assert before is not None and after is not None
    return bool(np.abs(after - before).max() > 0.5)


def test_replay() -> None:
    assert all(replayed(seed, fresh=True) for seed in range(7))
    assert not any(replayed(seed, fresh=False) for seed in range(7))
