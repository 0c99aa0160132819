"""Frames of the bus: at which subject they go, and what is refused; NATS's addresses and logins."""

import base64
import struct
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lera import redaction
from lera.errors import LeraError
from transport.bus import (
    BUS_VERSION,
    LIMITS,
    BotClock,
    Joined,
    Report,
    Terms,
    Want,
    ask,
    asked_by,
    decode_frame,
    encode_frame,
    joined_in,
    joins_of,
    new_id,
    subject_of_frame,
    tell,
    told_by,
)
from transport.bus_login import VARIABLE, find_login, keep_login, parse_servers, read_login
from transport.partial import HASH_BYTES, MAX_VOTING
from transport.reading import Appear, Code, Forget, Leave, Post, Welcome, encode
from transport.tokens import MOST_ENTRIES, MOST_MARKS, DoorTerms, TokenMaker

DOOR = DoorTerms("demo", TokenMaker("demo", b"s" * 32).public_key)
VIEWER = "a" * 22


def test_a_frame_comes_as_it_went_at_its_own_subject() -> None:
    terms = Terms(BUS_VERSION, new_id(), 1000.0, DOOR, minimum_viewers=5, paused=True, asked=b"12345678")
    report = Report(new_id(), "one", 7, 3, {new_id(): 2}, 999.5, 0.5, 120, b"partial")
    joins = joins_of("a" * 16, 4, [Joined(b"abcdefgh", 1_000_123)])
    for frame, subject in (
        (terms, "lera.demo.nodes.terms"), (report, "lera.demo.bot.report"), (joins, "lera.demo.nodes.joins"),
        (ask("a" * 16, VIEWER, Forget()), "lera.demo.bot.ask"),
        (Want("a" * 16), "lera.demo.bot.want"),
        (tell(VIEWER, Code("!mood link ABC", 300)), "lera.demo.nodes.tell"),
    ):  # fmt: skip
        assert subject_of_frame("demo", frame) == subject
        assert decode_frame(subject, encode_frame(frame)) == ("demo", frame)
    assert subject_of_frame("demo", joins, to="b" * 16) == f"lera.demo.node.{'b' * 16}.joins"
    assert list(joined_in(joins)) == [(b"abcdefgh", 1_000_123)]


