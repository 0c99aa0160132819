"""Targets: what comes over the hub, the streamer's line and the Sheet, and what a stranger's hub tells an agent."""

import contextlib
import json
import math
from typing import Any

from hypothesis import strategies as st
from yarl import URL

from lera.errors import LeraError
from tests.door import TOKEN, door
from tests.fuzz.strategies import agent_frames, encoded, numbers, rows, sevens, struct, text
from tests.fuzz.target import Target, holds
from transport.appearances import Appearances
from transport.desk import Desk, HubSettings, Refusal
from transport.hub_client import HubClient
from transport.identities import Identities
from transport.limits import Addresses, Rate
from transport.link import host_of, is_local, netloc, parse_link
from transport.names import MAX_BYTES, MAX_CHARACTERS, _clusters, clean_name, name_key
from transport.reading import MAX_FRAME_BYTES, HubFrame, Join, Reading, encode, hub_decoder, sums_to_one
from transport.sheet_board import Board
from transport.sheet_layout import (
    FIRST_ROW,
    HISTORY_COLUMNS,
    LIVE_COLUMNS,
    LayoutFault,
    live_cells,
    read_control,
    read_history_head,
    read_live,
    read_time,
)
from transport.sheet_pace import Quota
from transport.stage import SOURCES, StageClient, parse_stage_address
from transport.stage_host import StageHost
from viewer_agent.appearance import Appearance
from viewer_agent.chat_link import ChatLink
from viewer_agent.showing import Showing

KEYS = ["a" * 22, "b" * 22]


class Crowd:
    """An audience that holds every reading to the contract."""

    def __init__(self) -> None:
        self.sensed = 0

    def take(self, reading: Reading) -> None:
        numbers = (*reading.probabilities, reading.quality, reading.captured, reading.time)
        holds(all(map(math.isfinite, numbers)) and all(0 <= p <= 1 for p in reading.probabilities), reading)
        holds(sums_to_one(reading.probabilities) and 0 <= reading.quality <= 1, reading)
        holds(16 <= len(reading.viewer) <= 64 or reading.source != "face", reading)

    sense = take

    def leave(self, viewer: str) -> None:
        pass

    forget = lose = leave

    def attend(self, present: bool) -> None:
        pass


def check_desk(steps: list[Any]) -> None:
    """Frames of several connections, in any order: only Refusals, answers an agent can read, nothing grows."""
    desk = Desk(HubSettings(max_viewers=3), "demo", door(), Crowd(), identities=Identities(), appearances=Appearances())
    open_: dict[int, Any] = {}
    now = 1000.0
    answer: HubFrame | None
    for seat, wait, frame in steps:
        now += wait
        guest = open_.get(seat)
        try:
            if guest is None:
                open_[seat], _, answer = desk.join(frame, now)
            else:
                before = guest.sequence
                answer = desk.take(guest, frame, now)
                holds(guest.sequence >= before or guest.sequence == 0, "a sequence went back")
        except Refusal as refusal:
            holds(len(encode(refusal.frame)) < 3 * MAX_FRAME_BYTES, "a long refusal")
            if guest is not None:
                desk.gone(open_.pop(seat))
            continue
        if answer is not None:
            holds(len(encode(answer)) <= MAX_FRAME_BYTES and hub_decoder.decode(encode(answer)) == answer, answer)
    holds(len(desk.guests) <= 3 and len(desk.counts) < 40, desk.counts)
    for guest in open_.values():
        desk.gone(guest)
    holds(not desk.guests and not len(desk.appearances or ()), "a guest or a tile was left behind")


def joins() -> st.SearchStrategy[Any]:
    good = st.builds(
        lambda key: {"type": "join", "version": 1, "channel": "demo", "token": TOKEN, "viewer": key},
        st.sampled_from(KEYS),
    )
    bad = struct(
        "join", version=st.one_of(st.just(1), numbers()), channel=st.sampled_from(["demo", "other"]),
        token=st.one_of(st.just(TOKEN), text(170)), viewer=st.one_of(st.sampled_from(KEYS), text(70)),
    )  # fmt: skip
    return st.one_of(good, good, bad)


def steps(frames: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[Any]]:
    first = st.builds(lambda seat, frame: (seat, 0.0, frame), st.integers(0, 2), encoded(joins()))
    later = st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.1, 1.0, 30.0]), frames)
    return st.builds(lambda a, b: [*a, *b], st.lists(first, min_size=1, max_size=3), st.lists(later, max_size=10))


def check_stage(frames: list[Any]) -> None:
    """The streamer's own line: one Refusal, and readings that keep the contract."""
    clock = iter(range(10_000))
    host = StageHost("demo", Crowd(), lambda: float(next(clock)))
    paces = {modality: Rate(0.1) for modality in SOURCES}
    with contextlib.suppress(Refusal):
        host._admit(frames[0])
    for frame in frames[1:]:
        with contextlib.suppress(Refusal):
            host._take(frame, paces)


