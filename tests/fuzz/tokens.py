"""Targets: join tokens as strangers show them, and a door's terms as they come over the bus."""

import base64
from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.door import FOREVER, LINK, TOKEN, maker
from tests.fuzz.strategies import text, values
from tests.fuzz.target import Target, holds
from transport.refusal import Refusal
from transport.tokens import Door, DoorTerms, viewer_mark

VIEWER = "a" * 22
SUBJECT = "ab" * 12
LINKED = maker().make(LINK, 0.0, FOREVER, SUBJECT)
TERMS = DoorTerms("demo", maker().public_key)
# Kept from one try to the next, as at a hub.
DOOR = Door(TERMS)


def check_token(shown: tuple[str, str]) -> None:
    """Whatever is shown: a Refusal in words, or one of the two tokens that were really signed."""
    channel, token = shown
    try:
        admission = DOOR.admit(channel, token, VIEWER, 1.0)
    except Refusal as refusal:
        holds(0 < len(refusal.frame.reason) < 120 and refusal.cause in ("token", "other channel"), refusal)
    else:
        holds(token in (TOKEN, LINKED) and channel == "demo", shown)
        holds(admission.subject == (SUBJECT if token == LINKED else ""), admission)
    holds(len(DOOR._known) <= 2, "what is wrong was remembered")


def damaged() -> st.SearchStrategy[str]:
    """A right token with some of its bytes changed, cut out or put in, or written another way."""

    def change(token: str, edits: list[tuple[int, int, bytes]]) -> str:
        raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        for at, length, put in edits:
            start = at % (len(raw) + 1)
            raw[start : start + length] = put
        return base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()

    edits = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 3), st.binary(max_size=3)), max_size=3)
    token = st.sampled_from([TOKEN, LINKED])
    written = st.builds(lambda token, at, put: token[:at] + put + token[at:], token, st.integers(0, 123), text(3))
    return st.one_of(st.builds(change, token, edits), written)


def check_terms(sent: bytes) -> None:
    """What comes as a door's terms: refused as it is, or a door that judges by them."""
    try:
        terms = msgspec.msgpack.decode(sent, type=DoorTerms)
        door = Door(terms)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
    for channel in ("demo", terms.channel):
        for token in (TOKEN, LINKED):
            try:
                admission = door.admit(channel, token, VIEWER, 1.0)
            except Refusal:
                continue
            holds(terms.public_key == TERMS.public_key and channel == "demo" == terms.channel, terms)
            holds(LINK not in terms.revoked and viewer_mark("demo", VIEWER) not in terms.banned, terms)
            holds(not admission.linked or not terms.ended.get(SUBJECT, -1.0) >= 0.0, terms)


def terms() -> st.SearchStrategy[bytes]:
    """Terms that are right, nearly right, or anything."""
    mark = st.sampled_from([SUBJECT, viewer_mark("demo", VIEWER), "x"])
    fields: dict[str, st.SearchStrategy[Any]] = {
        "channel": st.sampled_from(["demo", "other", ""]),
        "public_key": st.one_of(st.just(TERMS.public_key), st.binary(min_size=31, max_size=33)),
        "revoked": st.lists(st.sampled_from([LINK, "0" * 12, "x"]), max_size=3),
        "ended": st.dictionaries(mark, st.one_of(st.floats(), st.integers(-1, 2)), max_size=2),
        "banned": st.lists(mark, max_size=2),
    }
    broken = {name: st.one_of(good, good, good, values()) for name, good in fields.items()}

    def packed(value: Any) -> bytes:
        try:
            return msgspec.msgpack.encode(value)
        except (OverflowError, UnicodeError):
            return b""

    return st.one_of(
        st.fixed_dictionaries(fields).map(packed), st.fixed_dictionaries({}, optional=broken).map(packed), st.binary()
    )


CHANNELS = st.sampled_from(["demo", "demo", "demo", "other", "", "demo\0"])
TARGETS = [
    Target(
        "join_tokens", st.tuples(CHANNELS, st.one_of(damaged(), damaged(), text(200))), check_token, 150,
        with_text=lambda said: ("demo", said),
    ),
    Target("door_terms", terms(), check_terms, 150, with_text=lambda said: said.encode("utf-8", "surrogatepass")),
]  # fmt: skip
