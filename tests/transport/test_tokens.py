"""Join tokens: what lets in, what doesn't, and what each who is turned away is told."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.door import LINK, maker
from transport.reading import Channel
from transport.refusal import Refusal
from transport.tokens import Admission, Door, DoorTerms, TokenMaker, viewer_mark

VIEWER = "a" * 22
SUBJECT = "ab" * 12
NOW = 1_800_000_000.0
MAKER = maker()
TERMS = DoorTerms("demo", MAKER.public_key)


def refusal(door: Door, token: str, channel: str = "demo", viewer: str = VIEWER, now: float = NOW) -> Refusal:
    """How somebody is turned away."""
    with pytest.raises(Refusal) as raised:
        door.admit(channel, token, viewer, now)
    return raised.value


def anonymous(issued: float = NOW, expires: float = NOW + 60) -> str:
    return MAKER.make(LINK, issued, expires)


def linked(issued: float = NOW, expires: float = NOW + 60) -> str:
    return MAKER.make(LINK, issued, expires, SUBJECT)


def test_a_token_lets_in_as_what_it_says_and_fits_into_a_link_and_a_code_for_phones() -> None:
    door = Door(TERMS)
    assert door.admit("demo", anonymous(), VIEWER, NOW) == Admission(False, "", LINK, NOW, NOW + 60, MAKER.public_key)
    assert door.admit("demo", linked(), VIEWER, NOW) == Admission(True, SUBJECT, LINK, NOW, NOW + 60, MAKER.public_key)
    assert (len(anonymous()), len(linked())) == (107, 123)
    assert anonymous() == anonymous(), "the same link is the same picture"


def test_each_who_is_turned_away_is_told_why_and_what_to_do() -> None:
    door = Door(TERMS)
    other = TokenMaker("demo", b"\1" * 32).make(LINK, NOW, NOW + 60)
    revoked = Door(replace(TERMS, revoked=frozenset({LINK})))
    banned = Door(replace(TERMS, banned=frozenset({SUBJECT})))
    viewer = Door(replace(TERMS, banned=frozenset({viewer_mark("demo", VIEWER)})))
    found = [
        refusal(door, "made-long-ago"),
        refusal(door, other),
        refusal(door, maker("other").make(LINK, NOW, NOW + 60)),
        refusal(door, anonymous(), channel="other"),
        refusal(door, anonymous(), now=NOW + 60),
        refusal(revoked, anonymous()),
        refusal(revoked, linked()),
        refusal(banned, linked()),
        refusal(viewer, anonymous()),
    ]
    assert [each.cause for each in found] == [
        "token", "token", "token", "other channel", "expired", "revoked", "revoked", "banned", "banned",
    ]  # fmt: skip
    for each in found:
        assert "ask" in str(each) or "copy the streamer's link" in str(each) or "can lift that" in str(each)
        assert "\n" not in str(each) and len(str(each)) < 120 and not each.frame.retry
        # Another token can help who came by a wrong one, and must not help who is banned.
        assert each.frame.link == (each.cause in ("token", "expired", "revoked"))


def test_nothing_that_is_changed_on_the_way_is_believed() -> None:
    door = Door(TERMS)
    raw = base64.urlsafe_b64decode(linked() + "=" * (-len(linked()) % 4))
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        token = base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
        assert refusal(door, token).cause == "token", place
    for token in (linked() + "=", linked()[:-1], linked() + "AA", " " + linked(), linked().swapcase(), ""):
        assert refusal(door, token).cause == "token", token


@pytest.mark.parametrize("head", [(0, 0), (2, 0), (1, 1), (1, 7)])
def test_another_version_or_role_is_not_guessed_at_even_when_it_is_signed(head: tuple[int, int]) -> None:
    body = bytes(head) + bytes(8) + bytes.fromhex(LINK)
    signed = MAKER._key.sign(b"LERA join token\0demo\0" + body)
    token = base64.urlsafe_b64encode(body + signed).rstrip(b"=").decode()
    assert refusal(Door(TERMS), token).cause == "token"


def test_who_has_unlinked_comes_in_as_nobody_until_linked_anew() -> None:
    door = Door(replace(TERMS, ended={SUBJECT: NOW}))
    assert door.admit("demo", linked(), VIEWER, NOW) == door.admit("demo", anonymous(), VIEWER, NOW)
    assert door.admit("demo", linked(NOW + 1), VIEWER, NOW).subject == SUBJECT
    ended = replace(TERMS, ended={SUBJECT: NOW}, banned=frozenset({SUBJECT}))
    assert refusal(Door(ended), linked()).cause == "banned", "unlinking shakes off no ban"


def test_new_terms_hold_for_tokens_that_were_seen_before() -> None:
    door = Door(TERMS)
    admission = door.admit("demo", linked(), VIEWER, NOW)
    door.update(replace(TERMS, revoked=frozenset({LINK})))
    assert refusal(door, linked()).cause == "revoked"
    door.update(replace(TERMS, public_key=TokenMaker("demo", b"\1" * 32).public_key))
    assert refusal(door, linked()).cause == "token"
    with pytest.raises(Refusal, match="not valid"):
        door.check(admission, VIEWER)
    door.update(TERMS)
    assert door.admit("demo", linked(), VIEWER, NOW) == admission


def test_a_door_remembers_a_bounded_number_of_right_tokens_and_no_wrong_ones() -> None:
    door = Door(TERMS)
    for number in range(50):
        refusal(door, f"wrong-{number}")
    assert not door._known
    door.REMEMBERED = 4  # type: ignore[misc]
    for number in range(10):
        door.admit("demo", MAKER.make(LINK, NOW + number, NOW + 60), VIEWER, NOW)
    assert len(door._known) == 4


def test_terms_travel_whole_and_foreign_ones_are_refused() -> None:
    terms = replace(TERMS, revoked=frozenset({LINK}), ended={SUBJECT: NOW}, banned=frozenset({SUBJECT}))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(terms), type=DoorTerms) == terms
    for wrong in ({"public_key": b"short"}, {"revoked": ["nothing"]}, {"banned": ["x" * 24]}, {"channel": "a b"}):
        sent = msgspec.msgpack.encode({**msgspec.structs.asdict(terms), **wrong}, enc_hook=list)
        with pytest.raises(msgspec.ValidationError):
            msgspec.msgpack.decode(sent, type=DoorTerms)


@given(st.text(alphabet=st.sampled_from("abcABC019-_"), min_size=1, max_size=64), st.integers(0, 2**32 - 1))
def test_a_token_is_for_its_channel_alone(channel: Channel, expires: int) -> None:
    token = maker(channel).make(LINK, 0, expires)
    ours = Door(DoorTerms(channel, maker(channel).public_key))
    if expires > 0:
        assert ours.admit(channel, token, VIEWER, 0.0).expires == expires
    theirs = Door(DoorTerms(channel + "x", maker().public_key))
    assert refusal(theirs, token, channel + "x").cause == "token"
