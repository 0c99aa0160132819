"""The bot's end of the bus, without a bus: whose votes it adds, what viewers at nodes and a streamer are told."""

import asyncio
import subprocess
import sys
from collections import Counter
from typing import cast

import pytest

from bot.health import health
from bot.nodes import Nodes, attach_nodes
from bot.settings import ChannelSettings, CrowdSettings, Settings
from bot.show import Show
from lera.errors import LeraError
from tests.conftest import ROOT
from transport.bus import (
    BUS_VERSION,
    BusFrame,
    Heard,
    Joined,
    Joins,
    Recall,
    Report,
    Seat,
    Tell,
    Terms,
    Want,
    ask,
    joins_of,
    told_by,
)
from transport.desk import HubSettings
from transport.identities import subject_of
from transport.nats import Bus
from transport.partial import encode_partial, viewer_hash
from transport.reading import Code, Forget, Forgotten, Identify, Leave, Linked, Reading, Unlink, one_hot
from transport.votes import Votes

NODE = "node-one"
VIEWERS = [f"viewer-{number:016}" for number in range(9)]


class Spoken(Bus):
    """A bus that is always there, and keeps what is published."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.said: list[BusFrame] = []
        self.fault = ""
        self.deaf_since = None
        self.counts = Counter()

    def publish(self, channel: str, frame: BusFrame, to: str = "") -> bool:
        del channel, to
        self.said.append(frame)
        return True


class Stage:
    """A show with a clock of the test's own, and one node that speaks."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.show = Show(Settings(ChannelSettings("demo"), CrowdSettings(1)), "secret", None, lambda: self.time)
        self.nodes = self.show.nodes = Nodes(self.show, Spoken)
        self.bus = cast(Spoken, self.nodes.bus)
        self.votes = Votes()
        self.sequence = 0

    def report(self, joins: int = 0, heard: int = 0, voters: int = 2, late: float = 0.0) -> None:
        """The node reports so many viewers, all happy."""
        for viewer in VIEWERS[:voters]:
            self.votes.take(Reading(viewer, "face", self.time, one_hot("happiness")), self.time)
        self.sequence += 1
        partial = encode_partial(self.votes.partial(self.time))
        report = Report(
            NODE, "one", self.sequence, joins, {self.nodes.id: heard}, self.time - late, 0.0, voters, partial
        )
        self.hear(report)
        self.look()

    def hear(self, frame: BusFrame) -> None:
        self.nodes.hear(Heard("demo", frame))

    def look(self) -> int:
        self.nodes.look(self.time)
        self.show.mood = self.show.crowd.mood(self.time)
        return self.show.mood.faces.voters


def test_a_nodes_votes_are_added_and_expire_when_it_falls_silent() -> None:
    stage = Stage()
    stage.report()
    assert stage.look() == 2 and stage.show.connected == 2
    stage.time += 2.0
    assert stage.look() == 2
    stage.time += 1.0
    assert stage.look() == 0 and stage.show.connected == 0


def test_a_report_that_a_network_kept_for_seconds_counts_for_nothing() -> None:
    stage = Stage()
    stage.report(late=2.0)
    assert stage.look() == 0 and stage.nodes.gathering.counts["stale"] == 1


def test_who_joins_the_bots_own_hub_counts_once_the_node_has_let_go() -> None:
    stage = Stage()
    stage.report(voters=2)
    stage.show.desk.admit(VIEWERS[0], stage.time)
    stage.look()
    joins = next(frame for frame in stage.bus.said if isinstance(frame, Joins))
    assert joins.people == viewer_hash(VIEWERS[0])
    stage.show.take(Reading(VIEWERS[0], "face", stage.time, one_hot("fear")))
    assert stage.look() == 2
    # The node has heard of it, and reports without.
    stage.votes.move(VIEWERS[0])
    stage.sequence += 1
    partial = encode_partial(stage.votes.partial(stage.time))
    stage.hear(Report(NODE, "one", stage.sequence, 0, {stage.nodes.id: joins.sequence}, stage.time, 0.0, 1, partial))
    assert stage.look() == 2
    assert stage.show.reading_of(VIEWERS[0]) == one_hot("fear")


