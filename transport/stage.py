"""The stage's own line to the bot: what the streamer's agent reads of the streamer, and `StageClient`, which brings it.

Frames are JSON text, as in `transport/reading.py`. The agent's first frame is `StageJoin`; then come `Feel` and `Gone`.
The bot answers with `StageWelcome`, and with `Refused` last. The socket is opened with the streamer's key, as
`Authorization: Bearer KEY`, at the streamer's port; the public port doesn't have it. Unknown fields are ignored.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Literal, NamedTuple, cast
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp import WSMsgType
from msgspec import Meta, Struct

from lera.clock import steady_clock
from lera.errors import LeraError
from transport.hub_client import CLOSE_TIMEOUT, LOST, State, Tries, backoff
from transport.link import netloc
from transport.reading import MAX_FRAME_BYTES, UNREADABLE, Clock, Number, Probabilities, Refused, Source, sayable
from transport.unreached import Faults, why_unreached
from transport.way import check_way, find_way, told_of

STAGE_VERSION: Final = 1
STAGE_PATH: Final = "/api/stage"

Modality = Literal["face", "voice", "words"]
"""The same three as in `model.modalities`, which nothing here imports."""
MODALITIES: Final[tuple[Modality, ...]] = ("face", "voice", "words")
SOURCES: Final[dict[Modality, Source]] = {
    "face": "streamer_face",
    "voice": "streamer_voice",
    "words": "streamer_words",
}
GoneReason = Literal["no_face", "too_dark", "no_camera", "silence", "no_words", "no_microphone", "paused", "stopped"]


class StageJoin(Struct, tag="stage"):
    """Agent to bot, first: which version of these frames it speaks."""

    version: int


class Feel(Struct, tag="feel", gc=False):
    """Agent to bot: one reading of the streamer. `captured` is the agent's wall clock at its newest part, 0: unknown.

    It counts for some seconds by the bot's clock, so an agent sends it again while it holds.
    """

    modality: Modality
    probabilities: tuple[Number, Number, Number, Number, Number, Number, Number]
    quality: Number = 1.0
    captured: Clock = 0.0


class Gone(Struct, tag="gone"):
    """Agent to bot: of this there is nothing to read. The last reading of it is withdrawn at once."""

    modality: Modality
    reason: GoneReason


class StageWelcome(Struct, tag="stage_welcome"):
    """Bot to agent: come in. At most one reading of each modality every `interval` seconds."""

    version: int
    channel: str
    interval: Annotated[float, Meta(ge=0.05, le=60.0)]


StageFrame = Feel | Gone
StageAnswer = StageWelcome | Refused

stage_join_decoder: Final = msgspec.json.Decoder(StageJoin)
stage_decoder: Final[msgspec.json.Decoder[StageFrame]] = msgspec.json.Decoder(StageFrame)
stage_answer_decoder: Final[msgspec.json.Decoder[StageAnswer]] = msgspec.json.Decoder(StageAnswer)
_encoder: Final = msgspec.json.Encoder()


def encode_stage(frame: StageJoin | StageFrame | StageAnswer) -> str:
    """The frame as JSON text."""
    return _encoder.encode(frame).decode()


class StageAddress(NamedTuple):
    """Where the stage's socket is, and the streamer's key to it."""

    url: str
    key: str


def parse_stage_address(dashboard: str) -> StageAddress:
    """From the dashboard's address as the bot shows it, `http://127.0.0.1:8765/dashboard/#key=…`. Raises LeraError."""
    complaint = LeraError("That is not the dashboard's address; copy it whole, as the bot shows it at its start.")
    try:
        parts = urlsplit(dashboard.strip())
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise complaint from None
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    name, _, key = parts.fragment.partition("=")
    if not scheme or not host or port == 0 or name != "key" or not key.isascii() or not key.strip():
        raise complaint
    return StageAddress(f"{scheme}://{parts.netloc}{STAGE_PATH}", key)


