"""The contract between nodes and bot on NATS: subjects, and the frames that they carry. Pure.

A node is a hub that runs for itself (`python run.py hub`) and serves any number of channels. Subjects are
`lera.<channel>.nodes.<kind>` (to all nodes), `lera.<channel>.bot.<kind>` (to the channel's bot) and
`lera.<channel>.node.<id>.joins` (to one node), so that a NATS server can be told who may say what. Frames are msgpack.

Everybody on the bus is one of us, or NATS wouldn't have let it in; what it says is checked and limited all the same.
"""

import re
import secrets
import struct
from collections.abc import Iterable
from typing import Annotated, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from transport.partial import HASH_BYTES, MAX_PARTIAL_BYTES, MAX_VOTING
from transport.reading import (
    MAX_FRAME_BYTES,
    UNREADABLE,
    Code,
    Forget,
    Forgotten,
    Identify,
    Key,
    Leave,
    Linked,
    Renew,
    Renewed,
    Sequence,
    Shown,
    Unlink,
    agent_decoder,
    encode,
    hub_decoder,
)
from transport.tokens import DoorTerms, Mark

T = TypeVar("T")

BUS_VERSION: Final = 1
REPORT_SECONDS: Final = 1.0
"""A node tells the bot its partial this often."""
HURRY_SECONDS: Final = 5.0
"""After a cut, four times as often for so long."""
TERMS_SECONDS: Final = 1.0
"""The bot tells the nodes its terms this often."""
STAND_SECONDS: Final = 2.0
"""A hub says this often which of its joins was the last, so that a gap is noticed."""
PRUNE_SECONDS: Final = 10.0
"""A hub forgets this often who is neither seated nor counted any more (`Roll.prune`)."""
BEATS_PER_SECOND: Final = 10
"""So often a hub looks at what it has to say or to count."""
DOOR_SECONDS: Final = 10.0
"""The bot says the whole door (`DoorTerms`) at least this often."""
MAX_NODES: Final = 256
"""Of one channel."""
MAX_JOINS: Final = 4096
"""In one frame; of more, there are several."""

_TIME: Final = struct.Struct("<Q")
TIME_BYTES: Final = _TIME.size