def test_a_reading_that_had_to_wait_makes_no_other_vote_older() -> None:
    stage = Stage()
    stage.show.take(Reading(VIEWERS[5], "face", stage.time, one_hot("happiness")))
    expiry = stage.show.crowd.expiry
    stage.report(voters=1)
    stage.show.desk.admit(VIEWERS[0], stage.time)
    stage.look()
    stage.show.take(Reading(VIEWERS[0], "face", stage.time, one_hot("fear")))
    # The node says nothing more, and what it holds ends.
    stage.time += 2.0
    stage.look()
    stage.time += 1.0
    assert stage.look() == 2
    stage.time = 1000.0 + expiry - 0.5
    assert stage.look() == 2
    stage.time += 1.0
    assert stage.look() == 0


def test_who_joins_a_node_leaves_the_bots_own_hub_at_once() -> None:
    stage = Stage()
    stage.show.desk.admit(VIEWERS[0], stage.time)
    stage.look()
    stage.show.take(Reading(VIEWERS[0], "face", stage.time, one_hot("fear")))
    assert stage.look() == 1
    stage.hear(joins_of(NODE, 1, [Joined(viewer_hash(VIEWERS[0]), round((stage.time + 1) * 1000))]))
    assert stage.look() == 0


def test_a_viewer_at_a_node_gets_a_code_is_linked_and_forgotten() -> None:
    stage = Stage()

    def told() -> object:
        (frame,) = [told_by(frame) for frame in stage.bus.said if isinstance(frame, Tell)]
        stage.bus.said.clear()
        return frame

    stage.hear(ask(NODE, VIEWERS[0], Identify()))
    code = told()
    assert isinstance(code, Code) and code.line.startswith("!mood link ")
    stage.show.roster.link("chat:" + "a" * 24, "Ann", code.line.rsplit(" ", 1)[1])
    linked = told()
    assert isinstance(linked, Linked) and linked.name == "Ann" and linked.token
    stage.hear(ask(NODE, VIEWERS[0], Forget()))
    assert told() == Forgotten()
    assert stage.show.roster.identities.chatter_of(VIEWERS[0]) is None


def test_reset_withdraws_votes_at_nodes_until_they_have_heard_of_it() -> None:
    stage = Stage()
    stage.report()
    stage.time += 0.2
    stage.show.reset()
    assert isinstance(stage.bus.said[-1], Terms) and stage.bus.said[-1].cleared == 1
    stage.report(late=0.1)
    assert stage.look() == 0
    stage.report()
    assert stage.look() == 2


def test_the_dashboard_says_how_the_other_hubs_are() -> None:
    stage = Stage()

    def card() -> tuple[str, str, str]:
        found = next(each for each in health(stage.show, 0) if each.name == "nodes")
        return found.state, found.line, found.mend

    assert card()[0] == "waiting" and "run.py hub" in card()[2]
    stage.report()
    assert card() == ("good", "1 other hub brings 2 votes of 2 viewers.", "")
    stage.hear(Terms(BUS_VERSION, "another-bot", stage.time, stage.show.access.terms()))
    assert card()[0] == "bad" and "Another bot" in card()[1]
    stage.bus.fault = "NATS at nats://127.0.0.1:4222 is away (nothing listens there): start nats-server there."
    assert card() == ("bad", "The other hubs are out of reach; this one goes on.", stage.bus.fault)


def doors(stage: Stage) -> list[bool]:
    """Of each of the terms said since the last call, whether the door came along."""
    said = [frame.door is not None for frame in stage.bus.said if isinstance(frame, Terms)]
    stage.bus.said.clear()
    return said


