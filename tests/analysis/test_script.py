"""Texts and subtitles: encodings, sentences, times, and what is refused."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import script
from analysis.script import Cue, Sentence, cues, decoded, load, sentences
from lera.errors import LeraError

SAID = "Caf\u00e9 \u2014 \u6211\u5f88\u958b\u5fc3\u3002"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    assert decoded(mark + SAID.encode(encoding)) == SAID


def test_what_is_no_utf8_is_western() -> None:
    assert decoded("Café, “so”".encode("cp1252")) == "Café, “so”"
    assert decoded(b"a\r\nb\rc") == "a\nb\nc"


def test_sentences_keep_their_lines() -> None:
    told = sentences("Hi there! How are you?\n\nFine... and you\nYes. \u597d\u554a\uff01\u518d\u898b\u3002")
    assert told == [
        Sentence(1, "Hi there!"), Sentence(1, "How are you?"), Sentence(3, "Fine..."), Sentence(3, "and you"),
        Sentence(4, "Yes."), Sentence(4, "\u597d\u554a\uff01"), Sentence(4, "\u518d\u898b\u3002"),
    ]  # fmt: skip


def test_a_long_sentence_is_read_in_even_pieces() -> None:
    words = [f"w{number}" for number in range(70)]
    told = sentences(" ".join(words))
    assert [len(sentence.text.split()) for sentence in told] == [23, 23, 24]
    assert " ".join(sentence.text for sentence in told).split() == words


@given(st.text(max_size=400))
def test_no_word_of_a_text_is_lost(text: str) -> None:
    try:
        told = sentences(text)
    except LeraError:
        assert not text.split()
        return
    assert "".join("".join(sentence.text.split()) for sentence in told) == "".join(text.split())
    assert [sentence.line for sentence in told] == sorted(sentence.line for sentence in told)


SRT = """1
00:00:01,500 --> 00:00:03,000
<i>I am</i> so
happy!

2
00:01:02,000 --> 00:01:04,250
{\\an8}Oh no.

3
00:00:09,000 --> 00:00:08,000
backwards
"""
VTT = """WEBVTT

NOTE nothing

00:01.5 --> 00:03.000 align:start
I am so happy!

intro
01:00:00.000 --> 01:00:01.000
<v Ann>Oh no.</v>
"""


def test_subtitles_keep_their_times_and_lose_their_marks() -> None:
    assert cues(SRT) == [Cue(1.5, 3.0, "I am so happy!"), Cue(62.0, 64.25, "Oh no.")]
    assert cues(VTT) == [Cue(1.5, 3.0, "I am so happy!"), Cue(3600.0, 3601.0, "Oh no.")]


def test_subtitles_without_empty_lines_are_read_too() -> None:
    crowded = "00:00:01,0 --> 00:00:02,0\nsad\n00:00:02,0 --> 00:00:03,0\nhappy"
    assert [cue.text for cue in cues(crowded)] == ["sad", "happy"]


@given(st.text(alphabet="0123456789:,.->\n ab<{}", max_size=300))
def test_no_text_breaks_the_reader_of_subtitles(text: str) -> None:
    with contextlib.suppress(LeraError):
        assert all(0 <= cue.begin < cue.end and cue.text for cue in cues(text))


def test_what_is_no_text_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"MZ\0\0\1\2")
    with pytest.raises(LeraError, match=r"a\.txt is no text"):
        load(path)
    for nothing in ("", " \n\t\n"):
        with pytest.raises(LeraError, match="no sentences"):
            sentences(nothing)
    with pytest.raises(LeraError, match="no subtitles"):
        cues("hello")
    path.write_text("a. " * 40, "utf-8")
    monkeypatch.setattr(script, "MOST_SENTENCES", 30)
    with pytest.raises(LeraError, match="more than 30 sentences"):
        sentences(load(path))
    monkeypatch.setattr(script, "MOST_BYTES", 30)
    with pytest.raises(LeraError, match="cut it into parts"):
        load(path)
