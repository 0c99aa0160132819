"""Tiles: only of those who want it and count now, gone at once, and never in a way that tells of the others."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crowd import Crowd, Mood, Part
from bot.tiles import Tiles, TileSettings
from tests.bot.stage import HAPPY, PATIENCE, SAD, Theatre, theatre
from tests.memory import strings_alive
from transport.appearances import HIDDEN, Appearances
from transport.hub_client import HubClient
from transport.reading import Appear, Probabilities, Reading, Shown

MINIMUM = 3


class House:
    """A crowd, those of it who want to be shown, and their tiles."""

    def __init__(self, settings: TileSettings | None = None) -> None:
        self.crowd = Crowd(MINIMUM, expiry=15.0)
        self.appearances = Appearances()
        self.tiles = Tiles(settings or TileSettings(), MINIMUM, self.appearances)
        self.crowd.known = self.tiles

    def read(self, viewer: str, now: float, feeling: Probabilities = HAPPY, quality: float = 1.0) -> None:
        self.crowd.take(Reading(viewer, "face", now, feeling, quality), now)

    def seat(self, viewer: str, now: float, name: str | None = None, feeling: Probabilities = HAPPY) -> None:
        """A viewer who wants to be shown and is read."""
        self.appearances.appear(viewer, Appear("seat") if name is None else Appear("name", name), now)
        self.read(viewer, now, feeling)

    def look(self, now: float) -> list[dict[str, Any]]:
        self.tiles.look(self.crowd.mood(now), self.crowd, now)
        return self.shown()

    def shown(self) -> list[dict[str, Any]]:
        tiles: list[dict[str, Any]] = self.tiles.frame()["tiles"]
        return tiles

    def drop(self, viewer: str) -> None:
        self.appearances.drop(viewer)
        self.tiles.drop(viewer, counts=viewer in self.crowd)


@pytest.fixture
def house() -> House:
    return House()


def test_a_tile_tells_seat_name_and_expression_and_no_key(house: House) -> None:
    house.seat("viewer-key-of-ann", 0.0, "Ann", SAD)
    assert house.look(0.0) == [
        {
            "seat": house.appearances.seat_of("viewer-key-of-ann"),
            "name": "Ann",
            "top": "sadness",
            "shares": {
                "happiness": 0.05, "sadness": 0.7, "neutral": 0.05, "anger": 0.05, "surprise": 0.05, "disgust": 0.05,
                "fear": 0.05,
            },
            "sure": 1.0,
        }
    ]  # fmt: skip
    assert "viewer-key" not in str(house.tiles.frame())


def test_only_who_wants_it_and_counts_now_is_shown(house: House) -> None:
    house.appearances.appear("away", Appear("name", "Away"), 0.0)
    house.seat("ann", 0.0, "Ann")
    house.seat("bob", 0.0)
    for number in range(5):
        house.read(f"private {number}", 0.0)
    assert [tile["name"] for tile in house.look(0.0)] == ["Ann", None]
    house.read("ann", 10.0)
    assert [tile["name"] for tile in house.look(16.0)] == ["Ann"], "bob has not been heard of for too long"
    house.crowd.leave("ann")
    assert house.look(17.0) == []


def test_an_unsure_reading_is_a_face_without_an_expression(house: House) -> None:
    house.seat("ann", 0.0, "Ann")
    house.read("ann", 0.5, quality=0.2)
    (tile,) = house.look(1.0)
    assert tile == {"seat": tile["seat"], "name": "Ann", "top": None, "shares": None, "sure": 0.2}


def test_expressions_change_once_a_second_and_who_goes_is_gone_at_once(house: House) -> None:
    house.seat("ann", 0.0, "Ann")
    house.seat("bob", 0.0, "Bob")
    assert len(house.look(0.0)) == 2
    house.read("ann", 0.2, SAD)
    house.read("private", 0.2)
    assert [tile["top"] for tile in house.look(0.3)] == [], "one of three has not chosen to be seen beside the mood"
    house.crowd.leave("private")
    assert [tile["top"] for tile in house.look(1.4)] == ["sadness", "happiness"]
    house.drop("ann")
    assert [tile["name"] for tile in house.shown()] == ["Bob"]


def test_a_pause_or_a_switch_shows_nobody(house: House) -> None:
    house.seat("ann", 0.0, "Ann")
    house.look(0.0)
    house.tiles.clear()
    assert house.shown() == []
    house.tiles.hide(True)
    assert house.look(5.0) == [] and house.tiles.frame()["state"] == "hidden"
    house.tiles.hide(False)
    assert len(house.look(6.0)) == 1 and house.tiles.frame()["state"] == "on"


def test_of_too_many_chance_decides_once_and_the_others_are_counted() -> None:
    house = House(TileSettings(maximum=10))
    for number in range(50):
        house.seat(f"viewer {number}", 0.0, f"Viewer {number}")
    first = house.look(0.0)
    assert len(first) == 10 and house.tiles.frame()["more"] == 40
    assert {tile["seat"] for tile in house.look(5.0)} == {tile["seat"] for tile in first}
    assert {tile["name"] for tile in first} != {f"Viewer {number}" for number in range(10)}, "the early have no right"
    names = [int(tile["name"].split()[1]) for tile in first]
    assert names == sorted(names), "they stand in the order in which they came"
    gone = first[0]["name"].replace("V", "v")
    house.drop(gone)
    assert len(house.shown()) == 9
    assert {tile["seat"] for tile in first[1:]} < {tile["seat"] for tile in house.look(7.0)}
    assert len(house.shown()) == 10


@pytest.mark.parametrize(
    ("private", "willing", "shown"),
    [
        (0, 1, 1),  # no mood is shown yet
        (1, 1, 1),
        (0, 5, 5),  # nobody is left to be found out
        (1, 2, 0),
        (1, 5, 3),
        (2, 5, 4),
        (3, 5, 5),  # three are nobody in particular
        (9, 5, 5),
    ],
)
def test_mood_and_tiles_together_tell_of_no_single_viewer(house: House, private: int, willing: int, shown: int) -> None:
    for number in range(private):
        house.read(f"private {number}", 0.0)
    for number in range(willing):
        house.seat(f"willing {number}", 0.0)
    assert len(house.look(0.0)) == shown


def test_who_withdraws_while_counting_is_not_found_out_by_the_tiles_of_the_others(house: House) -> None:
    for number in range(5):
        house.seat(f"v{number}", 0.0)
    assert len(house.look(0.0)) == 5
    house.drop("v0")
    assert len(house.shown()) == 2, "at once, without waiting for a look"
    house.crowd.leave("v0")
    assert len(house.look(1.2)) == 4


steps = st.lists(
    st.tuples(st.sampled_from(["read", "show", "withdraw", "leave", "wait"]), st.integers(0, 7)), max_size=60
)


@given(steps)
def test_whatever_happens_fewer_than_the_minimum_are_never_alone_beside_the_tiles(steps: list[tuple[str, int]]) -> None:
    house, now = House(), 0.0
    for step, number in steps:
        viewer = f"v{number}"
        if step == "read":
            house.read(viewer, now)
        elif step == "show":
            house.appearances.appear(viewer, Appear("seat"), now)
        elif step == "withdraw":
            house.drop(viewer)
        elif step == "leave":
            house.crowd.leave(viewer)
            house.tiles.drop(viewer, counts=False)
        else:
            now += number / 2
        # As the show does: drops are sent at once, and each mood goes out together with a look.
        mood = house.crowd.mood(now)
        shown = {tile["seat"] for tile in house.look(now)}
        willing = {house.appearances.seat_of(each) for each, _ in house.appearances}
        assert shown <= willing
        counted = {each for each in map("v{}".format, range(8)) if each in house.crowd}
        private = counted - {each for each, _ in house.appearances}
        rest = len(counted) - len(shown)
        assert not mood.enough or not private or rest >= MINIMUM


def test_a_mood_of_chat_alone_takes_nothing_from_the_tiles(house: House) -> None:
    house.seat("ann", 0.0, "Ann")
    mood = Mood(0.0, 20, MINIMUM, HAPPY, faces=Part(2), chat=Part(20, 1.0))
    house.tiles.look(mood, house.crowd, 0.0)
    assert len(house.shown()) == 1


def test_thousands_who_leave_cost_no_look_each(house: House) -> None:
    for number in range(2000):
        house.seat(f"v{number}", 0.0)
    house.look(0.0)
    looks = 0

    class Watched(Appearances):
        def __iter__(self) -> Iterator[tuple[str, str | None]]:
            nonlocal looks
            looks += 1
            return super().__iter__()

    house.appearances.__class__ = Watched
    for number in range(2000):
        house.drop(f"v{number}")
    assert house.shown() == [] and looks == 0
    house.look(0.1)
    assert looks == 1


# Through real sockets.


async def tiles_until(stage: Theatre, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait on the live feed for tiles that fulfil the condition."""
    async with asyncio.timeout(PATIENCE), stage.session.ws_connect("/live") as page:
        async for message in page:
            frame: dict[str, Any] = message.json()
            if frame["type"] == "tiles" and condition(frame):
                return frame
    raise AssertionError("the feed ended")


