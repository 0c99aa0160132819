"""What strangers may send: text and JSON that look like ours and are not, or nearly."""

import json
from typing import Any

from hypothesis import strategies as st

from model.emotions import EMOTIONS

NASTY_WORDS = [
    "!mood", "!feel joy", "!mood say ", "@bob ", "{user}", "{0.__class__}", "%s%n", "\u202e", "\u200b", "\u200d",
    "\ufeff", "\ufdfa", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1f9\U0001f1fc",
    "e\u0301\u0301\u0301\u0301", "\ud800",
    "=HYPERLINK(\"https://evil.example\")", "</script><script>", "\r\nSet-Cookie: a=b", "\x1b]0;x\x07", "\0", "loooool",
    "hahahaha", "\u0130", "\u00df", "\uff01mood", "https://a.tv/x", "00:00:01,000 --> 00:00:02,000", "\u0663",
    "<i>", "-->",
]  # fmt: skip


def text(most: int = 600) -> st.SearchStrategy[str]:
    """Any text, also with halves of pairs, and long repetitions."""
    anything = st.text(st.characters(), max_size=40)
    long = st.builds(
        lambda piece, times: piece * times, st.sampled_from([*NASTY_WORDS, "a", " ", "!", "["]), st.integers(0, 300)
    )
    pieces = st.lists(st.one_of(st.sampled_from(NASTY_WORDS), anything, long), max_size=8)
    return st.builds(lambda found: "".join(found)[:most], pieces)


def numbers() -> st.SearchStrategy[Any]:
    """Numbers as they come, and as they never should."""
    edges = st.sampled_from([0, 1, -1, 0.0, -0.0, 1e-320, 1e308, 2**53, 2**63, 2**64, 10**30, 10**400, 0.02, 1.0000001])
    return st.one_of(edges, st.integers(), st.floats(), st.floats(0, 1))


def values(leaves: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Any]:
    """Anything that JSON can hold."""
    leaf = leaves if leaves is not None else st.one_of(st.none(), st.booleans(), numbers(), text(60))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text(12), inner, max_size=4)),
        max_leaves=8,
    )


def sevens() -> st.SearchStrategy[Any]:
    """Seven that sum to one, nearly do, or are something else."""

    def split(parts: list[float]) -> list[float]:
        whole = sum(parts)
        return [part / whole for part in parts] if whole > 0 else parts

    honest = st.lists(st.floats(0, 1), min_size=7, max_size=7).map(split)
    return st.one_of(honest, honest, st.lists(numbers(), min_size=6, max_size=8), values())


def struct(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A frame of this type, whose fields may be missing or something else."""
    broken = {name: st.one_of(good, good, good, values()) for name, good in fields.items()}
    return st.fixed_dictionaries({"type": st.just(kind)}, optional={**broken, "more": values()})


def encoded(shaped: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """JSON of it, mostly whole; else cut, with bytes changed, keys twice, nested without end, or no JSON."""
    whole = shaped.map(lambda value: json.dumps(value).encode())
    raw = shaped.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    cut = st.builds(lambda frame, at: frame[: at % (len(frame) + 1)], whole, st.integers(0, 2000))
    changed = st.builds(
        lambda frame, at, byte: frame[: at % len(frame)] + byte + frame[at % len(frame) + 1 :],
        whole, st.integers(0, 2000), st.binary(max_size=3),
    )  # fmt: skip
    twice = st.builds(lambda a, b: a[:-1] + b"," + b[1:] if a[-1:] == b"}" and b[:1] == b"{" else a + b, whole, whole)
    deep = st.builds(
        lambda frame, opening, times: frame[:-1] + b',"more":' + opening * times,
        whole, st.sampled_from([b"[", b'{"a":', b"[[", b"[{"]), st.integers(1, 1200),
    )  # fmt: skip
    return st.one_of(whole, whole, whole, raw, cut, changed, twice, deep, st.binary(max_size=200))


def agent_frames() -> st.SearchStrategy[Any]:
    """What an agent may say behind its join."""
    post = struct(
        "reading", sequence=st.integers(0, 40), probabilities=sevens(), quality=st.floats(0, 1), captured=numbers()
    )
    return st.one_of(
        post, post, post,
        struct("away", reason=st.sampled_from(["no_face", "too_dark", "paused", "no_camera"])),
        struct("appear", seat=st.sampled_from(["no", "seat", "name"]), name=text(420)),
        struct("leave"), struct("forget"), struct("identify"), struct("unlink"), struct("renew", token=text(170)),
        struct("join"), values(),
    )  # fmt: skip


def rows() -> st.SearchStrategy[list[Any]]:
    """Cells of a viewer's row in a Sheet that everybody may edit."""
    first = st.one_of(
        st.builds(
            "viewer:{}:{}".format,
            st.sampled_from(["a" * 22, "b" * 22, "c" * 16]), st.sampled_from(["0" * 8, "1a2b3c4d"]),
        ),
        st.sampled_from(["", "free", "held", "control"]), text(40),
    )  # fmt: skip
    cell = st.one_of(numbers(), text(20), st.booleans(), st.just(""), st.none())
    percent = st.one_of(st.just([100.0, 0, 0, 0, 0, 0, 0]), st.just([14.3, 14.3, 14.3, 14.3, 14.3, 14.3, 14.2]))
    seven = st.one_of(percent, percent, st.lists(cell, min_size=len(EMOTIONS), max_size=len(EMOTIONS)))
    state = st.one_of(st.sampled_from(["face", "face", "waiting", "forget", "paused", "no_face"]), cell)
    whole = st.builds(
        lambda one, sequence, some, quality, how, captured: [one, sequence, *some, quality, how, captured],
        first, st.one_of(st.integers(-1, 9), cell), seven, st.one_of(st.floats(0, 1), cell), state, cell,
    )  # fmt: skip
    return st.one_of(whole, whole, st.lists(cell, max_size=14))