@pytest.mark.parametrize(
    ("subject", "data", "said"),
    [
        ("lera.demo.nodes", b"", "no subject"),
        ("lera.demo.nodes.report", b"", "nothing is said at"),
        ("lera.demo.bot.terms", b"", "nothing is said at"),
        ("lera.demo.bot.report", b"x" * (LIMITS["report"] + 1), "at most"),
        ("lera.demo.bot.report", b"\xc1nonsense", "can't be read"),
        ("lera.other.nodes.terms", encode_frame(Terms(BUS_VERSION, "a" * 16, 1.0, DOOR)), "another channel"),
        ("lera.demo.nodes.terms", encode_frame(Terms(9, "a" * 16, 1.0, DOOR)), "update both"),
        ("lera.demo.nodes.joins", msgspec.msgpack.encode(
            {"node": "a" * 16, "sequence": 1, "people": b"x" * 8, "times": b""}), "has a time"),
        ("lera.demo.bot.report", msgspec.msgpack.encode(
            {"node": "a" * 16, "name": "", "sequence": 1, "joins": 0, "heard": {}, "time": float("nan"),
             "waited": 0.0, "viewers": 0, "partial": b""}), "can't be read"),
    ],
)  # fmt: skip
def test_what_is_no_frame_is_refused_in_words(subject: str, data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode_frame(subject, data)


def test_only_what_needs_the_bot_goes_by_the_bus() -> None:
    assert asked_by(ask("a" * 16, VIEWER, Leave())) == Leave()
    assert told_by(tell(VIEWER, Code("x", 1))) == Code("x", 1)
    said = ask("a" * 16, VIEWER, Leave())
    said.frame = encode(Appear("seat")).encode()
    with pytest.raises(ValueError, match="does not go"):
        asked_by(said)
    said.frame = encode(Post(1, (1, 0, 0, 0, 0, 0, 0))).encode()
    with pytest.raises(ValueError, match="does not go"):
        asked_by(said)
    told = tell(VIEWER, Code("x", 1))
    told.frame = encode(Welcome(1, "demo", 0, 1.0, 5.0)).encode()
    with pytest.raises(ValueError, match="does not go"):
        told_by(told)


def test_old_terms_that_come_late_do_not_set_the_clock_back() -> None:
    clock = BotClock()
    clock.hear("bot", 1000.0, now=50.0)
    clock.hear("bot", 1001.0, now=58.0)
    assert clock.at(60.0) == pytest.approx(1010.0)
    clock.hear("another bot", 500.0, now=60.0)
    assert clock.at(61.0) == pytest.approx(501.0)


def test_addresses_of_servers() -> None:
    one, other = parse_servers("nats://10.0.0.1, tls://mood.example:4443")
    assert (one.url, one.tls) == ("nats://10.0.0.1:4222", False)
    assert (other.url, other.tls) == ("tls://mood.example:4443", True)
    assert parse_servers("nats://[::1]:4222")[0].url == "nats://[::1]:4222"
    for wrong in ("", "10.0.0.1", "http://x", "nats://", "nats://x/y", "nats://x:99999", "nats://a b"):
        with pytest.raises(LeraError, match="address"):
            parse_servers(wrong)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(LeraError, match="--nats-login") as told:
        parse_servers("nats://lera:secret-horse@10.0.0.1")
    assert "secret-horse" not in str(told.value)


def test_a_login_is_a_password_a_token_or_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_login("").options == {}
    assert read_login("lera:pass:word\n").options == {"user": "lera", "password": "pass:word"}
    assert read_login("a-token-of-nats").options == {"token": "a-token-of-nats"}
    assert "a-token-of-nats" not in redaction.redacted("said a-token-of-nats")
    assert "horse" not in repr(read_login("lera:correct-horse"))
    monkeypatch.setenv(VARIABLE, "lera:from-the-environment")
    assert find_login().options["password"] == "from-the-environment"
    monkeypatch.delenv(VARIABLE)
    keep_login("lera:from-the-vault")
    assert find_login().options["password"] == "from-the-vault"
    keep_login("")
    assert find_login().options == {}
    with pytest.raises(LeraError, match=r"\.creds"):
        read_login("-----BEGIN NATS USER JWT-----\nabc\n")


def test_credentials_sign_what_the_server_asks() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
    seed = base64.b32encode(struct.pack(">BB", 0x95, 0) + b"n" * 32 + b"\0\0").decode().rstrip("=")
    text = (
        "-----BEGIN NATS USER JWT-----\neyJ0eXAiOiJKV1QifQ.x.y\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    options = read_login(text).options
    assert options["user_jwt_cb"]() == b"eyJ0eXAiOiJKV1QifQ.x.y"
    key.public_key().verify(base64.b64decode(options["signature_cb"]("nonce")), b"nonce")


def test_a_login_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("lera:in-a-file")
    file.chmod(0o644)
    with pytest.raises(LeraError, match="chmod 600"):
        find_login(str(file))
    file.chmod(0o600)
    assert find_login(str(file)).options["password"] == "in-a-file"
    with pytest.raises(LeraError, match="name the right file"):
        find_login(str(tmp_path / "nowhere"))


def test_the_fullest_terms_fit_into_one_message_of_nats() -> None:
    marks = [f"{number:024x}" for number in range(MOST_MARKS)]
    door = DoorTerms(
        "d" * 64, DOOR.public_key, frozenset(f"{number:012x}" for number in range(MOST_ENTRIES)),
        dict.fromkeys(marks[:MOST_ENTRIES], 1.7e9), frozenset(marks),
    )  # fmt: skip
    terms = Terms(
        BUS_VERSION, "a" * 32, 1.7e9, door, 2**53, link_command="!" * 100, asked=bytes(MAX_VOTING * HASH_BYTES)
    )
    data = encode_frame(terms)
    assert len(data) <= LIMITS["terms"] < 2**20
    assert decode_frame(f"lera.{'d' * 64}.nodes.terms", data).frame == terms
