"""What chat reads: every line friendly, under 200 characters, and honest below the minimum."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import ALIASES, MAX_LENGTH, Asker, Commands
from bot.crowd import Crowd
from bot.peaks import Peaks
from model.emotions import EMOTIONS
from transport.reading import Probabilities, Reading

SEVEN: Probabilities = (0.5, 0.25, 0.1, 0.06, 0.04, 0.03, 0.02)


class Stage:
    """A stream with a given mood."""

    def __init__(self, viewers: int = 12, trend: Probabilities | None = None, chatters: int = 0) -> None:
        crowd = Crowd(minimum_viewers=3)
        for number in range(viewers):
            crowd.take(Reading(str(number), "face", 1000.0, SEVEN), 1000.0)
        for number in range(chatters):
            crowd.take(Reading(f"chat:{number}", "chat", 1000.0, SEVEN), 1000.0)
        self.mood = msgspec.structs.replace(crowd.mood(1000.0), trend=trend)
        self.peaks = Peaks()
        self.peaks.add(self.mood)
        self.started = 400.0
        self.own: dict[str, Probabilities] = {"key-of-ann": SEVEN}

    def reading_of(self, viewer: str) -> Probabilities | None:
        return self.own.get(viewer)


def ask(text: str, stage: Stage | None = None, asker: Asker | None = None) -> str | None:
    return Commands(stage or Stage()).answer(text, asker or Asker("ann"), 1120.0)


def test_mood() -> None:
    assert ask("!mood") == (
        "The crowd looks happy: happiness 50%, then sadness 25% and neutral 10%. 12 viewers are taking part."
    )


def test_mood_says_how_much_is_faces_and_how_much_is_chat() -> None:
    assert ask("!mood", Stage(viewers=40, chatters=120)) == (
        "The crowd looks happy: happiness 50%, then sadness 25% and neutral 10% "
        "(40 faces, 120 chatters, 60% from chat)."
    )
    assert str(ask("!mood joy", Stage(viewers=40, chatters=1))).startswith(
        "Happiness is at 50% among 40 faces and 1 ch"
    )


@pytest.mark.parametrize("faces", [0, 2])
def test_a_mood_of_chat_alone_speaks_of_chatters(faces: int) -> None:
    stage = Stage(viewers=faces, chatters=120)
    assert str(ask("!mood", stage)).endswith("neutral 10%. 120 chatters are taking part.")
    assert "among 120 chatters, likely" in str(ask("!mood joy", stage))


@pytest.mark.parametrize("word", ["happiness", "HAPPY", "joy"])
def test_one_emotion(word: str) -> None:
    assert ask(f"!mood {word}") == (
        "Happiness is at 50% among 12 viewers, likely between 29% and 71%. Its peak was 50%, 2 minutes ago."
    )


def test_trend() -> None:
    assert ask("!mood trend") == "No trend yet: give the crowd half a minute."
    moved = Stage(trend=(0.12, -0.08, 0.0, 0.0, -0.04, 0.0, 0.0))
    assert ask("!mood trend", moved) == "Over the last half minute happiness rose by 12 points and sadness fell by 8."
    still = Stage(trend=(0.01, -0.01, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert "Steady" in str(ask("!mood trend", still))


def test_peak() -> None:
    assert ask("!mood peak") == (
        "The strongest moment so far was happiness, at 50%, 2 minutes ago (10:00 into the stream)."
    )
    assert "gathering" in str(ask("!mood peak", Stage(viewers=0)))


def test_me_needs_to_know_who_asks() -> None:
    assert "can't tell which viewer you are" in str(ask("!mood me"))
    assert ask("!mood me", asker=Asker("ann", viewer="key-of-ann")) == (
        "@ann, your face looks like happiness 50% and sadness 25%."
    )
    assert "isn't sending" in str(ask("!mood me", asker=Asker("bob", viewer="gone")))


def test_privacy_and_help_say_what_there_is() -> None:
    assert "never a picture" in str(ask("!mood privacy"))
    assert "Chat is scored and dropped, never kept." in str(ask("!mood privacy"))
    for word in ("trend", "peak", "me", "privacy"):
        assert f"!mood {word}" in str(ask("!mood help"))
    assert "!mood help" in str(ask("!mood nonsense"))


@pytest.mark.parametrize("word", ["", "happy", "trend"])
def test_below_the_minimum_no_share_is_told(word: str) -> None:
    reply = ask(f"!mood {word}", Stage(viewers=2))
    assert reply is not None and "2 of 3 viewers" in reply and "%" not in reply


@pytest.mark.parametrize("text", ["!Mood HAPPINESS!", "!mood, joy", "!mood happy \U000e0000", "!mood\u200b happy"])
def test_people_type_as_people_do(text: str) -> None:
    assert str(ask(text)).startswith("Happiness is at")


def test_a_prefix_of_letters_works() -> None:
    assert Commands(Stage(), prefix="L!").answer("L!mood", Asker("ann"), 0.0)


@pytest.mark.parametrize("text", ["", "   ", "hello", "!moody", "mood", "! mood", "!!mood"])
def test_other_chat_is_left_alone(text: str) -> None:
    assert ask(text) is None


def test_cooldowns_are_silent_and_the_broadcaster_has_none() -> None:
    commands = Commands(Stage(), user_cooldown=10, channel_cooldown=3)
    ann, bob = Asker("ann"), Asker("bob")
    assert commands.answer("!mood", ann, 0.0)
    assert commands.answer("!mood", bob, 1.0) is None
    assert commands.answer("!mood", bob, 3.0), "the channel's denial must not cost bob his own turn"
    assert commands.answer("!mood", ann, 6.5) is None
    assert commands.answer("!mood", ann, 10.0)
    assert all(commands.answer("!mood", Asker("me", "broadcaster"), 10.0) for _ in range(5))


def test_chatter_does_not_use_up_a_turn() -> None:
    commands = Commands(Stage(), user_cooldown=10, channel_cooldown=3)
    assert commands.answer("hello", Asker("ann"), 0.0) is None
    assert commands.answer("!mood", Asker("ann"), 0.0)


def test_memory_of_askers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Commands, "REMEMBERED_USERS", 10)
    commands = Commands(Stage())
    for number in range(100):
        commands.answer("!mood", Asker(str(number)), 100.0 * number)
    assert len(commands._users) <= 10


words = st.sampled_from(["", *EMOTIONS, *ALIASES, *Commands.SUBCOMMANDS, "x"]) | st.text()


@given(
    word=words, name=st.text(max_size=500), viewers=st.integers(0, 5), chatters=st.integers(0, 5), known=st.booleans()
)
def test_every_answer_is_one_short_line(word: str, name: str, viewers: int, chatters: int, known: bool) -> None:
    stage = Stage(viewers, chatters=chatters)
    reply = ask(f"!mood {word}", stage, Asker(name, viewer="key-of-ann" if known else None))
    assert reply is not None and 0 < len(reply) <= MAX_LENGTH
