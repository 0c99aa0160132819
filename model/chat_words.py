"""Chat as plain words: what a message says once emotes, emoji, shouting, leet, spam and links are taken for what they
are. Pure: a message and a lexicon in, words out; nothing is kept.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from model.chat_language import english_share, latin_share

LONGEST: Final = 600
"""Letters of a message that are looked at; Twitch allows 500."""
LINK: Final = re.compile(
    r"^(https?://|www\.)\S+|^[\w-]+(\.[\w-]+)*\.(com|tv|gg|net|org|io|me|be|co|ly)(/\S*)?$", re.IGNORECASE
)
COMMAND: Final = re.compile(r"^\s*![a-zA-Z]")
# Lines that bots say in every channel: timers and thanks. Bots with names of their own are the caller's to leave out.
BOT: Final = re.compile(
    r"has been (live|streaming|following) for|current uptime|follow (me|us|him|her) on|join (the|our|my) discord|"
    r"check out (my|our|the) (socials|merch|youtube|discord)|use code \w+|is now live|won the giveaway|"
    r"thank(s| you) for (the (follow|raid|host|bits)|subscribing|following)|(just )?subscribed (with|at|for)|"
    r"gifted a (tier|sub)|is (gifting|raiding)",
    re.IGNORECASE,
)
MASKED: Final = {"f*ck": "fuck", "f**k": "fuck", "f***": "fuck", "sh*t": "shit", "s**t": "shit", "b*tch": "bitch"}
LEET: Final = str.maketrans("013457@$", "oieastas")
CAMEL: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
RUN: Final = re.compile(r"([^\W\d_])\1{2,}")
ALIKE: Final = re.compile(r"([!?.])\1{3,}")
AGAIN: Final = re.compile(r"^((?:[^\W\d_]){2,3}?)\1{2,}[^\W\d_]?$")
SOMEONE: Final = re.compile(r"\[(NAME|RELIGION)\]|@\w+")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What names mean, in plain words: emotes `exact` as they are typed and `loose` in lower case, `slang` in lower
    case, `emoji` by character; and `rank` of the words that the network knows whole: the lower, the more common."""

    exact: Mapping[str, str]
    loose: Mapping[str, str]
    slang: Mapping[str, str]
    emoji: Mapping[str, str]
    rank: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says: `words` to be read, and how far they can be read, `readable` 0..1; 0 means no guess."""

    words: str
    readable: float


NOTHING: Final = Message("", 0.0)


def read(text: str, lexicon: Lexicon) -> Message:
    """One chat message as words. Any string will do, also a broken one."""
    text = _clean(text)
    if COMMAND.match(text) or BOT.search(text):
        return NOTHING
    tokens = [token for token in text.split() if not LINK.match(token)]
    once = _joined(without_repeats(tokens))
    many = len(tokens) >= 3 and len(once) * 2 <= len(tokens) and len(once) > 1
    found: list[str] = []  # what the network reads
    spoken: list[str] = []  # the words among it, by which the language is told
    felt: list[str] = []  # the emotes and emoji among it
    for token in once:
        meaning = emote(token, lexicon, len(once))
        if meaning is not None:
            felt.append(meaning)
            found.append(f"({meaning})")
            continue
        word, faces = _without_emoji(token, lexicon.emoji)
        if word:
            said = _word(word, lexicon)
            found.append(said)
            if any(map(str.isalpha, said)):
                spoken += said.split()
        felt += faces
        found += [f"({face})" for face in faces]
    words = " ".join(without_repeats(found))
    if not spoken:
        return Message(words, 1.0) if felt else _marks_only(words)
    english = english_share(spoken, lexicon.rank) if latin_share(text) >= 0.5 else 0.0
    if english < 0.2:
        # Not a language we read, but emotes and emoji mean the same in all of them.
        return Message(" ".join(f"({meaning})" for meaning in without_repeats(felt)), 0.5) if felt else NOTHING
    if many or _shouted([token for token in once if token.isalpha()]):
        words += " !"
    return Message(words, max(min(1.0, english / 0.6), 0.6 if felt else 0.0))


def emote(token: str, lexicon: Lexicon, company: int = 1) -> str | None:
    """What an emote, an emoticon or a short form means, or None. One-letter names count only in short messages."""
    if len(token) == 1 and company > 3 and token.isalpha():
        return None
    meaning = lexicon.exact.get(token)
    if meaning is None:
        meaning = lexicon.loose.get(token.lower().strip(",.!?"))
    if meaning is None and len(token) > 4:
        # Makers of emotes vary known ones: wide, doubled, with a W behind.
        core = token.removeprefix("wide").removeprefix("HYPER").removesuffix("W")
        if core != token:
            meaning = lexicon.exact.get(core)
    return meaning


def without_repeats(tokens: Sequence[str]) -> list[str]:
    """The tokens with blocks that follow themselves said once: copypasta, rows of emotes."""
    kept: list[str] = []
    for token in tokens:
        kept.append(token)
        for size in range(1, min(24, len(kept) // 2) + 1):
            if kept[-1] == kept[-1 - size] and kept[-size:] == kept[-2 * size : -size]:
                del kept[-size:]
                break
    return kept


def spelled(word: str, rank: Mapping[str, int]) -> str:
    """A drawn-out word as it is spelled: of the ways to shorten its runs, the commonest word; `soooo` is `so`."""
    again = AGAIN.match(word)
    if again:
        return again[1] * 2
    runs = RUN.findall(word)
    if not runs:
        return word
    ways = [""]
    place = 0
    for run in RUN.finditer(word):
        before = word[place : run.start()]
        ends = (run[1], run[1] * 2) if len(ways) <= 4 else (run[1],)
        ways = [way + before + end for way in ways for end in ends]
        place = run.end()
    ways = [way + word[place:] for way in ways]
    return min(ways, key=lambda way: (rank.get(way.lower(), 1 << 20), len(way)))


def _word(token: str, lexicon: Lexicon) -> str:
    """One token that is no emote, in plain words."""
    token = ALIKE.sub(r"\1\1\1", SOMEONE.sub("someone", token))
    core = token.strip(".,!?;:\"'()*~-_")
    if not core:
        return token
    plain = _plain_core(core, lexicon)
    return token.replace(core, plain) if plain != core else token


def _plain_core(core: str, lexicon: Lexicon) -> str:
    rank = lexicon.rank
    low = core.lower()
    meant = lexicon.slang.get(low) or MASKED.get(low)
    if meant or low in rank:
        return meant or core
    short = spelled(core, rank)
    if short != core:
        return lexicon.slang.get(short.lower()) or lexicon.loose.get(short.lower()) or short
    letters = sum(map(str.isalpha, core))
    if len(core) > 2 and letters and letters < len(core) and not core.isalpha():
        for way in (low.translate(LEET), low.replace("1", "l").translate(LEET)):
            if way in rank:
                return way
    if core.isascii() and core.isalnum() and not (core.islower() or core.isupper() or core.istitle()):
        parts = CAMEL.findall(core)
        return " ".join(lexicon.exact.get(part) or lexicon.loose.get(part.lower()) or part for part in parts)
    return core


def _clean(text: str) -> str:
    """The start of a message without what can't be seen; letters in fancy dress become plain ones."""
    text = text[:LONGEST]
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFKC", text.replace("\u2019", "'").replace("\u2764\ufe0f", "\u2764"))
    # Cc, Cf, Cs, Co, Cn: control and zero-width characters, halves of a pair, private and unassigned ones.
    return "".join(
        letter if letter.isascii() and letter.isprintable() else " " if letter.isspace() else letter
        for letter in text
        if letter.isspace() or unicodedata.category(letter)[0] != "C"
    )