def names(frame: dict[str, Any]) -> list[str | None]:
    return [tile["name"] for tile in frame["tiles"]]


def ask(client: HubClient, wish: Appear) -> "asyncio.Queue[Shown]":
    answers: asyncio.Queue[Shown] = asyncio.Queue()
    client.appearing.on_change = answers.put_nowait
    client.appearing.want(wish)
    return answers


async def test_from_the_agents_wish_to_the_page_and_nothing_of_the_name_is_left() -> None:
    # In two parts and on two lines, so that this test itself doesn't hold what it searches for, nor its source.
    first = "Wilhel"
    second = "mina-Qxz"

    def found() -> int:
        return sum(first in text and second in text and len(text) < 5000 for text in strings_alive())

    async def alive() -> int:
        # Off the loop: it takes seconds, and of an agent that is silent for so long the hub would know no wish.
        return await asyncio.to_thread(found)

    async with theatre() as stage:
        ann = stage.join(1)
        answers = ask(ann, Appear("name", first + second))
        # Nobody else takes part, so no mood is shown; a tile is, since who it is wants it.
        await tiles_until(stage, lambda frame: bool(frame["tiles"]) and names(frame)[0] == first + second)
        assert await alive() > 0, "the search must be able to find it"
        await answers.get()
        ann.appearing.want(Appear("no"))
        assert await asyncio.wait_for(answers.get(), PATIENCE) == Shown()
        # The hub has answered, and by then the tile is gone: no look and no clock is waited for.
        assert stage.show.roster.feed.frame["tiles"] == []
        # What sockets still held in their hands goes within a few turns. The search itself takes seconds.
        await stage.until(lambda _frame: True)
        async with asyncio.timeout(120.0):
            while await alive():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(stage.show.crowd.votes) == 1, "the vote counts on"