NodeId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,32}$")]
Seconds = Annotated[float, Meta(ge=0.0, le=1e12)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Hashes = Annotated[bytes, Meta(max_length=MAX_VOTING * HASH_BYTES)]
Kind = Literal["terms", "joins", "recall", "tell", "report", "seat", "ask", "want"]


class Terms(Struct, omit_defaults=True):
    """Bot to nodes, every TERMS_SECONDS: what holds for a channel, and who may join it.

    `door` may have a third of a million bytes and more, so that it comes along only when it has changed, every
    DOOR_SECONDS, and when a node wants it (`Want`), which knows by `edition` that it has another one.

    `time` is the bot's clock, in seconds since 1970, which nodes count on between two of them; `bot` names this run of
    it. `asked`: hashes of viewers of whom partials say whether they have a vote. `cleared` counts how often all votes
    were withdrawn. `link_command` is empty where nobody can be linked. `nodes`: how many report now. `total` votes of
    faces count at all hubs, `shown` says whether anybody is told of them, and `masked` whether single joins and leaves
    are hidden (`transport/masking.py`).
    """

    version: int
    bot: NodeId
    time: Seconds
    door: DoorTerms | None = None
    edition: Count = 0
    minimum_viewers: Annotated[int, Meta(ge=1, le=1000)] = 3
    expiry: Annotated[float, Meta(ge=1.0, le=86_400.0)] = 15.0
    interval: Annotated[float, Meta(ge=0.1, le=600.0)] = 1.0
    heartbeat: Annotated[float, Meta(ge=1.0, le=600.0)] = 5.0
    total: Count = 0
    nodes: Count = 0
    paused: bool = False
    cleared: Count = 0
    link_command: Annotated[str, Meta(max_length=100)] = ""
    shown: bool = False
    masked: bool = True
    asked: Hashes = b""


class Joins(Struct, omit_defaults=True):
    """A hub to all nodes: who has joined there since its last, so that an earlier hub lets go of them.

    `sequence` grows by one with each that has `people`; without them it is said again, so that a gap is noticed.
    `people` are hashes, of viewers and of linked persons, and `times` when each joined, by the bot's clock, in
    milliseconds since 1970 as unsigned 64-bit numbers, little-endian. `whole`: an answer to `Recall`, complete up to
    `sequence` for the seconds that it asked for.
    """

    node: NodeId
    sequence: Count
    people: Annotated[bytes, Meta(max_length=MAX_JOINS * HASH_BYTES)] = b""
    times: Annotated[bytes, Meta(max_length=MAX_JOINS * TIME_BYTES)] = b""
    whole: bool = False


class Recall(Struct):
    """A node to all hubs: tell me again who joined you in the last `seconds`; I may have missed some."""

    node: NodeId
    seconds: Seconds


class Tell(Struct):
    """Bot to nodes: a frame (JSON) for one viewer, for the node that has it."""

    viewer: Key
    frame: Annotated[bytes, Meta(max_length=MAX_FRAME_BYTES)]


class Report(Struct, omit_defaults=True):
    """Node to bot, every REPORT_SECONDS: the votes of its viewers.

    `joins` is the last sequence of its Joins whose viewers are in `partial`; `heard` says up to which sequence it has
    let go of the viewers of each other hub. `time` is that of the last Terms it heard, and `waited` how many seconds
    ago that was by its own clock. `viewers` are connected.
    """

    node: NodeId
    name: Annotated[str, Meta(max_length=64)]
    sequence: Sequence
    joins: Count
    heard: Annotated[dict[NodeId, Count], Meta(max_length=MAX_NODES)]
    time: Seconds
    waited: Seconds
    viewers: Annotated[int, Meta(ge=0, le=1_000_000)]
    partial: Annotated[bytes, Meta(max_length=MAX_PARTIAL_BYTES)]


class Seat(Struct):
    """Node to bot: this viewer is here, as this person who was linked before (`transport/tokens.py`)."""

    node: NodeId
    viewer: Key
    subject: Mark


class Want(Struct):
    """Node to bot: I don't have the door that your terms go by; say it to all."""

    node: NodeId


class Ask(Struct):
    """Node to bot: a frame (JSON) of one viewer that only the bot can answer; `Tell` brings the answer."""

    node: NodeId
    viewer: Key
    frame: Annotated[bytes, Meta(max_length=MAX_FRAME_BYTES)]


BusFrame = Terms | Joins | Recall | Tell | Report | Seat | Ask | Want
Askable = Identify | Unlink | Forget | Leave | Renew
Tellable = Code | Linked | Forgotten | Renewed | Shown

LIMITS: Final[dict[Kind, int]] = {
    # The fullest door there may be (transport/tokens.py) has some 970,000; nats-server takes 1,048,576 at once.
    "terms": 1_000_000,
    "joins": 64 + MAX_JOINS * (HASH_BYTES + TIME_BYTES) + 256,
    "recall": 256,
    "tell": 256 + MAX_FRAME_BYTES,
    "report": MAX_PARTIAL_BYTES + MAX_NODES * 48 + 512,
    "seat": 256,
    "ask": 256 + MAX_FRAME_BYTES,
    "want": 256,
}
"""Bytes of each; what has more isn't even read."""

_KINDS: Final[dict[type, Kind]] = {
    Terms: "terms", Joins: "joins", Recall: "recall", Tell: "tell", Report: "report", Seat: "seat", Ask: "ask",
    Want: "want",
}  # fmt: skip
_DECODERS: Final[dict[str, msgspec.msgpack.Decoder[BusFrame]]] = {
    kind: msgspec.msgpack.Decoder(frame) for frame, kind in _KINDS.items()
}
_encoder: Final = msgspec.msgpack.Encoder()
_SUBJECT: Final = re.compile(r"lera\.([A-Za-z0-9_-]{1,64})\.(nodes|bot|node\.[A-Za-z0-9_-]{8,32})\.([a-z]{1,8})")
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    "nodes": frozenset({"terms", "joins", "recall", "tell"}),
    "bot": frozenset({"report", "seat", "ask", "want"}),
    "node": frozenset({"joins"}),
}


class Heard(NamedTuple):
    """A frame, and the channel that it is about."""

    channel: str
    frame: BusFrame


class BotClock:
    """The bot's clock, as a node guesses it from the terms: the one that was on its way for the shortest tells best.

    A network that was cut brings old terms late, which must not set the clock back.
    """

    DRIFT: Final = 1e-3
    """Seconds by which two clocks may part in a second, at the most."""

    def __init__(self) -> None:
        self._ahead = float("-inf")
        self._heard = 0.0
        self._bot = ""

    def hear(self, bot: str, time: float, now: float) -> None:
        """Terms of this run of a bot, with its time, have come at `now` by the node's own clock."""
        ahead = time - now
        if bot != self._bot or ahead >= self._ahead - (now - self._heard) * self.DRIFT:
            self._ahead, self._heard, self._bot = ahead, now, bot

    def at(self, now: float) -> float:
        """The bot's clock at `now`."""
        return now + self._ahead


