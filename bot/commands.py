"""What chat gets for `!mood`. Pure: the same code answers Twitch and the demo's terminal."""

import unicodedata
from collections import OrderedDict
from typing import Final, Literal, Protocol

from msgspec import Struct

from bot.crowd import Mood
from bot.peaks import Peak, Peaks
from model.emotions import EMOTIONS
from transport.limits import Rate
from transport.reading import Probabilities

COMMAND: Final = "mood"
MAX_LENGTH: Final = 200

_PUNCTUATION: Final = "!?.,;:)"

Role = Literal["broadcaster", "moderator", "vip", "subscriber", "everyone"]
"""From the one who may do most to those who may do least."""

# What people call them in chat.
ALIASES: Final = {
    "happy": "happiness", "joy": "happiness", "fun": "happiness",
    "sad": "sadness", "cry": "sadness",
    "calm": "neutral", "meh": "neutral",
    "angry": "anger", "mad": "anger", "rage": "anger",
    "surprised": "surprise", "shock": "surprise", "wow": "surprise",
    "disgusted": "disgust", "ew": "disgust",
    "scared": "fear", "afraid": "fear", "scary": "fear",
}  # fmt: skip
# How a crowd in which it leads is said to look.
LOOKS: Final = {
    "happiness": "happy", "sadness": "sad", "neutral": "calm", "anger": "angry",
    "surprise": "surprised", "disgust": "disgusted", "fear": "scared",
}  # fmt: skip


class Asker(Struct, frozen=True):
    """Who typed the command, in the highest role that they have.

    `viewer` is the opaque key of the agent that is known to be theirs, if any. `id` is the platform's id of who wrote
    it, as in `ChatMessage.chatter`: without one, nothing can be kept, forgotten or linked for them.
    """

    name: str
    role: Role = "everyone"
    viewer: str | None = None
    id: str = ""


class Stage(Protocol):
    """What the commands may look at."""

    mood: Mood
    peaks: Peaks
    started: float

    def reading_of(self, viewer: str) -> Probabilities | None:
        """The viewer's own counted reading."""


class Commands:
    """Answers `!mood …`, one friendly line of at most 200 characters, or nothing while it cools down."""

    SUBCOMMANDS: Final = ("trend", "peak", "me", "privacy", "help")
    REMEMBERED_USERS: Final = 4096

    def __init__(
        self, stage: Stage, prefix: str = "!", user_cooldown: float = 10.0, channel_cooldown: float = 3.0
    ) -> None:
        self._stage = stage
        self._prefix = prefix.lower()
        self._user_cooldown = user_cooldown
        self._channel = Rate(channel_cooldown)
        self._users: OrderedDict[str, Rate] = OrderedDict()

    def answer(self, text: str, asker: Asker, now: float) -> str | None:
        """The reply to one chat message; None when it is no command of ours, or too soon after the last."""
        words = _visible(text).lower().split()
        if not words or words[0].rstrip(_PUNCTUATION) != self._prefix + COMMAND or not self._may_ask(asker, now):
            return None
        return _fitting(self._reply(words[1].rstrip(_PUNCTUATION) if len(words) > 1 else "", asker, now))

    def _reply(self, word: str, asker: Asker, now: float) -> str:
        mood = self._stage.mood
        match word:
            case "help":
                return self._help()
            case "privacy":
                return (
                    "Faces are read on the viewer's own computer, only with their yes: seven numbers leave it, never "
                    "a picture. They can pause at any time. Chat is scored and dropped, never kept."
                )
            case "me":
                return self._own(asker)
            case "":
                return _summary(mood) if mood.shares else _gathering(mood)
            case "trend":
                return _trend(mood) if mood.shares else _gathering(mood)
            case "peak":
                return self._peak(self._stage.peaks.strongest(), now)
        emotion = ALIASES.get(word, word)
        if emotion not in EMOTIONS:
            return f"I don't know that one. Try {self._prefix}mood, or {self._prefix}mood help."
        return self._single(emotion, mood, now) if mood.shares else _gathering(mood)

    def _help(self) -> str:
        mood = self._prefix + COMMAND
        return (
            f"{mood} shows how the crowd looks. Also: {mood} happiness (or another emotion), {mood} trend, "
            f"{mood} peak, {mood} me, {mood} privacy."
        )

    def _single(self, emotion: str, mood: Mood, now: float) -> str:
        assert mood.shares is not None and mood.intervals is not None
        index = EMOTIONS.index(emotion)
        low, high = mood.intervals[index]
        text = (
            f"{emotion.capitalize()} is at {_percent(mood.shares[index])} among {_voters(mood)}, "
            f"likely between {_percent(low)} and {_percent(high)}."
        )
        peak = self._stage.peaks.of(emotion)
        return f"{text} Its peak was {_percent(peak.share)}, {_ago(now - peak.time)}." if peak else text

    def _peak(self, peak: Peak | None, now: float) -> str:
        if peak is None:
            return "No peak yet: the crowd is still gathering."
        into = _clock(peak.time - self._stage.started)
        return (
            f"The strongest moment so far was {peak.emotion}, at {_percent(peak.share)}, "
            f"{_ago(now - peak.time)} ({into} into the stream)."
        )

    def _own(self, asker: Asker) -> str:
        if asker.viewer is None:
            return f"@{asker.name}, I can't tell which viewer you are: readings carry no names. Your agent knows."
        own = self._stage.reading_of(asker.viewer)
        if own is None:
            return f"@{asker.name}, your agent isn't sending a reading right now."
        return f"@{asker.name}, your face looks like {' and '.join(_ranked(own)[:2])}."

    def _may_ask(self, asker: Asker, now: float) -> bool:
        if asker.role == "broadcaster":
            return True
        user = self._users.setdefault(asker.name, Rate(self._user_cooldown))
        self._users.move_to_end(asker.name)
        if len(self._users) > self.REMEMBERED_USERS:
            self._users.popitem(last=False)
        # Asked of the channel first: a turn that the channel denies must not use up the user's own.
        return self._channel.ready(now) and user.allow(now) and self._channel.allow(now)


