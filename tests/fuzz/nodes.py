"""Target: what comes by NATS to a node and to a bot, where one that has a login may have gone mad."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from hub.channel import NodeChannel
from tests.fuzz.partials import partials
from tests.fuzz.strategies import numbers, text, values
from tests.fuzz.target import Target, holds
from transport.bus import (
    LIMITS,
    MAX_NODES,
    Ask,
    BusFrame,
    Joins,
    Report,
    Tell,
    Terms,
    asked_by,
    decode_frame,
    encode_frame,
    subject_of_frame,
    told_by,
)
from transport.desk import HubSettings
from transport.gathering import Gathering
from transport.partial import decode_partial
from transport.roll import Roll
from transport.tokens import DoorTerms, TokenMaker

KEY = TokenMaker("demo", b"k" * 32).public_key
VIEWER = "v" * 22


def check_bus(said: list[tuple[str, bytes, float]]) -> None:
    """Refused with a ValueError, or a frame; whatever it says, a node and a bot go on, and nothing grows."""
    now = 1000.0
    terms = Terms(1, "b" * 16, now, DoorTerms("demo", KEY))
    channel = NodeChannel("demo", "n" * 16, "", HubSettings(), terms, now)
    channel.desk.admit(VIEWER, now)
    own, gathering = Roll("b" * 16), Gathering()
    for subject, data, wait in said:
        now += wait
        try:
            frame = decode_frame(subject, data).frame
        except ValueError as error:
            holds(len(str(error)) < 400, error)
            continue
        holds(len(encode_frame(frame)) <= max(LIMITS.values()), frame)
        _use(channel, own, gathering, frame, now)
        channel.beat(now)
        for joins in channel.joins(now):
            own.hear(joins, now)
        report = channel.report(now)
        if report is not None:
            decode_frame(subject_of_frame("demo", report), encode_frame(report))
            gathering.take(report, decode_partial(report.partial), now)
        held = gathering.settle(now, own)
        own.include(gathering.includable(own))
        holds(len(held) <= MAX_NODES and len(own.heard(now)) <= MAX_NODES and len(channel.roll) <= 1, held)


def _use(channel: NodeChannel, own: Roll, gathering: Gathering, frame: BusFrame, now: float) -> None:
    try:
        match frame:
            case Terms():
                channel.update(frame, now)
            case Joins():
                channel.hear(frame, now)
                own.hear(frame, now)
            case Report():
                gathering.take(frame, decode_partial(frame.partial), now)
            case Tell():
                channel.tell(frame.viewer, told_by(frame), now)
            case Ask():
                asked_by(frame)
    except ValueError as error:
        holds(len(str(error)) < 400, error)


def frames() -> st.SearchStrategy[list[tuple[str, bytes, float]]]:
    """Frames that are nearly right, at subjects that are nearly theirs."""
    node = st.one_of(st.sampled_from(["a" * 16, "b" * 16, "n" * 16]), text(40))
    count = st.one_of(st.integers(0, 12), numbers())
    hashed = st.one_of(st.binary(max_size=40), st.builds(bytes, st.sampled_from([8, 16, 24, 4096 * 8])))
    door = st.fixed_dictionaries(
        {"channel": st.sampled_from(["demo", "other"]), "public_key": st.one_of(st.just(KEY), st.binary(max_size=40))},
        optional={"revoked": values(), "ended": values(), "banned": values()},
    )
    parts: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "terms": {
            "version": st.one_of(st.just(1), numbers()), "bot": node, "time": st.floats(990, 1020), "door": door,
            "edition": count, "expiry": numbers(), "interval": numbers(), "heartbeat": numbers(),
            "paused": st.booleans(), "cleared": count, "link_command": text(120), "asked": hashed,
        },
        "joins": {"node": node, "sequence": count, "people": hashed, "times": hashed, "whole": st.booleans()},
        "want": {"node": node},
        "recall": {"node": node, "seconds": numbers()},
        "tell": {"viewer": st.one_of(st.just(VIEWER), text(70)), "frame": text(80).map(_raw)},
        "report": {
            "node": node, "name": text(80), "sequence": count, "joins": count,
            "heard": st.dictionaries(node, count, max_size=4), "time": st.floats(990, 1020), "waited": st.floats(0, 4),
            "viewers": count, "partial": partials(),
        },
        "seat": {"node": node, "viewer": text(70), "subject": text(30)},
        "ask": {"node": node, "viewer": st.one_of(st.just(VIEWER), text(70)), "frame": text(80).map(_raw)},
    }  # fmt: skip

    def of(kind: str) -> st.SearchStrategy[tuple[str, bytes, float]]:
        broken = {name: st.one_of(good, good, good, good, values()) for name, good in parts[kind].items()}
        body = st.one_of(st.fixed_dictionaries(parts[kind]), st.fixed_dictionaries({}, optional=broken))
        place = st.sampled_from(["nodes", "bot", "node." + "n" * 16])
        subject = st.one_of(
            st.builds("lera.demo.{}.{}".format, place, st.just(kind)), text(40).map(lambda said: f"lera.{said}")
        )
        return st.tuples(subject, body.map(_packed), st.sampled_from([0.0, 0.1, 1.0, 3.0]))

    return st.lists(st.sampled_from(sorted(parts)).flatmap(of), max_size=8)


def _raw(said: str) -> bytes:
    return said.encode("utf-8", "surrogatepass")


def _packed(body: Any) -> bytes:
    try:
        return msgspec.msgpack.encode(body)
    except (OverflowError, UnicodeEncodeError):
        # Python holds what msgpack can't.
        return repr(body).encode("utf-8", "replace")


TARGETS = [
    Target("bus", frames(), check_bus, 40, with_text=lambda said: [("lera.demo.nodes.terms", _raw(said), 0.0)]),
]