def test_the_door_is_told_when_it_has_changed_when_it_is_wanted_and_now_and_then() -> None:
    stage = Stage()
    stage.nodes.connected(True)
    assert doors(stage) == [True]
    for _ in range(12):
        stage.time += 1.0
        stage.nodes._say_terms()
    assert doors(stage) == [False] * 9 + [True] + [False] * 2
    stage.show.access.ban(["a" * 24], stage.time)
    stage.time += 0.1
    stage.look()
    stage.look()
    assert doors(stage) == [True], "at once, and once"
    stage.hear(Want(NODE))
    stage.hear(Want("node-two"))
    stage.look()
    assert doors(stage) == [], "it has just been said"
    stage.time += 0.5
    stage.look()
    stage.look()
    assert doors(stage) == [True], "for all who want it"


async def test_a_wrong_address_is_one_line_and_without_one_there_is_no_bus() -> None:
    now = asyncio.get_running_loop().time
    show = Show(Settings(ChannelSettings("demo")), "secret", None, now)
    attach_nodes(show)
    assert show.nodes is None
    show = Show(Settings(ChannelSettings("demo"), hub=HubSettings(nats="4222")), "secret", None, now)
    with pytest.raises(LeraError, match="nats://host:4222"):
        attach_nodes(show)


def test_without_the_setting_nats_is_not_even_imported() -> None:
    code = "import bot.__main__, sys; sys.exit('nats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_who_asks_for_codes_in_a_loop_keeps_nobody_from_being_forgotten() -> None:
    stage = Stage()
    for _ in range(1000):
        stage.hear(ask(NODE, VIEWERS[0], Identify()))
    assert stage.bus.counts["too many asked"] > 500
    stage.bus.said.clear()
    stage.hear(ask(NODE, VIEWERS[1], Forget()))
    (told,) = [told_by(frame) for frame in stage.bus.said if isinstance(frame, Tell)]
    assert told == Forgotten()


@pytest.mark.parametrize("frame", [Forget(), Unlink()])
def test_who_asks_to_be_forgotten_in_a_loop_keeps_no_linked_viewer_from_it(frame: Forget | Unlink) -> None:
    stage = Stage()
    person = "ab" * 12
    stage.hear(Seat(NODE, VIEWERS[1], person))
    for _ in range(1000):
        stage.hear(ask(NODE, VIEWERS[0], frame))
    assert stage.bus.counts["too many asked"] > 500
    stage.bus.said.clear()
    stage.hear(ask(NODE, VIEWERS[1], frame))
    assert person in stage.show.access.terms().ended and not stage.show.roster.identities.viewers
    (told,) = [told_by(frame) for frame in stage.bus.said if isinstance(frame, Tell)]
    assert isinstance(told, Forgotten if isinstance(frame, Forget) else Linked)


@pytest.mark.parametrize("deaf", [False, True])
def test_what_was_missed_is_asked_for_until_a_connection_holds_and_hears(deaf: bool) -> None:
    stage = Stage()
    nodes, bus = stage.nodes, stage.bus

    def come(seconds: float) -> float:
        """A connection of so many seconds, and as many without one; gives how much it asks for."""
        bus.said.clear()
        nodes.connected(True)
        (asked,) = [frame.seconds for frame in bus.said if isinstance(frame, Recall)]
        stage.time += seconds
        nodes.connected(False)
        stage.time += seconds
        return asked

    come(100.0)
    stage.time += 600.0
    bus.deaf_since = stage.time if deaf else None
    # One that breaks at once, or hears nothing, brings no answer.
    short = 10.5 if deaf else 0.2
    assert [round(come(short)) for _ in range(3)] == [round(760.0 + 2 * short * tries) for tries in range(3)]
    bus.deaf_since = None
    assert come(10.0) > 760.0
    assert come(10.0) == pytest.approx(70.0)


def test_whom_the_platform_silences_is_banned_also_when_a_node_said_that_they_left() -> None:
    stage = Stage()
    chatter = stage.show.chat.key("4711")
    stage.hear(Seat(NODE, VIEWERS[0], subject_of(chatter)))
    stage.hear(ask(NODE, VIEWERS[0], Leave()))
    assert not stage.show.roster.identities.viewers
    stage.show.roster.silence(chatter)
    assert stage.show.access.is_banned(subject_of(chatter))