class StageClient:
    """The agent's end: stays connected by itself, and sends of each modality the newest reading, never an old one.

    A reading is sent once: what goes on must be posted again, so that a camera that hangs is no mood that stays.
    """

    LONGEST_WAIT: Final = 10.0
    LET_IN: Final = 30.0
    """Seconds in which a bot must have let the agent in, from the first look for its host."""
    STEADY: Final = 5.0
    """Seconds after which a connection shows that the bot is well."""
    BEAT: Final = 5.0
    """Seconds between two signs of life."""
    STALE: Final = 3.0
    """Seconds after which a reading that could not be sent is worth nothing."""

    def __init__(
        self,
        url: str,
        key: str,
        on_state: Callable[[str], None] | None = None,
        insecure: bool = False,
        say: Callable[[str], None] = lambda _line: None,
        now: Callable[[], float] | None = None,
    ) -> None:
        """`on_state` hears "connecting", "joined" and "offline". `url` and `key`: see `parse_stage_address`.

        `insecure` lets it use a way over the internet that isn't encrypted; `say` is told where others could listen,
        and once why the bot can't be reached, where that is somebody's to mend.
        `now`: seconds of a clock that counts the machine's sleep; `steady_clock` where none is given.
        """
        self.url = url
        self._insecure = insecure
        self._say = say
        self._told = ""
        self._now = now or steady_clock()
        self.interval = 0.5
        self.channel = ""
        self.state: State = "offline"
        self.readings_sent = 0
        self._key = key
        self._on_state = on_state
        self._waiting: dict[Modality, StageFrame] = {}
        self._posted: dict[Modality, float] = {}
        self._due: dict[Modality, float] = {}
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    def post(
        self, modality: Modality, probabilities: Sequence[float], quality: float = 1.0, captured: float = 0.0
    ) -> None:
        """Send this reading as soon as the pace allows; a newer one of the same modality takes its place.

        `probabilities` (7,), 0..1 and together 1; `captured` in wall-clock seconds. While the bot is away, nothing
        waits for it but the newest.
        """
        rounded = cast(Probabilities, tuple(round(float(p), 4) for p in probabilities))
        self._waiting[modality] = Feel(modality, rounded, round(float(quality), 3), round(captured, 3))
        self._posted[modality] = self._now()
        self._wake.set()

    def away(self, modality: Modality, reason: GoneReason) -> None:
        """Say that of this modality there is nothing to read, and why."""
        self._waiting[modality] = Gone(modality, reason)
        self._wake.set()

    async def close(self) -> None:
        """Stop `run`; the bot withdraws the streamer's readings."""
        self._closing.set()
        socket = self._socket
        if socket is not None:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(2.0):
                    await socket.close()

    async def run(self) -> None:
        """Stay connected until `close`. Raises LeraError when the bot refuses for good."""
        tries, loop = Tries(), asyncio.get_running_loop()
        faults = Faults(self._say)
        async with aiohttp.ClientSession() as session:
            while not self._closing.is_set():
                self._become("connecting")
                fault, began = "", loop.time()
                try:
                    await self._connect(session)
                except aiohttp.WSServerHandshakeError as error:
                    if error.status in _REFUSALS:
                        raise LeraError(_REFUSALS[error.status]) from None
                    fault = why_unreached(error, "bot")
                except LOST as error:
                    fault = why_unreached(error, "bot")
                finally:
                    self._socket = None
                if self._closing.is_set():
                    break
                joined = self.state == "joined"
                attempt = tries.ended(joined, loop.time() - began >= self.STEADY)
                self._become("offline")
                faults.hear(fault, joined)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(backoff(attempt, self.LONGEST_WAIT)):
                        await self._closing.wait()
        self._become("offline")

    async def _look_at_way(self) -> None:
        """Before the key is shown, which is the first thing that goes there."""
        way = await find_way(self.url)
        check_way(way, netloc(self.url) or "", self._insecure)
        if told_of(way) and self._told != way:
            self._told = way
            self._say(told_of(way))

    async def _connect(self, session: aiohttp.ClientSession) -> None:
        async with asyncio.timeout(self.LET_IN) as joining:
            await self._look_at_way()
            async with session.ws_connect(
                self.url, headers={"Authorization": f"Bearer {self._key}"}, compress=0, heartbeat=2 * self.BEAT,
                max_msg_size=4 * MAX_FRAME_BYTES, timeout=CLOSE_TIMEOUT,
            ) as socket:  # fmt: skip
                await self._talk(socket, joining)

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse, joining: asyncio.Timeout) -> None:
        self._socket = socket
        await socket.send_str(encode_stage(StageJoin(STAGE_VERSION)))
        sender: asyncio.Task[None] | None = None
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(message.data)
                if self.state == "joined" and sender is None:
                    joining.reschedule(None)
                    sender = asyncio.create_task(self._send(socket))
        finally:
            if sender is not None:
                sender.cancel()
                # Not suppressing CancelledError: it may be ours, which must not be lost.
                await asyncio.gather(sender, return_exceptions=True)

    def _hear(self, text: str) -> None:
        try:
            frame = stage_answer_decoder.decode(text)
        except UNREADABLE:
            return
        if isinstance(frame, StageWelcome):
            self.interval, self.channel = frame.interval, frame.channel
            self._become("joined")
        elif not frame.retry:
            raise LeraError(f"The bot refused the streamer's agent: {sayable(frame.reason)}.")

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            self._drop_stale()
            now = loop.time()
            ready = [each for each, frame in self._waiting.items() if isinstance(frame, Gone) or self._may(each, now)]
            for modality in ready:
                frame = self._waiting.pop(modality)
                await socket.send_str(encode_stage(frame))
                if isinstance(frame, Feel):
                    self._due[modality] = now + self.interval
                    self.readings_sent += 1
            if not ready and not self._waiting:
                # The bot cuts off who is silent; there may be nothing to read for a long time.
                await socket.ping()
            wait = min((self._due.get(each, now) - now for each in self._waiting), default=self.BEAT)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait, 0.01)):
                    await self._wake.wait()

    def _drop_stale(self) -> None:
        # What waited out a break, or the machine's sleep, says nothing of the time after it.
        oldest = self._now() - self.STALE
        for modality, frame in list(self._waiting.items()):
            if isinstance(frame, Feel) and self._posted[modality] < oldest:
                del self._waiting[modality]

    def _may(self, modality: Modality, now: float) -> bool:
        return now >= self._due.get(modality, now)

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            if self._on_state is not None:
                self._on_state(state)


_REFUSALS: Final = {
    401: "The bot doesn't know that key: copy the dashboard's address anew, as the bot shows it at its start.",
    403: "The bot lets only the streamer's own machine and [web] trusted_addresses in, with the dashboard's key.",
    404: "There is no stage at that address: take the dashboard's, and a bot of this version.",
}
