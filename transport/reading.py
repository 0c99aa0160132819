"""The contract between agent and bot: what a Reading is, and the frames that carry it.

Frames are JSON text. An agent's first frame is `Join`; then come `Post`, `Away`, `Leave`, `Forget`, and where the
hub's `Welcome` says that it links, `Identify` and `Unlink`, that it shows, `Appear`. The hub answers with `Welcome`,
`Pace`, `Dropped`, `Refused`, `Forgotten`, `Code`, `Linked`, `Renewed` and `Shown`. Unknown fields are ignored, so that
a newer agent can talk to an older hub of the same protocol version; another version is refused with a reason.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from model.emotions import EMOTIONS

PROTOCOL_VERSION: Final = 1
MAX_FRAME_BYTES: Final = 1024
"""No honest frame comes near it: a Post is about 170 bytes."""

Source = Literal["face", "chat", "tap", "streamer_face", "streamer_voice", "streamer_words"]
Seat = Literal["no", "seat", "name"]
"""How a viewer is shown on the stream: not at all, as one of the crowd without a name, or by name."""
AwayReason = Literal["no_face", "too_dark", "paused", "no_camera"]
Probabilities = tuple[float, float, float, float, float, float, float]
"""In the order of `model.emotions.EMOTIONS`; each 0..1, together 1."""

SUM_TOLERANCE: Final = 0.02
"""Numbers travel with four digits, so an honest sum is off by at most 7 * 0.00005; the rest is for other clients."""


class Reading(Struct, frozen=True, gc=False):
    """What one source felt at one moment.

    `viewer` is an opaque key, `time` is the bot's clock in seconds, `quality` 0..1 says how far to trust it, and
    `captured` is the agent's own clock at the newest frame, kept only so that lag can be measured (0 when unknown).
    `linked`: the viewer has proved who they are; otherwise anonymous.
    """

    viewer: str
    source: Source
    time: float
    probabilities: Probabilities
    quality: float = 1.0
    captured: float = 0.0
    linked: bool = False


Key = Annotated[str, Meta(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Channel = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Token = Annotated[str, Meta(min_length=1, max_length=160)]
"""A join token (`transport/tokens.py`), which has 123 characters at most."""
Number = Annotated[float, Meta(ge=0.0, le=1.0)]
Sequence = Annotated[int, Meta(ge=1, le=2**53)]
Clock = Annotated[float, Meta(ge=0.0, le=1e12)]


class Hello(Struct):
    """The part of a first frame that every version has, so that any version can be refused politely."""

    type: str
    version: int = 0


class Join(Struct, tag="join"):
    """Agent to hub, first: which channel, the token from the streamer's link, and the viewer's opaque key."""

    version: int
    channel: Channel
    token: Token
    viewer: Key


class Post(Struct, tag="reading", gc=False):
    """Agent to hub: one reading. `sequence` grows by one from the number that `Welcome` named."""

    sequence: Sequence
    probabilities: tuple[Number, Number, Number, Number, Number, Number, Number]
    quality: Number = 1.0
    captured: Clock = 0.0


class Away(Struct, tag="away"):
    """Agent to hub: still here, but there is nothing to read. The viewer's vote is withdrawn at once."""

    reason: AwayReason


class Leave(Struct, tag="leave"):
    """Agent to hub: goodbye. The vote is withdrawn."""


class Forget(Struct, tag="forget"):
    """Agent to hub: consent is withdrawn; erase whatever is kept of this viewer and answer `Forgotten`."""


class Identify(Struct, tag="identify"):
    """Agent to hub: give me a code by which the viewer can say in chat who they are. `Code` is the answer."""


class Unlink(Struct, tag="unlink"):
    """Agent to hub: whoever the viewer is in chat, forget it. An empty `Linked` is the answer."""


class Renew(Struct, tag="renew"):
    """A hub to its bot, for an agent: this token has lived half its life. `Renewed` is the answer."""

    token: Token


class Appear(Struct, tag="appear"):
    """Agent to hub: show this viewer on the stream so from now on, until told otherwise. `Shown` is the answer."""

    seat: Seat
    name: Annotated[str, Meta(max_length=400)] = ""


