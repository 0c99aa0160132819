"""NATS's client protocol, the server's side: what clients say, read strictly. Pure.

After https://docs.nats.io/reference/reference-protocols/nats-protocol; what the words for mistakes are was heard from a
real server (tests/standins/test_nats.py compares the two).
"""

import json
from typing import Any, Final, NamedTuple

MAX_CONTROL_LINE: Final = 4096


class Mistake(Exception):
    """What `-ERR` says, if anything. `fatal`: the connection ends with it."""

    def __init__(self, words: str, fatal: bool = True) -> None:
        super().__init__(words)
        self.fatal = fatal


class Connect(NamedTuple):
    options: dict[str, Any]


class Ping(NamedTuple):
    pass


class Pong(NamedTuple):
    pass


class Subscribe(NamedTuple):
    subject: str
    queue: str
    id: str


class Unsubscribe(NamedTuple):
    id: str
    after: int


class Publish(NamedTuple):
    subject: str
    reply: str
    size: int


Word = Connect | Ping | Pong | Subscribe | Unsubscribe | Publish


def read(line: bytes, max_payload: int) -> Word:
    """One control line, without its end. Raises Mistake."""
    if len(line) > MAX_CONTROL_LINE:
        raise Mistake("maximum control line exceeded")
    word, _, rest = line.strip().partition(b" ")
    parts = rest.split()
    try:
        match word.upper():
            case b"CONNECT":
                options = json.loads(rest)
                if not isinstance(options, dict):
                    raise ValueError
                return Connect(options)
            case b"PING":
                return Ping()
            case b"PONG":
                return Pong()
            case b"SUB" if len(parts) in (2, 3):
                queue = parts[1].decode() if len(parts) == 3 else ""
                subject = parts[0].decode()
                if not is_subject(subject, wild=True):
                    raise Mistake("Invalid Subject", fatal=False)
                return Subscribe(subject, queue, parts[-1].decode())
            case b"UNSUB" if len(parts) in (1, 2):
                return Unsubscribe(parts[0].decode(), int(parts[1]) if len(parts) == 2 else 0)
            case b"PUB" if len(parts) in (2, 3):
                size = int(parts[-1])
                if size < 0:
                    raise ValueError
                if size > max_payload:
                    raise Mistake("Maximum Payload Violation")
                return Publish(parts[0].decode(), parts[1].decode() if len(parts) == 3 else "", size)
    except ValueError:
        pass
    # Words that it knows and can't follow, a real one leaves without an answer.
    known = word.upper() in (b"CONNECT", b"SUB", b"UNSUB", b"PUB")
    raise Mistake("" if known else "Unknown Protocol Operation")


def is_subject(text: str, wild: bool = False) -> bool:
    """Whether this is a subject that may be subscribed to (`wild`) or published at."""
    tokens = text.split(".")
    for place, token in enumerate(tokens):
        if not token or any(letter.isspace() for letter in token):
            return False
        if token in ("*", ">") and not (wild and (token == "*" or place == len(tokens) - 1)):
            return False
    return True


def matches(pattern: str, subject: str) -> bool:
    """Whether what is published at a subject goes to who has subscribed to the pattern."""
    wanted, given = pattern.split("."), subject.split(".")
    for place, token in enumerate(wanted):
        if token == ">":
            return len(given) > place
        if place >= len(given) or token not in ("*", given[place]):
            return False
    return len(wanted) == len(given)
