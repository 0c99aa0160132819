"""Whose reading counts, who has gone, and which rows are free again: decided without a Sheet."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.door import door
from transport.desk import Desk, HubSettings
from transport.reading import Probabilities, Reading
from transport.sheet_board import Board
from transport.sheet_layout import Live, LiveRow, ident
from transport.sheet_pace import Quota

HAPPY: Probabilities = (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)
SAD: Probabilities = (0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05)
ANN, BOB = "ann-ann-ann-ann-ann", "bob-bob-bob-bob-bob"


class Votes:
    """What the show would count."""

    def __init__(self) -> None:
        self.now: dict[str, Probabilities] = {}
        self.forgotten: list[str] = []

    def take(self, reading: Reading) -> None:
        self.now[reading.viewer] = reading.probabilities

    def leave(self, viewer: str) -> None:
        self.now.pop(viewer, None)

    def forget(self, viewer: str) -> None:
        self.leave(viewer)
        self.forgotten.append(viewer)


class Stage:
    """A board over a desk, and the rows that it looks at."""

    def __init__(self, shared: bool = False, **hub: Any) -> None:
        self.votes = Votes()
        self.desk = Desk(HubSettings(**hub), "demo", door(), self.votes)
        self.board = Board(self.desk, Quota(), shared)
        self.board.take(Live(None, [], [], [], [], 3), 0.0)

    def look(self, now: float, rows: Sequence[LiveRow], **more: list[int]) -> None:
        self.board.take(Live(None, list(rows), more.get("free", []), more.get("blank", []), [], 9), now)

    def freed(self) -> list[str]:
        """Whose rows are asked to be freed."""
        return [request["findReplace"]["find"] for request in self.board.requests() if "findReplace" in request]


def says(key: str, sequence: int, feeling: Probabilities | None = HAPPY, row: int = 4, **other: str) -> LiveRow:
    state = other.get("state", "face" if feeling is not None else "waiting")
    return LiveRow(row, key, other.get("claim", "00000001"), sequence, feeling, 1.0, state, 0.0)  # type: ignore[arg-type]


def test_a_row_that_is_new_or_has_moved_counts() -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 1)])
    stage.look(2, [says(ANN, 1), says(BOB, 1, SAD, row=5)])
    assert stage.votes.now == {ANN: HAPPY, BOB: SAD}
    stage.look(3, [says(ANN, 2, SAD), says(BOB, 1, SAD, row=5)])
    assert stage.votes.now == {ANN: SAD, BOB: SAD}
    assert stage.desk.counts["readings"] == 3 and len(stage.desk.guests) == 2


def test_an_unchanged_row_is_read_once() -> None:
    stage = Stage()
    for second in range(10):
        stage.look(second, [says(ANN, 5)])
    assert stage.desk.counts["readings"] == 1


def test_rows_from_before_the_bot_began_are_ghosts_until_they_move() -> None:
    stage = Stage()
    stage.board = Board(stage.desk, Quota(), shared=False)
    stage.look(1, [says(ANN, 9), says(BOB, 9, row=5)])
    assert not stage.votes.now
    stage.look(2, [says(ANN, 10), says(BOB, 9, row=5)])
    assert set(stage.votes.now) == {ANN}
    # Ann spoke in time, Bob never did.
    stage.look(46.5, [says(ANN, 11), says(BOB, 9, row=5)])
    assert stage.freed() == [ident(BOB, "00000001")]


def test_an_earlier_sequence_of_the_same_claim_is_a_replay() -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 5)])
    stage.look(2, [says(ANN, 4, SAD)])
    stage.look(3, [says(ANN, 4, SAD)])
    assert stage.votes.now == {ANN: HAPPY} and stage.desk.counts["dropped: replayed"] == 1


def test_one_viewer_has_one_vote_however_many_rows_carry_the_key() -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 50)])
    stage.look(2, [says(ANN, 50), says(ANN, 1, SAD, row=5, claim="00000002")])
    assert stage.votes.now == {ANN: SAD} and stage.board.viewers == 1
    stage.look(3, [says(ANN, 50), says(ANN, 2, SAD, row=5, claim="00000002")])
    assert stage.votes.now == {ANN: SAD}


def test_silence_ends_a_vote_after_three_heartbeats_and_frees_the_row() -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 1)])
    stage.look(46, [says(ANN, 1)])
    assert stage.votes.now == {ANN: HAPPY} and not stage.freed()
    stage.look(46.1, [says(ANN, 1)])
    assert not stage.votes.now and not stage.desk.guests
    assert stage.board.to_tidy and stage.freed() == [ident(ANN, "00000001")]
    # Who speaks again before the row was freed is back at once.
    stage.look(47, [says(ANN, 2, SAD)])
    assert stage.votes.now == {ANN: SAD} and not stage.freed()


def test_a_row_that_cannot_be_freed_is_hurried_for_once() -> None:
    """A formula says the same as a viewer's first cell, and no swap finds it."""
    stage = Stage()
    for second in range(3):
        stage.board.take(Live(None, [], [], [], [(4, ident(ANN, "00000001"))], 9), second)
        assert stage.board.to_tidy == (second == 0)
        assert stage.freed() == [ident(ANN, "00000001")]
    stage.board.take(Live(None, [], [], [6], [(4, ident(ANN, "00000001"))], 9), 3)
    assert stage.board.to_tidy


