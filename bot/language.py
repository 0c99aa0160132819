"""LERA's words in chat: every text a template, in each language, and the words by which people call the seven.

The texts lie in `bot/texts/`, one file for each language; a streamer's own ones stand in their place.
"""

import functools
import string
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

from model.emotions import EMOTIONS

LanguageName = Literal["en", "zh-TW"]

_FOLDER: Final = Path(__file__).with_name("texts")
JOINER: Final = "\N{ZERO WIDTH JOINER}"

# What each {variable} stands for; the README says the same to streamers.
VARIABLES: Final = {
    "user": "who asked",
    "mood": "the command with its prefix, as in !mood",
    "feel": "the command with its prefix, as in !feel",
    "emotion": "the emotion that is asked for; of the whole crowd, the leading one",
    "share": "its share of the crowd, as in 62%",
    "low": "the lower end of the 90 % range of share or score",
    "high": "the upper end of the 90 % range of share or score",
    "top": "the emotion that leads",
    "looks": "how a crowd looks in which it leads, as in happy",
    "ranking": "the largest shares, at most three, as in happiness 62%, neutral 20% and fear 10%",
    "viewers": "the number of votes that count",
    "minimum": "how many it takes",
    "voters": "whose votes they are, as in 40 faces and 120 chatters",
    "faces": "the number of faces",
    "chatters": "the number of chatters",
    "chat_part": "how much of the mood comes from chat, as in 61%",
    "trend": "what moved in the last half minute",
    "peak": "the emotion's largest share of this stream",
    "ago": "how long ago that was",
    "into": "how far into the stream that was",
    "score": "the resonance, 0 to 100",
    "lag": "how many seconds the crowd is behind the streamer",
    "sides": "who disagreed then, as in faces and chat",
    "before": "how the crowd looked before, as in calm",
    "text": "the line on the overlay",
    "seconds": "for how long it is shown, or holds",
    "epsilon": "the privacy budget of one noisy release",
    "spent": "the privacy budget that is spent so far",
    "limit": "how many characters it may have",
    "url": "the clip's address",
    "reason": "why there is none",
    "name": "whom it is about",
    "count": "a number",
    "points": "by how many percentage points",
    "first": "all but the last of a list",
    "last": "the last of a list",
}

_ALWAYS: Final = frozenset({"user", "mood", "feel"})
_MOOD: Final = frozenset(
    {
        "emotion", "share", "low", "high", "top", "looks", "ranking", "viewers", "minimum", "voters", "faces",
        "chatters", "chat_part", "trend",
    }
)  # fmt: skip
# What a text may speak of, besides _ALWAYS.
TEXTS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("mood", "mood_mixed", "emotion", "trend", "trend_steady", "trend_unknown"), _MOOD),
    "emotion_peak": _MOOD | {"peak", "ago"},
    "peak": frozenset({"emotion", "share", "ago", "into"}),
    "peak_disputed": frozenset({"emotion", "share", "ago", "into", "sides"}),
    "resonance": frozenset({"score", "low", "high", "lag"}),
    "resonance_unsure": frozenset({"score", "low", "high"}),
    "me": frozenset({"emotion", "share", "ranking"}),
    "gathering": frozenset({"viewers", "minimum"}),
    "announcement": _MOOD | {"before"},
    "said": frozenset({"text", "seconds"}),
    "privacy_noise": frozenset({"epsilon", "seconds", "spent"}),
    "say_how": frozenset({"limit"}),
    "clip": frozenset({"url"}),
    "clip_failed": frozenset({"reason"}),
    **dict.fromkeys(("banned", "unbanned", "ban_unknown", "unban_unknown"), frozenset({"name"})),
    **dict.fromkeys(("feel", "feel_face"), frozenset({"emotion"})),
    **dict.fromkeys(
        (
            "peak_unknown", "resonance_unknown", "resonance_absent", "me_unlinked", "me_away", "me_private", "resting",
            "privacy", "help", "help_moderators", "unknown",
            "feel_how", "feel_off", "linked", "link_how", "link_wrong", "forgotten", "paused", "resumed", "reset",
            "overlay_on", "overlay_off", "overlay_how", "overlay_hidden", "clip_busy", "clip_needs_platform",
            "ban_how", "unban_how",
        ),
        frozenset[str](),
    ),
}  # fmt: skip
# Pieces of the texts, without a user.
PIECES: Final[Mapping[str, frozenset[str]]] = {
    "ranked": frozenset({"emotion", "share"}),
    **dict.fromkeys(("comma", "and"), frozenset({"first", "last"})),
    **dict.fromkeys(("rose", "fell"), frozenset({"emotion", "points"})),
    **dict.fromkeys(("steady", "no_trend", "just_now", "side_faces", "side_chat", "side_streamer"), frozenset[str]()),
    **dict.fromkeys(
        (
            "viewer", "viewers", "face", "faces", "chatter", "chatters", "seconds_ago", "minutes_ago", "hours_ago",
        ),
        frozenset({"count"}),
    ),
}  # fmt: skip