def stage_frames() -> st.SearchStrategy[list[bytes]]:
    modality = st.sampled_from(["face", "voice", "words"])
    feel = struct("feel", modality=modality, probabilities=sevens(), quality=st.floats(0, 1), captured=numbers())
    gone = struct("gone", modality=modality, reason=st.sampled_from(["silence", "paused"]))
    return st.builds(
        lambda a, b: [a, *b],
        encoded(struct("stage", version=st.one_of(st.just(1), numbers()))),
        st.lists(encoded(st.one_of(feel, gone)), max_size=5),
    )


def check_agent(frame: Any) -> None:
    """A hub is a stranger to an agent: what it says may end the agent with one printable line, and nothing else."""
    told, said = frame.decode("utf-8", "replace"), list[str]()
    joined = HubClient("ws://127.0.0.1:1/hub", "demo", "t", KEYS[0])
    ChatLink(joined.linking, said.append)
    Appearance(joined.appearing, said.append, Showing("name", "Ann", "", ""))
    for client in (joined, StageClient("ws://127.0.0.1:1/", "k")):
        try:
            client._hear(told)
        except LeraError as error:
            holds(str(error).isprintable() and len(str(error)) < 400, str(error))
        holds(0.05 <= client.interval <= 600, client.interval)
    holds(all(line.isprintable() and len(line) < 400 for line in said), said)


def hub_frames() -> st.SearchStrategy[Any]:
    return st.one_of(
        struct(
            "welcome",
            version=st.just(1), channel=text(20), sequence=numbers(), interval=numbers(), heartbeat=numbers(),
        ),
        struct("pace", interval=numbers(), heartbeat=numbers()), struct("refused", reason=text(), retry=st.booleans()),
        struct("dropped", sequence=numbers(), reason=text()), struct("code", line=text(), seconds=numbers()),
        struct("linked", name=text(), token=text(170)), struct("renewed", token=text(170)),
        struct("shown", seat=st.sampled_from(["no", "seat", "name"]), name=text(), reason=text()),
        struct("stage_welcome", version=st.just(1), channel=text(20), interval=numbers()),
    )  # fmt: skip


def check_sheet(sheet: list[Any]) -> None:
    """What anybody may type into the Sheet: damaged rows are set aside, one key is one vote, and the bot goes on."""
    head = [["LERA Live", 1], sheet[0], list(LIVE_COLUMNS)]
    board = Board(Desk(HubSettings(), "demo", door(), Crowd()), Quota(), shared=False)
    keys: set[str] = set()
    for number, some in enumerate(sheet[1:]):
        live = read_live([*head, *some])
        holds(all(row.row >= FIRST_ROW for row in live.rows), "a row in the head")
        for row in live.rows:
            again = read_live([*head[:1], [], *head[2:], live_cells(row)]).rows if row.probabilities else []
            holds(all(one.key == row.key and one.state == "face" for one in again) and len(again) <= 1, row)
        board.take(live, 100.0 + 20 * number)
        board.requests()
        keys.update(row.key for row in live.rows)
        holds(board.viewers <= len(keys), "viewers from nowhere")
    board.close()


def check_cells(cells: list[Any]) -> None:
    """A control row, a time and the head of History, as anybody may have left them."""
    control = read_control(cells)
    if control is not None:
        holds(0.01 <= control.interval <= 600 and 0.01 <= control.heartbeat <= 1800 and len(control.bot) <= 64, control)
    for cell in cells:
        time = read_time(cell)
        holds(time is None or math.isfinite(time), time)
    with contextlib.suppress(LayoutFault):
        made = read_history_head([["LERA History", 1], ["", *cells[:1]], list(HISTORY_COLUMNS)])
        holds(math.isfinite(made), made)
    with contextlib.suppress(LayoutFault):
        read_live([cells, cells, cells])


def controls() -> st.SearchStrategy[list[Any]]:
    good = st.builds(
        lambda beat, a, b: ["control", beat, a, b, 3, 2, "demo", "bot", "open"], numbers(), numbers(), numbers()
    )
    return st.one_of(
        good, st.lists(st.one_of(numbers(), text(40), st.booleans(), st.just("2026-02-30 10:00:00")), max_size=10)
    )


def check_name(name: str) -> None:
    """A name is safe to show: bounded, printable but for joiners, and cleaning it again changes nothing."""
    clean = clean_name(name)
    holds(len(clean.encode()) <= MAX_BYTES and len(_clusters(clean)) <= MAX_CHARACTERS, clean)
    holds(not any(sign in clean for sign in "\n\r\t\0\u202e\u202d\u2066\u200b\ufeff"), clean)
    holds(clean_name(clean) == clean, "not settled", clean, clean_name(clean))
    name_key(clean)