def test_a_cleared_row_ends_the_vote_at_once() -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 1), says(BOB, 1, row=5)])
    stage.look(2, [says(BOB, 1, row=5)], free=[4])
    assert set(stage.votes.now) == {BOB} and set(stage.desk.guests) == {BOB}


@pytest.mark.parametrize("state", ["no_face", "too_dark", "paused", "no_camera"])
def test_an_absence_withdraws_the_vote_and_keeps_the_seat(state: str) -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 1)])
    stage.look(2, [says(ANN, 2, None, state=state)])
    assert not stage.votes.now and set(stage.desk.guests) == {ANN} and stage.board.viewers == 1


def test_who_asks_to_be_forgotten_is_erased_and_the_row_freed() -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 1)])
    stage.look(2, [says(ANN, 2, None, state="forget")])
    assert stage.votes.forgotten == [ANN] and stage.freed() == [ident(ANN, "00000001")]


def test_the_same_viewer_in_the_hub_goes_first() -> None:
    stage = Stage()
    guest = stage.desk.admit(ANN, 0.5)
    stage.look(1, [says(ANN, 1, SAD)])
    assert not stage.votes.now and stage.desk.guests == {ANN: guest}


def test_a_full_desk_takes_the_viewer_once_there_is_room() -> None:
    stage = Stage(max_viewers=1)
    stage.look(1, [says(ANN, 1), says(BOB, 1, row=5)])
    assert set(stage.votes.now) == {ANN}
    stage.look(2, [says(BOB, 1, row=5)])
    stage.look(3, [says(BOB, 1, row=5)])
    assert set(stage.votes.now) == {BOB}


def test_blank_rows_between_others_are_filled_so_that_the_table_stays_one() -> None:
    stage = Stage()
    stage.look(1, [says(ANN, 1, row=5)], blank=[4])
    (request,) = stage.board.requests()
    assert request["updateCells"]["start"]["rowIndex"] == 3
    assert request["updateCells"]["rows"] == [{"values": [{"userEnteredValue": {"stringValue": "free"}}]}]


def test_the_pace_follows_the_crowd_and_nobody_expires_by_a_pace_that_was_not_told_yet() -> None:
    stage = Stage()
    crowd = [says(f"viewer-number-{number:04}", 1, row=4 + number) for number in range(100)]
    stage.look(1, crowd)
    assert stage.board.pace.interval > 20 and stage.board.crowded
    assert stage.desk.slow_heartbeat == stage.board.pace.heartbeat
    stage.look(2, [says("viewer-number-0000", 2)])
    assert stage.board.pace.heartbeat == 15 and not stage.board.crowded and not stage.board.nearly_crowded
    # It posted by the slow pace, and may keep to it once more.
    stage.look(2 + 3 * 15 + 20, [says("viewer-number-0000", 2)])
    assert "viewer-number-0000" in stage.votes.now


moves = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 4), st.permutations([4, 5, 6, 7])), min_size=1, max_size=30
)


@given(moves)
@settings(max_examples=200)
def test_however_rows_are_sorted_a_reading_is_its_own_viewers(steps: list[tuple[int, int, list[int]]]) -> None:
    """Each viewer's feeling has a tone of its own, so that a reading under a wrong key would show."""
    tones: list[Probabilities] = [
        (0.7, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0), (0.7, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0),
        (0.7, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0), (0.7, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0),
    ]  # fmt: skip
    keys = [f"viewer-number-{number:04}" for number in range(4)]
    sequences = [1, 1, 1, 1]
    stage = Stage()
    for second, (who, forward, order) in enumerate(steps):
        sequences[who] += forward
        rows = [says(keys[n], sequences[n], tones[n], row=order[n], claim=f"0000000{n}") for n in range(4)]
        stage.look(float(second), sorted(rows, key=lambda row: row.row))
        assert stage.votes.now == dict(zip(keys, tones, strict=True))