def _without_emoji(token: str, emoji: Mapping[str, str]) -> tuple[str, list[str]]:
    """A token's letters, and the meanings of the emoji in it, each once."""
    if token.isascii():
        return token, []
    letters, faces = [], dict[str, None]()
    for letter in token:
        meaning = emoji.get(letter)
        if meaning:
            faces[meaning] = None
        elif unicodedata.category(letter) in ("So", "Sk", "Mn", "Me"):
            continue  # other pictures, skin tones, variation selectors
        else:
            letters.append(letter)
    return "".join(letters), list(faces)


def _joined(tokens: Sequence[str]) -> list[str]:
    """Words that were written with a space after every letter, put together: `S W A T` is `SWAT`."""
    single = [len(token) == 1 and token.isalpha() and token.isascii() for token in tokens]
    if len(tokens) >= 3 and all(single):
        return ["".join(tokens)]
    return list(tokens)


def _shouted(words: Sequence[str]) -> bool:
    """Whether most letters of several words are capitals, as in a shout."""
    letters = "".join(words)
    return len(words) > 1 and len(letters) >= 4 and sum(map(str.isupper, letters)) > 0.7 * len(letters)


def _marks_only(words: str) -> Message:
    """A message of signs alone: a row of question marks says something, a lone dot does not."""
    return Message(words, 0.5) if "?" in words or "!" in words else NOTHING


def known_words(pieces: Collection[str]) -> dict[str, int]:
    """Of a vocabulary in order of its numbers, the whole words and their ranks: the first are the commonest."""
    return {
        piece: rank for rank, piece in enumerate(pieces) if piece.isalpha() and (len(piece) > 1 or piece in ("i", "a"))
    }