def check_link(link: str) -> None:
    """A link is read or refused in one line; what is read leads to a place that can be asked."""
    try:
        read = parse_link(link)
    except LeraError:
        pass
    else:
        holds(URL(read.url).host is not None and read.url.isprintable() and " " not in read.url, read)
        holds(bool(encode(Join(1, read.channel, read.token, KEYS[0]))) and len(read.channel) <= 64, read)
    with contextlib.suppress(LeraError):
        address = parse_stage_address(link)
        holds(address.key.isprintable(), address)
    netloc(link), host_of(link), is_local(link)


def links() -> st.SearchStrategy[str]:
    scheme = st.sampled_from(["http://", "https://", "lera+sheet://", "ws://", "//", ""])
    host = st.one_of(
        st.sampled_from(["mood.example", "[::1]:80", "127.0.0.1:8766", "a:b@c", "sheets.googleapis.com"]), text(30)
    )
    path = st.one_of(st.sampled_from(["/join/demo", "/demo", "/dashboard/", "/x/join/a"]), text(30))
    token = st.one_of(st.sampled_from(["#secret", "#key=abc", ""]), text(30).map("#{}".format))
    return st.one_of(st.builds(lambda *parts: "".join(parts), scheme, host, path, token), text(200))


def check_code(steps_: list[Any]) -> None:
    """Codes typed in chat: a wrong one ties nobody, a right one once, and both sides always agree."""
    identities = Identities(iter(f"CODE{number:04}" for number in range(10_000)).__next__)
    now = 0.0
    for viewer, code, chatter, wait in steps_:
        now += wait
        identities.code(KEYS[viewer], now)
        found = identities.link(code, chatter, now)
        holds(found is None or found[0] in KEYS, found)
        holds(all(identities.chatter_of(v) == c for c, v in identities.viewers.items()), "two sides")
        holds(len(identities.viewers) <= len(KEYS) >= len(identities._codes), "grows")


def codes() -> st.SearchStrategy[list[Any]]:
    code = st.one_of(st.integers(0, 12).map(lambda n: f"code-{n:04} "), text(60))
    return st.lists(st.tuples(st.integers(0, 1), code, text(20), st.sampled_from([0.0, 200.0, -400.0])), max_size=12)


def check_addresses(events: list[Any]) -> None:
    """Any address that a proxy passes on: counts come out even, and memory is bounded."""
    addresses = Addresses(1.0, 3, 2, remembered=8)
    inside: list[str] = []
    for address, leaves in events:
        if leaves and inside:
            addresses.exit(inside.pop())
        elif addresses.enter(address, 0.0) is None:
            inside.append(address)
        holds(len(addresses._joins._rates) <= 8 and sum(addresses._open.values()) == len(inside), events)


def raw(said: str) -> bytes:
    """A text as bytes, also a broken one."""
    return said.encode("utf-8", "surrogatepass")


JOIN = json.dumps({"type": "join", "version": 1, "channel": "demo", "token": TOKEN, "viewer": "a" * 22}).encode()
IDENT = f"viewer:{KEYS[0]}:00000000"
FRAMES = encoded(agent_frames())
TARGETS = [
    Target(
        "desk",
        steps(FRAMES),
        check_desk,
        120,
        with_text=lambda said: [(0, 0.0, JOIN), (0, 1.0, raw(said)), (1, 0.0, raw(said))],
    ),
    Target("streamers_line", stage_frames(), check_stage, 120, with_text=lambda said: [raw(said), raw(said)]),
    Target("agents_ear", encoded(hub_frames()), check_agent, 120, with_text=raw),
    Target(
        "sheet",
        st.builds(lambda a, b: [a, *b], controls(), st.lists(st.lists(rows(), max_size=5), max_size=3)),
        check_sheet,
        with_text=lambda said: [
            [],
            [[said], [IDENT, said], [IDENT, 1, *[said] * 7, 1, "face"]],
            [[IDENT, 2, 100, *[0] * 6, 1, said]],
        ],
    ),
    Target("sheet_cells", controls(), check_cells, 120, with_text=lambda said: ["control", said, said]),
    Target("names", text(450), check_name, 200, with_text=str),
    Target("links", links(), check_link, 200, with_text=lambda said: f"https://{said[:60]}/join/demo#{said}"),
    Target("codes", codes(), check_code, with_text=lambda said: [(0, said, said, 0.0)]),
    Target("addresses", st.lists(st.tuples(text(30), st.booleans()), max_size=30), check_addresses),
]
