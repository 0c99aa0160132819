"""A text as what is to be read of it: sentences with their lines, or a subtitle file's cues with their times.

The functions are pure; only `load` opens a file.
"""

# ruff: noqa: RUF001 - Chinese has its own marks, and books have their own quotes.

import itertools
import re
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from bot.language import one_line
from lera.errors import LeraError

MOST_BYTES: Final = 5_000_000
"""Of a text: five novels. More is no script."""
MOST_SENTENCES: Final = 50_000
LONGEST_SENTENCE: Final = 30
"""Words that are read at once: the chat reader looks at about forty pieces of words."""
TEXTS: Final = (".txt", ".text", ".md")
SUBTITLES: Final = (".srt", ".vtt")
LONGEST: Final = 12 * 3600.0

_END: Final = re.compile(r"[.!?…][\"'”’)\]]*(?=\s)|[。！？][」』”）]*")
_TIMES: Final = re.compile(
    r"^\s*(?:(\d{1,2}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,2}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
)
_TAG: Final = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_ARROW: Final = "-->"


class Sentence(NamedTuple):
    """One sentence, and the line (from 1) on which it begins."""

    line: int
    text: str


class Cue(NamedTuple):
    """What a subtitle shows from `begin` to `end`, in seconds."""

    begin: float
    end: float
    text: str


_Any = TypeVar("_Any", Sentence, Cue)


def load(path: Path) -> str:
    """The text of a file: UTF-8, UTF-16 with its mark, else Latin-1. Raises LeraError."""
    name = one_line(path.name)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise LeraError(f"{name} can't be opened ({error.strerror or error}); look at its rights.") from None
    if len(content) > MOST_BYTES:
        raise LeraError(f"{name} has more than {MOST_BYTES // 1_000_000} MB of text: cut it into parts.")
    text = decoded(content)
    if "\0" in text:
        raise LeraError(f"{name} is no text: save it as plain text (UTF-8).")
    return text


def decoded(content: bytes) -> str:
    """Bytes as text, with line ends as \\n: by their mark, as UTF-8, and where they are no UTF-8 as Latin-1."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def sentences(text: str) -> list[Sentence]:
    """The sentences in order. A line's end is a sentence's end, and one of more words than are read at once is several.

    Raises LeraError where there are too many, or none.
    """
    found = [
        Sentence(number, piece)
        for number, line in enumerate(text.split("\n"), 1)
        for sentence in _split(line)
        for piece in _pieces(sentence)
    ]
    return _some(found, "sentences")


def cues(text: str) -> list[Cue]:
    """The cues of an .srt or .vtt in order; what has no times, and what ends before it begins, is left out.

    Raises LeraError where there are too many, or none.
    """
    found: list[Cue] = []
    lines = text.split("\n")
    heads = [(row, match) for row, line in enumerate(lines) if _ARROW in line and (match := _TIMES.match(line))]
    ends = [*(row for row, _ in heads), len(lines)][1:]
    for (row, match), following in zip(heads, ends, strict=True):
        said = []
        for line in lines[row + 1 : following]:
            if not line.strip():
                break
            said.append(_TAG.sub("", line).strip())
        begin, end = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
        words = " ".join(filter(None, said))
        if words and begin < end <= LONGEST:
            found.append(Cue(begin, end, words))
    return sorted(_some(found, "subtitles"), key=lambda cue: cue[:2])


def _split(line: str) -> list[str]:
    """A line cut behind each sentence's end."""
    ends = [0, *(match.end() for match in _END.finditer(line)), len(line)]
    return [line[begin:end] for begin, end in itertools.pairwise(ends)]


def _pieces(sentence: str) -> list[str]:
    """A sentence in pieces that are read at once, as even as can be."""
    words = sentence.split()
    count = -(-len(words) // LONGEST_SENTENCE)
    return [" ".join(words[len(words) * at // count : len(words) * (at + 1) // count]) for at in range(count)]


def _some(found: list[_Any], what: str) -> list[_Any]:
    if len(found) > MOST_SENTENCES:
        raise LeraError(f"This text has more than {MOST_SENTENCES} {what}: cut it into parts.")
    if not found:
        raise LeraError(f"There are no {what} in this text: choose another file.")
    return found


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, rest = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + int((rest or "0").ljust(3, "0")) / 1000
