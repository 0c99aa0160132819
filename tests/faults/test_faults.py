"""Minutes of faults in seconds. `python -m tests.faults` does an hour of it."""

import logging
from pathlib import Path

import pytest

from tests.faults.__main__ import told
from tests.faults.run import Broken, Run, fault_run
from tests.night_loop import through_the_night
from transport.gathering import Gathering
from transport.roll import Change, Roll
from transport.votes import Votes

pytestmark = pytest.mark.slow


def found(seed: int, seconds: float, folder: Path, nodes: int = 2) -> str:
    """What the run finds."""
    with pytest.raises(ExceptionGroup) as raised:
        through_the_night(fault_run(seed, seconds, folder, nodes=nodes))
    (broken,) = raised.value.exceptions
    assert isinstance(broken, Broken)
    return str(broken)


def test_minutes_of_faults_over_the_bot_its_nodes_and_nats(tmp_path: Path) -> None:
    run = through_the_night(fault_run(7, 150.0, tmp_path, least=60))
    assert run.counts.total() >= 60 and len(run.voters) > 5 and max(run.voters) > 5
    assert len(run.shown) > 60 and run.moods > 1000
    assert "No finding." in told(run, 60.0) and f"{run.counts.total()} faults" in told(run, 60.0)


def test_minutes_of_faults_over_a_bot_alone(tmp_path: Path) -> None:
    run: Run = through_the_night(fault_run(8, 100.0, tmp_path, least=40, nodes=0))
    assert run.counts.total() >= 40
    # What runs after it may warn.
    assert logging.getLogger("transport").isEnabledFor(logging.WARNING)


def test_a_ghost_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Votes, "expire", lambda _self, _now: None)
    assert "votes" in found(7, 300.0, tmp_path, nodes=0)


def test_a_viewer_who_is_counted_twice_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Roll, "hear", lambda *_: Change({}, [], missed=False))
    monkeypatch.setattr(Gathering, "_fits", lambda *_: True)
    assert "votes" in found(7, 300.0, tmp_path)