class Welcome(Struct, tag="welcome"):
    """Hub to agent: joined. At most one reading every `interval` seconds; at least one frame every `heartbeat`.

    `sequence` is the last number that the hub has seen from this viewer; with fewer than `minimum_viewers` the stream
    shows no shares. `links` says whether the hub knows `Identify` and `Unlink`, `linked` whether this viewer is linked,
    `shows` whether it takes `Appear`. `token`, if any, is a fresh one to join with from now on.
    """

    version: int
    channel: str
    sequence: int
    interval: float
    heartbeat: float
    minimum_viewers: int = 3
    links: bool = False
    linked: bool = False
    shows: bool = False
    token: str = ""


class Pace(Struct, tag="pace"):
    """Hub to agent: a new pace, in seconds, as in `Welcome`."""

    interval: float
    heartbeat: float


class Dropped(Struct, tag="dropped"):
    """Hub to agent: that reading was not counted, and why. The connection goes on."""

    sequence: int
    reason: str


class Refused(Struct, tag="refused"):
    """Hub to agent, last: why the connection ends.

    `retry` says whether coming back later can help, `link` whether another token of the same stream can.
    """

    reason: str
    retry: bool = False
    link: bool = False


class Forgotten(Struct, tag="forgotten"):
    """Hub to agent: nothing is kept of this viewer any more."""


class Code(Struct, tag="code"):
    """Hub to agent: the line that the viewer types in the stream's chat, once and within so many seconds."""

    line: str
    seconds: float


class Linked(Struct, tag="linked"):
    """Hub to agent: the viewer is this one in chat from now on; an empty name: nobody any more.

    `token`, if any, is a fresh one to join with from now on: at every hub of the channel it says so by itself.
    """

    name: str = ""
    token: str = ""


class Renewed(Struct, tag="renewed"):
    """Hub to agent: a fresh token, to join with from now on."""

    token: str


class Shown(Struct, tag="shown"):
    """Hub to agent: how the viewer is shown from now on; `reason` says why it isn't as asked for."""

    seat: Seat = "no"
    name: str = ""
    reason: str = ""


AgentFrame = Post | Away | Leave | Forget | Identify | Unlink | Renew | Appear
HubFrame = Welcome | Pace | Dropped | Refused | Forgotten | Code | Linked | Renewed | Shown

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""How JSON or cells fail that somebody else wrote: wrong, no UTF-8, halves of a pair, lists in lists."""

hello_decoder: Final = msgspec.json.Decoder(Hello)
join_decoder: Final = msgspec.json.Decoder(Join)
agent_decoder: Final = msgspec.json.Decoder(Post | Away | Leave | Forget | Identify | Unlink | Renew | Appear)
hub_decoder: Final[msgspec.json.Decoder[HubFrame]] = msgspec.json.Decoder(HubFrame)
_encoder: Final = msgspec.json.Encoder()


def encode(frame: Join | AgentFrame | HubFrame) -> str:
    """The frame as JSON text."""
    return _encoder.encode(frame).decode()


def sayable(reason: str, most: int = 200) -> str:
    """The other end's words, as they may stand in a line of ours: at most `most` letters, none that moves a cursor."""
    return "".join(letter for letter in reason if letter.isprintable())[:most]


def parting(reason: str) -> bytes:
    """A reason in a WebSocket's close frame, which has 123 bytes; what is cut is whole letters."""
    return reason.encode("utf-8", "replace")[:120].decode("utf-8", "ignore").encode()


def sums_to_one(probabilities: Probabilities) -> bool:
    """Whether seven checked numbers are a distribution (also False for NaN and infinities)."""
    return abs(sum(probabilities) - 1.0) <= SUM_TOLERANCE


def one_hot(emotion: str) -> Probabilities:
    """All for one of the seven."""
    happiness, sadness, neutral, anger, surprise, disgust, fear = (float(name == emotion) for name in EMOTIONS)
    return (happiness, sadness, neutral, anger, surprise, disgust, fear)