@pytest.mark.parametrize("way", ["pauses", "stops", "is cut off", "is paused by the streamer"])
async def test_the_tile_goes_with_whatever_ends_the_reading(way: str) -> None:
    async with theatre() as stage:
        ann = stage.join(1)
        ask(ann, Appear("name", "Ann"))
        await tiles_until(stage, lambda frame: names(frame) == ["Ann"])
        if way == "pauses":
            ann.away("paused")
        elif way == "stops":
            await ann.close()
        elif way == "is cut off":
            assert ann._socket is not None
            ann.appearing.wanted = Appear("no")
            await ann._socket.close()
        else:
            stage.show.pause(True)
        await tiles_until(stage, lambda frame: names(frame) == [])


async def test_the_streamer_hides_a_viewer_who_is_told_and_does_not_come_back_by_another_name() -> None:
    async with theatre() as stage:
        troll, ann = stage.join(1), stage.join(2)
        answers = ask(troll, Appear("name", "Troll"))
        ask(ann, Appear("name", "Ann"))
        frame = await tiles_until(stage, lambda frame: len(frame["tiles"]) == 2)
        seat = next(tile["seat"] for tile in frame["tiles"] if tile["name"] == "Troll")
        async with stage.session.post("/api/tiles/hide", json={"seat": seat}) as answer:
            assert answer.status == 200
        assert [tile["name"] for tile in stage.show.roster.feed.frame["tiles"]] == ["Ann"]
        assert answers.get_nowait() == Shown("name", "Troll")
        assert await asyncio.wait_for(answers.get(), PATIENCE) == Shown(reason=HIDDEN)
        troll.appearing.want(Appear("name", "Not Troll"))
        assert await asyncio.wait_for(answers.get(), PATIENCE) == Shown(reason=HIDDEN)
        async with stage.session.post("/api/tiles/hide", json={"seat": seat}) as answer:
            assert answer.status == 409
        for wrong in ({}, {"seat": "../../x"}, {"seat": 7}, {"seat": seat, "more": 1}):
            async with stage.session.post("/api/tiles/hide", json=wrong) as answer:
                assert answer.status == 400


async def test_the_streamer_switches_all_tiles_off_and_on() -> None:
    async with theatre() as stage:
        ask(stage.join(1), Appear("name", "Ann"))
        await tiles_until(stage, lambda frame: names(frame) == ["Ann"])
        async with stage.session.post("/api/tiles/switch", json={"show": False}) as answer:
            assert answer.status == 200
        assert stage.show.roster.feed.frame | {"time": 0} == {
            "type": "tiles", "state": "hidden", "tiles": [], "more": 0, "time": 0,
        }  # fmt: skip
        async with stage.session.post("/api/tiles/switch", json={"show": True}) as answer:
            assert answer.status == 200
        await tiles_until(stage, lambda frame: names(frame) == ["Ann"])


async def test_nothing_of_tiles_is_in_mood_or_status() -> None:
    async with theatre(minimum_viewers=1) as stage:
        ask(stage.join(1), Appear("name", "Wilhelmina"))
        await tiles_until(stage, lambda frame: names(frame) == ["Wilhelmina"])
        for path in ("/api/mood", "/api/status", "/api/history"):
            async with stage.session.get(path) as answer:
                assert "Wilhelmina" not in await answer.text()
