"""The hub's decisions, without a socket."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.door import TOKEN, door
from transport.appearances import Appearances
from transport.desk import Desk, Guest, HubSettings, Refusal
from transport.identities import Identities
from transport.reading import MAX_FRAME_BYTES, Code, Dropped, Forgotten, Linked, Pace, Probabilities, Reading, Shown

VIEWER = "a" * 22
SEVEN: Probabilities = (0.4, 0.1, 0.2, 0.1, 0.1, 0.05, 0.05)


class Listener:
    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.left: list[str] = []
        self.forgotten: list[str] = []

    def take(self, reading: Reading) -> None:
        self.readings.append(reading)

    def leave(self, viewer: str) -> None:
        self.left.append(viewer)

    def forget(self, viewer: str) -> None:
        self.forgotten.append(viewer)


def frame(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def join_frame(**changes: Any) -> bytes:
    fields: dict[str, Any] = {"type": "join", "version": 1, "channel": "demo", "token": TOKEN, "viewer": VIEWER}
    return frame(**{**fields, **changes})


def post_frame(number: int, **changes: Any) -> bytes:
    fields: dict[str, Any] = {"type": "reading", "sequence": number, "probabilities": SEVEN, "quality": 0.9}
    return frame(**{**fields, **changes})


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def desk(listener: Listener) -> Desk:
    return Desk(HubSettings(), "demo", door(), listener)


def joined(desk: Desk, **changes: Any) -> Guest:
    return desk.join(join_frame(**changes), 0.0)[0]


def test_a_reading_reaches_the_crowd_with_the_bots_own_time(desk: Desk, listener: Listener) -> None:
    guest = joined(desk)
    assert desk.take(guest, post_frame(1, captured=5.0, unknown_field="ignored"), now=1000.0) is None
    assert listener.readings == [Reading(VIEWER, "face", 1000.0, SEVEN, 0.9, 5.0)]


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"version": 0}, "version", "update your LERA agent"),
        ({"version": 99}, "version", "the streamer has to update"),
        ({"version": 2, "token": 17, "viewer": None}, "version", "the streamer has to update"),
        ({"token": "wrong"}, "token", "ask the streamer for the current one"),
        ({"channel": "other"}, "other channel", "copy the streamer's link whole"),
        ({"viewer": "short"}, "first frame", "viewer"),
        ({"viewer": "<script>alert(1)</script>"}, "first frame", "viewer"),
        ({"channel": 7}, "first frame", "channel"),
        ({"type": "reading"}, "first frame", "must be a join"),
        ({"token": "x" * 2000}, "oversized", str(MAX_FRAME_BYTES)),
    ],
)
def test_a_bad_join_is_refused_with_a_reason(desk: Desk, changes: dict[str, Any], cause: str, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        desk.join(join_frame(**changes), 0.0)
    assert refused.value.cause == cause
    assert words in refused.value.frame.reason
    assert not desk.guests


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"null", b"[1]", b'{"type":1}', b"NaN", b'{"a":' * 300])
def test_a_first_frame_of_nonsense_is_refused(desk: Desk, text: bytes) -> None:
    with pytest.raises(Refusal):
        desk.join(text, 0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"probabilities": SEVEN[:6]},
        {"probabilities": [*SEVEN, 0.0]},
        {"probabilities": [-0.1, 0.3, 0.3, 0.1, 0.2, 0.1, 0.1]},
        {"probabilities": [2.0, 0, 0, 0, 0, 0, 0]},
        {"probabilities": [0.1] * 7},
        {"probabilities": ["0.4", *SEVEN[1:]]},
        {"probabilities": None},
        {"probabilities": [math.nan] * 7},
        {"probabilities": [math.inf, 0, 0, 0, 0, 0, 0]},
        {"quality": 2},
        {"quality": math.nan},
        {"quality": "high"},
        {"sequence": 0},
        {"sequence": 1.5},
        {"sequence": 2**60},
        {"captured": -1},
        {"captured": 1e300},
        {"type": "join"},
        {"type": "welcome"},
        {"padding": "x" * MAX_FRAME_BYTES},
    ],
)
def test_a_malformed_reading_ends_the_connection_with_a_reason(
    desk: Desk, listener: Listener, changes: dict[str, Any]
) -> None:
    guest = joined(desk)
    with pytest.raises(Refusal) as refused:
        desk.take(guest, post_frame(1, **changes), 0.0)
    assert refused.value.frame.reason
    assert not listener.readings


def test_a_replayed_sequence_is_dropped_also_after_joining_again(desk: Desk, listener: Listener) -> None:
    guest = joined(desk)
    desk.take(guest, post_frame(5), 0.0)
    answer = desk.take(guest, post_frame(5), 2.0)
    assert isinstance(answer, Dropped) and "used before" in answer.reason
    desk.gone(guest)
    again, _, welcome = desk.join(join_frame(), 0.0)
    assert welcome.sequence == 5
    desk.take(again, post_frame(4), 4.0)
    desk.take(again, post_frame(6), 6.0)
    assert len(listener.readings) == 2


def test_too_many_readings_are_dropped_and_answered_at_most_once_a_second(desk: Desk, listener: Listener) -> None:
    guest = joined(desk)
    answers = [desk.take(guest, post_frame(number), 0.2 * number) for number in range(1, 51)]
    assert 10 <= len(listener.readings) <= 16
    assert 5 <= sum(answer is not None for answer in answers) <= 10
    assert desk.counts["dropped: too fast"] == 50 - len(listener.readings)


@pytest.mark.parametrize("kind", ["reading", "forget", "away"])
def test_a_flood_of_any_frames_ends_the_connection(desk: Desk, kind: str) -> None:
    guest = joined(desk)
    text = post_frame(1) if kind == "reading" else frame(type=kind, reason="no_face")
    flood = (desk.take(guest, text, 0.001 * number) for number in range(1000))
    with pytest.raises(Refusal, match="far too many frames"):
        list(flood)


def test_an_honest_agent_at_the_fastest_pace_is_no_flood(listener: Listener) -> None:
    desk = Desk(HubSettings(interval=0.2), "demo", door(), listener)
    guest = joined(desk)
    for number in range(1, 2000):
        assert desk.take(guest, post_frame(number), 0.2 * number) is None
    assert len(listener.readings) == 1999


def test_away_and_leave_withdraw_the_vote_and_forget_erases(desk: Desk, listener: Listener) -> None:
    guest = joined(desk)
    desk.take(guest, post_frame(9), 0.0)
    assert desk.take(guest, frame(type="away", reason="no_face"), 0.0) is None
    assert desk.take(guest, frame(type="forget"), 0.0) == Forgotten()
    assert listener.forgotten == [VIEWER]
    assert desk.take(guest, frame(type="leave"), 0.0) is None
    assert listener.left == [VIEWER, VIEWER]
    desk.gone(guest)
    assert desk.join(join_frame(), 0.0)[2].sequence == 0
    with pytest.raises(Refusal):
        desk.take(guest, frame(type="away", reason="asleep"), 0.0)


@pytest.mark.parametrize("kind", ["reading", "away", "forget", "identify", "leave"])
def test_who_has_said_goodbye_must_join_again_to_be_heard(desk: Desk, listener: Listener, kind: str) -> None:
    guest = joined(desk)
    desk.take(guest, frame(type="leave"), 0.0)
    with pytest.raises(Refusal, match="said goodbye") as refused:
        desk.take(guest, post_frame(1) if kind == "reading" else frame(type=kind, reason="no_face"), 1.0)
    assert refused.value.frame.retry and not listener.readings and not listener.forgotten
    desk.gone(guest)
    desk.take(joined(desk), post_frame(1), 2.0)
    assert len(listener.readings) == 1


def test_the_same_viewer_joining_again_replaces_the_earlier_connection(desk: Desk) -> None:
    first = joined(desk)
    desk.take(first, post_frame(3), 0.0)
    second, earlier, welcome = desk.join(join_frame(), 0.0)
    assert earlier is first
    assert welcome.sequence == 3
    with pytest.raises(Refusal, match="another window"):
        desk.take(first, post_frame(4), 1.0)
    with pytest.raises(Refusal, match="another window"):
        desk.take(first, frame(type="leave"), 1.0)
    desk.gone(first)
    assert desk.guests == {VIEWER: second}


def test_a_full_hub_asks_to_come_back_but_keeps_the_seats_of_those_inside(listener: Listener) -> None:
    desk = Desk(HubSettings(max_viewers=1), "demo", door(), listener)
    joined(desk)
    with pytest.raises(Refusal) as refused:
        joined(desk, viewer="b" * 22)
    assert refused.value.frame.retry
    joined(desk)


def test_the_pace_slows_as_the_crowd_grows_and_each_guest_is_told(listener: Listener) -> None:
    desk = Desk(HubSettings(readings_per_second=2), "demo", door(), listener)
    guest = joined(desk)
    for number in range(5):
        joined(desk, viewer=f"{number:022}")
    assert desk.take(guest, post_frame(1), 0.0) == Pace(3.0, 5.0)
    assert desk.take(guest, post_frame(2), 5.0) is None


def test_who_misses_heartbeats_is_silent(desk: Desk) -> None:
    guest = joined(desk)
    desk.take(guest, frame(type="away", reason="paused"), 100.0)
    assert desk.silent(100.0 + 4 * desk.heartbeat) == []
    assert desk.silent(100.1 + 4 * desk.heartbeat) == [guest]


def test_memory_of_sequences_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "REMEMBERED_SEQUENCES", 10)
    for number in range(100):
        guest = joined(desk, viewer=f"{number:022}")
        desk.take(guest, post_frame(1), 0.0)
        desk.gone(guest)
    assert len(desk._sequences) <= 10
    assert not desk.guests


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=8),
    max_leaves=10,
)


@given(st.binary(max_size=2000) | st.builds(lambda value: json.dumps(value).encode(), json_values))
def test_any_bytes_are_either_refused_or_a_frame(text: bytes) -> None:
    listener = Listener()
    desk = Desk(HubSettings(), "demo", door(), listener)
    guest = joined(desk)
    for judge in (lambda: desk.join(text, 0.0), lambda: desk.take(guest, text, 0.0)):
        try:
            judge()
        except Refusal as refusal:
            msgspec.json.encode(refusal.frame)
    assert not listener.readings


def test_a_desk_with_identities_gives_codes_and_says_who_is_linked(listener: Listener) -> None:
    identities = Identities(lambda: "ABCD2345")
    desk = Desk(HubSettings(), "demo", door(), listener, 3, identities, "L!mood link")
    guest, _, welcome = desk.join(join_frame(), 0.0)
    assert (welcome.links, welcome.linked) == (True, False)
    code = desk.take(guest, frame(type="identify"), 1.0)
    assert code == Code("L!mood link ABCD2345", 300.0)
    assert identities.link("ABCD2345", "ann", 2.0) == (VIEWER, None)
    assert desk.join(join_frame(), 3.0)[2].linked, "also when the agent comes back after a lost connection"


@pytest.mark.parametrize("goodbye", ["unlink", "leave", "forget"])
def test_who_leaves_is_nobody_in_chat_any_more(listener: Listener, goodbye: str) -> None:
    identities = Identities()
    desk = Desk(HubSettings(), "demo", door(), listener, identities=identities)
    guest = joined(desk)
    identities.link(identities.code(VIEWER, 0.0), "ann", 0.0)
    desk.take(guest, frame(type="away", reason="no_face"), 1.0)
    assert identities.viewer_of("ann") == VIEWER, "out of sight for a moment is the same person"
    answer = desk.take(guest, frame(type=goodbye), 2.0)
    assert identities.viewer_of("ann") is None
    assert answer == {"unlink": Linked(), "leave": None, "forget": Forgotten()}[goodbye]
    assert listener.left == ([VIEWER] if goodbye == "unlink" else [VIEWER] * (2 if goodbye == "leave" else 1))


def test_a_desk_without_identities_says_so_and_lives_on_when_asked(desk: Desk) -> None:
    guest, _, welcome = desk.join(join_frame(), 0.0)
    assert not welcome.links and not welcome.linked
    assert desk.take(guest, frame(type="identify"), 0.0) is None
    assert desk.take(guest, frame(type="unlink"), 0.0) == Linked()


def test_a_desk_shows_who_asks_until_they_leave_or_can_be_heard_no_longer(listener: Listener) -> None:
    appearances = Appearances()
    desk = Desk(HubSettings(), "demo", door(), listener, appearances=appearances)

    def ask(guest: Guest) -> None:
        assert desk.take(guest, frame(type="appear", seat="name", name=" Ann "), 1.0) == Shown("name", "Ann")
        assert dict(appearances) == {VIEWER: "Ann"}

    guest, _, welcome = desk.join(join_frame(), 0.0)
    assert welcome.shows and not dict(appearances)
    ask(guest)
    desk.take(guest, frame(type="away", reason="no_face"), 1.0)
    assert dict(appearances), "out of sight for a moment, the wish stands"
    for goodbye in ("forget", "leave"):
        ask(guest)
        desk.take(guest, frame(type=goodbye), 2.0)
        assert not dict(appearances)
    guest = desk.join(join_frame(), 2.0)[0]
    ask(guest)
    again = desk.join(join_frame(), 3.0)[0]
    assert not dict(appearances), "another window has to ask by itself"
    ask(again)
    desk.gone(guest)
    assert dict(appearances), "the earlier window has no say any more"
    desk.gone(again)
    assert not dict(appearances)


@pytest.mark.parametrize(
    "changes", [{"seat": "all"}, {"seat": None}, {"name": 7}, {"name": "x" * 401}, {"name": "x" * 10_000}]
)
def test_a_malformed_wish_to_be_shown_ends_the_connection(listener: Listener, changes: dict[str, Any]) -> None:
    desk = Desk(HubSettings(), "demo", door(), listener, appearances=Appearances())
    guest = joined(desk)
    with pytest.raises(Refusal):
        desk.take(guest, frame(**{"type": "appear", "seat": "name", "name": "Ann", **changes}), 0.0)
    assert desk.appearances is not None and not dict(desk.appearances)


def test_a_desk_that_shows_nobody_says_so_and_lives_on_when_asked(desk: Desk) -> None:
    guest, _, welcome = desk.join(join_frame(), 0.0)
    assert not welcome.shows
    answer = desk.take(guest, frame(type="appear", seat="seat"), 0.0)
    assert isinstance(answer, Shown) and answer.seat == "no" and answer.reason