class Language:
    """The texts of one language, with a streamer's own in their place."""

    def __init__(self, name: LanguageName = "en", own: Mapping[str, str] | None = None) -> None:
        """`own` must have passed `fault_of`."""
        content = _content(name)
        self.name = name
        self._texts: dict[str, str] = {**content["texts"], **(own or {})}
        self._emotions: dict[str, dict[str, Any]] = content["emotions"]

    def say(self, text: str, /, **values: str) -> str:
        """One whole answer, filled."""
        said = self._texts[text].format_map(values)
        return said[:1].upper() + said[1:]

    def piece(self, text: str, /, **values: str) -> str:
        """A piece of an answer, filled."""
        return self._texts[text].format_map(values)

    def joined(self, items: list[str]) -> str:
        """A list as people write it: "a, b and c"."""
        *others, last = items
        if not others:
            return last
        first = functools.reduce(lambda before, item: self.piece("comma", first=before, last=item), others)
        return self.piece("and", first=first, last=last)

    def name_of(self, emotion: str) -> str:
        """What an emotion is called, as in "happiness"."""
        return str(self._emotions[emotion]["name"])

    def looks_of(self, emotion: str) -> str:
        """How a crowd looks in which the emotion leads, as in "happy"."""
        return str(self._emotions[emotion]["looks"])


def emotion_of(word: str) -> str | None:
    """Which of the seven somebody means, in any of the languages; None for a word that is none."""
    return _words().get(folded(word))


def plain(word: str) -> str:
    """A word without case and wide letters, which an input method for Chinese types."""
    return unicodedata.normalize("NFKC", word).casefold()


def folded(word: str) -> str:
    """A word as it is compared: plain, and without punctuation at its end."""
    return plain(word).rstrip("!?.,;:)。、~")


def one_line(text: str) -> str:
    """Without the invisible characters that chat clients add so that a message may be sent twice, or that turn a line
    around; only the joiner of emoji stays. Spaces and what controls a terminal become one space."""
    letters = []
    for letter in text:
        category = unicodedata.category(letter)
        if letter == JOINER or category not in ("Cf", "Cn", "Co", "Cs"):
            letters.append(" " if category == "Cc" else letter)
    return " ".join("".join(letters).split())


def fault_of(text: str, template: str) -> str | None:
    """What is wrong with a streamer's own text, for people; None when it will do."""
    known = TEXTS.get(text)
    allowed = _ALWAYS | known if known is not None else PIECES.get(text)
    if allowed is None:
        return f"there is no text `{text}`; known are {', '.join([*TEXTS, *PIECES])}"
    if not template.strip() or not template.isprintable():
        return "must be one line of text"
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return "has a lone { or }; write {{ or }} for the sign itself"
    for _, variable, form, conversion in fields:
        # Names alone: a template must not look into anything, nor make a number a hundred digits wide.
        if variable is not None and (variable not in allowed or form or conversion):
            names = ", ".join(f"{{{name}}}" for name in VARIABLES if name in allowed)
            return f"knows no variable {{{variable}}}; there are {names or 'none in this text'}"
    return None


@functools.cache
def _content(name: LanguageName) -> dict[str, dict[str, Any]]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


@functools.cache
def _words() -> dict[str, str]:
    found = {emotion: emotion for emotion in EMOTIONS}
    for name in get_args(LanguageName):
        for emotion, words in _content(name)["emotions"].items():
            found.update((folded(word), emotion) for word in [words["name"], *words["words"]])
    return found