class Joined(NamedTuple):
    """One entry of `Joins`: a hash, and when that was, in milliseconds of the bot's clock."""

    person: bytes
    time: int


def new_id() -> str:
    """What a hub is called on the bus, anew each time that it is started."""
    return secrets.token_hex(8)


def subject_of_frame(channel: str, frame: BusFrame, to: str = "") -> str:
    """Where a frame is published. `to` is the one node that an answer is for."""
    kind = _KINDS[type(frame)]
    place = f"node.{to}" if to else "bot" if kind in _ALLOWED["bot"] else "nodes"
    return f"lera.{channel}.{place}.{kind}"


def subjects_of_node(node: str) -> list[str]:
    """What a node of all channels listens to."""
    return ["lera.*.nodes.*", f"lera.*.node.{node}.joins"]


def subjects_of_bot(channel: str, node: str) -> list[str]:
    """What a channel's bot listens to; its own hub is a node to the others."""
    return [f"lera.{channel}.bot.*", f"lera.{channel}.nodes.*", f"lera.{channel}.node.{node}.joins"]


def encode_frame(frame: BusFrame) -> bytes:
    """The frame as msgpack."""
    return _encoder.encode(frame)


def decode_frame(subject: str, data: bytes) -> Heard:
    """What came at a subject, checked. Raises ValueError in words."""
    named = _SUBJECT.fullmatch(subject)
    if named is None:
        raise ValueError("that is no subject of LERA's")
    channel, place, kind = named[1], named[2].partition(".")[0], named[3]
    if kind not in _ALLOWED[place]:
        raise ValueError(f"nothing is said at {place}.{kind}")
    limit = LIMITS[kind]  # type: ignore[index]
    if len(data) > limit:
        raise ValueError(f"{kind} has at most {limit} bytes, not {len(data)}")
    try:
        frame = _DECODERS[kind].decode(data)
    except UNREADABLE as error:
        raise ValueError(f"that {kind} can't be read: {error}") from None
    if isinstance(frame, Terms):
        if frame.version != BUS_VERSION:
            raise ValueError(f"the bot speaks version {frame.version} on the bus, and this {BUS_VERSION}: update both")
        if (frame.door is not None and frame.door.channel != channel) or len(frame.asked) % HASH_BYTES:
            raise ValueError("those terms are another channel's, or name nobody")
    if isinstance(frame, Joins) and len(frame.people) * TIME_BYTES != len(frame.times) * HASH_BYTES:
        raise ValueError("each that has joined has a time")
    return Heard(channel, frame)


def hashes(joined: bytes) -> list[bytes]:
    """Hashes that travel behind each other, one by one."""
    return [joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES)]


def joined_in(frame: Joins) -> Iterable[Joined]:
    """The entries of a frame."""
    for person, (time,) in zip(hashes(frame.people), _TIME.iter_unpack(frame.times), strict=True):
        yield Joined(person, time)


def joins_of(node: str, sequence: int, joined: list[Joined], whole: bool = False) -> Joins:
    """The frame of at most MAX_JOINS entries."""
    people = b"".join(each.person for each in joined)
    return Joins(node, sequence, people, b"".join(_TIME.pack(each.time) for each in joined), whole)


def asked_by(said: Ask) -> Askable:
    """What a viewer asks through its node. Raises ValueError for what needs no bot."""
    frame = _inner(agent_decoder, said.frame)
    if not isinstance(frame, Askable):
        raise ValueError("a viewer's frame of that kind does not go to the bot")
    return frame


def told_by(said: Tell) -> Tellable:
    """What the bot tells a viewer. Raises ValueError for what a node says by itself."""
    frame = _inner(hub_decoder, said.frame)
    if not isinstance(frame, Tellable):
        raise ValueError("a bot's frame of that kind does not go to viewers")
    return frame


def ask(node: str, viewer: str, frame: Askable) -> Ask:
    """The frame that carries a viewer's."""
    return Ask(node, viewer, encode(frame).encode())


def tell(viewer: str, frame: Tellable) -> Tell:
    """The frame that carries one to a viewer."""
    return Tell(viewer, encode(frame).encode())


def _inner(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise ValueError(f"the frame within can't be read: {error}") from None