def _summary(mood: Mood) -> str:
    assert mood.shares is not None and mood.top is not None
    first, *rest = _ranked(mood.shares)[:3]
    others = f", then {' and '.join(rest)}" if rest else ""
    looks = f"The crowd looks {LOOKS[mood.top]}: {first}{others}"
    if mood.faces.part and mood.chat.part:
        faces, chatters = _number(mood.faces.voters, "face"), _number(mood.chat.voters, "chatter")
        return f"{looks} ({faces}, {chatters}, {_percent(mood.chat.part)} from chat)."
    return f"{looks}. {_voters(mood, capital=True)} {'is' if mood.viewers == 1 else 'are'} taking part."


def _ranked(shares: Probabilities) -> list[str]:
    """Such as "happiness 62%", largest first, without what is too small to mention; never empty."""
    ranked = sorted(zip(shares, EMOTIONS, strict=True), reverse=True)
    return [f"{name} {_percent(share)}" for place, (share, name) in enumerate(ranked) if share >= 0.05 or place == 0]


def _trend(mood: Mood) -> str:
    if mood.trend is None:
        return "No trend yet: give the crowd half a minute."
    changes = sorted(zip(mood.trend, EMOTIONS, strict=True))
    (fall, falling), (rise, rising) = changes[0], changes[-1]
    parts = []
    if rise >= 0.03:
        parts.append(f"{rising} rose by {round(rise * 100)} points")
    if fall <= -0.03:
        parts.append(f"{falling} fell by {round(-fall * 100)}")
    if not parts:
        return "Steady: no emotion moved by more than three points in half a minute."
    return f"Over the last half minute {' and '.join(parts)}."


def _gathering(mood: Mood) -> str:
    return (
        f"Gathering the crowd: {mood.viewers} of {mood.minimum_viewers} viewers so far. "
        "With fewer I don't tell, to protect each one."
    )


def _percent(share: float) -> str:
    return f"{round(share * 100)}%"


def _voters(mood: Mood, capital: bool = False) -> str:
    """Whose votes count: "38 faces and 120 chatters", or "12 viewers" where there are only faces."""
    faces, chatters = mood.faces, mood.chat
    if faces.part and chatters.part:
        return f"{_number(faces.voters, 'face')} and {_number(chatters.voters, 'chatter')}"
    kind = "chatter" if chatters.part else "viewer"
    if mood.viewers == 1:
        return f"One {kind}" if capital else f"one {kind}"
    return _number(mood.viewers, kind)


def _number(count: int, kind: str) -> str:
    return f"{count} {kind}{'' if count == 1 else 's'}"


def _ago(seconds: float) -> str:
    if seconds < 10:
        return "just now"
    if seconds < 90:
        return f"{round(seconds)} seconds ago"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes ago"
    return f"{seconds / 3600:.1f} hours ago"


def _clock(seconds: float) -> str:
    minutes, second = divmod(max(0, round(seconds)), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def _visible(text: str) -> str:
    """Without the invisible characters that chat clients add so that a message may be sent twice."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cf", "Cn", "Co"))


def _fitting(text: str) -> str:
    """At most MAX_LENGTH characters, cut at a word: names come from outside and may be long."""
    if len(text) <= MAX_LENGTH:
        return text
    return text[: MAX_LENGTH - 1].rsplit(" ", 1)[0][: MAX_LENGTH - 1] + "…"
