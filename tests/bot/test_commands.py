"""What chat reads: every line friendly, under 200 characters, and honest below the minimum."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.command_settings import COMMANDS, MODERATORS, CommandSettings, Role
from bot.commands import MAX_LENGTH, MAX_LINE, Asker, ClipWanted, Commands, Felt
from bot.cooldowns import Cooldowns
from bot.crowd import Crowd
from bot.language import _words
from bot.peaks import Peaks
from bot.privacy import Noise, PrivacySettings
from bot.streamer_side import StreamerSide
from model.emotions import EMOTIONS
from transport.reading import Probabilities, Reading

SEVEN: Probabilities = (0.5, 0.25, 0.1, 0.06, 0.04, 0.03, 0.02)
MODERATOR = Asker("mod", "moderator", id="9")


class Stage:
    """A stream with a given mood, which writes down what it is told to do."""

    def __init__(self, viewers: int = 12, trend: Probabilities | None = None, chatters: int = 0) -> None:
        crowd = Crowd(minimum_viewers=3)
        for number in range(viewers):
            crowd.take(Reading(str(number), "face", 1000.0, SEVEN), 1000.0)
        for number in range(chatters):
            crowd.take(Reading(f"chat:{number}", "chat", 1000.0, SEVEN), 1000.0)
        self.mood = msgspec.structs.replace(crowd.mood(1000.0), trend=trend)
        self.peaks = Peaks()
        self.peaks.add(self.mood)
        self.streamer_side = StreamerSide(shown=True)
        self.started = 400.0
        self.paused = False
        self.shown = True
        self.own: dict[str, Probabilities] = {"key-of-ann": SEVEN}
        self.tellable = {"key-of-ann"}
        self.noise = Noise(PrivacySettings())
        self.felt: Felt = "counted"
        self.codes = {"ABCD2345"}
        self.done: list[Any] = []
        self.roster = self

    def reading_of(self, viewer: str) -> Probabilities | None:
        return self.own.get(viewer)

    def may_tell(self, viewer: str) -> bool:
        return viewer in self.tellable

    def feel(self, asker: Asker, emotion: str) -> Felt:
        self.done.append((asker.name, emotion))
        return self.felt

    def link(self, asker: Asker, code: str) -> bool:
        self.done.append((asker.name, code))
        return code in self.codes

    def ban(self, name: str) -> bool:
        self.done.append(("ban", name))
        return name == "ann"

    unban = ban

    def forget_chatter(self, asker: Asker) -> None:
        self.done.append(("forget", asker.name))

    def pause(self, paused: bool) -> None:
        self.paused = paused

    def reset(self) -> None:
        self.done.append("reset")

    def show_overlay(self, shown: bool) -> None:
        self.done.append(shown)

    def show_line(self, text: str, seconds: float) -> bool:
        self.done.append((text, seconds))
        return self.shown


def ask(text: str, stage: Stage | None = None, asker: Asker | None = None, **settings: Any) -> Any:
    commands = Commands(stage or Stage(), settings=CommandSettings(**settings))
    return commands.answer(text, asker or Asker("ann", id="1"), 1120.0)


def test_mood() -> None:
    assert ask("!mood") == (
        "The crowd looks happy: happiness 50%, sadness 25% and neutral 10%. Taking part: 12 viewers."
    )


def test_mood_says_how_much_is_faces_and_how_much_is_chat() -> None:
    assert ask("!mood", Stage(viewers=40, chatters=120)) == (
        "The crowd looks happy: happiness 50%, sadness 25% and neutral 10% (40 faces and 120 chatters, 60% from chat)."
    )
    assert ask("!mood joy", Stage(viewers=40, chatters=1)).startswith(
        "Happiness is at 50% among 40 faces and 1 chatter,"
    )


@pytest.mark.parametrize("faces", [0, 2])
def test_a_mood_of_chat_alone_speaks_of_chatters(faces: int) -> None:
    stage = Stage(viewers=faces, chatters=120)
    assert ask("!mood", stage).endswith("neutral 10%. Taking part: 120 chatters.")
    assert "among 120 chatters, likely" in ask("!mood joy", stage)


@pytest.mark.parametrize("word", ["happiness", "HAPPY", "joy", "開心"])
def test_one_emotion(word: str) -> None:
    assert ask(f"!mood {word}") == (
        "Happiness is at 50% among 12 viewers, likely between 29% and 71%. Its peak was 50%, 2 minutes ago."
    )


def test_trend() -> None:
    assert ask("!mood trend") == "No trend yet: give the crowd half a minute."
    moved = Stage(trend=(0.12, -0.08, 0.0, 0.0, -0.04, 0.0, 0.0))
    assert ask("!mood trend", moved) == (
        "Over the last half minute happiness rose by 12 points and sadness fell by 8 points."
    )
    still = Stage(trend=(0.01, -0.01, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert "Steady" in ask("!mood trend", still)


def test_peak() -> None:
    assert ask("!mood peak") == (
        "The strongest moment so far was happiness, at 50%, 2 minutes ago (10:00 into the stream)."
    )
    assert "gathering" in ask("!mood peak", Stage(viewers=0))


def test_me_needs_to_know_who_asks() -> None:
    assert "can't tell which viewer you are" in ask("!mood me")
    assert ask("!mood me", asker=Asker("ann", viewer="key-of-ann")) == (
        "@ann, your face looks like happiness 50% and sadness 25%."
    )
    assert "isn't sending" in ask("!mood me", asker=Asker("bob", viewer="gone"))


def test_privacy_and_help_say_what_there_is() -> None:
    assert "never a picture" in ask("!mood privacy")
    assert "Chat is scored and dropped, never kept." in ask("!mood privacy")
    for word in ("trend", "peak", "me", "link", "forget", "privacy"):
        assert word in ask("!mood help") and word in ask("!mood help", asker=MODERATOR)
    for word in MODERATORS:
        assert word not in ask("!mood help") and word in ask("!mood help", asker=MODERATOR)


@pytest.mark.parametrize("word", ["", "happy", "trend"])
def test_below_the_minimum_no_share_is_told(word: str) -> None:
    reply = ask(f"!mood {word}", Stage(viewers=2))
    assert "2 of 3 viewers" in reply and "%" not in reply


WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


@pytest.mark.parametrize(
    "text",
    [
        "!Mood HAPPINESS!",
        "!mood, joy",
        "!mood happy \U000e0000",
        "!mood\u200b happy",
        "!mood".translate(WIDE) + " 開心",
    ],
)
def test_people_type_as_people_do(text: str) -> None:
    assert ask(text).startswith("Happiness is at")


def test_a_prefix_of_letters_works() -> None:
    assert Commands(Stage(), prefix="L!").answer("L!mood", Asker("ann"), 0.0)
    assert "L!mood help" in str(Commands(Stage(), prefix="L!").answer("l!mood nonsense", Asker("ann"), 0.0))


@pytest.mark.parametrize("text", ["", "   ", "!", "hello", "!moody", "mood", "! mood", "!!mood", "\U000e0000"])
def test_other_chat_is_left_alone(text: str) -> None:
    assert ask(text) is None


@pytest.mark.parametrize("text", ["!feel joy", "!mood feel joy", "!FEEL 開心！"])
def test_a_vote_without_a_camera(text: str) -> None:
    stage = Stage()
    assert ask(text, stage) == "@ann, your vote counts: happiness."
    assert stage.done == [("ann", "happiness")]
    stage.felt = "face"
    assert "one person, one vote" in ask(text, stage)
    stage.felt = "off"
    assert "don't count" in ask(text, stage)


def test_a_vote_for_nothing_is_asked_again() -> None:
    stage = Stage()
    assert "!feel joy" in ask("!feel", stage) and "!feel joy" in ask("!feel cheese", stage)
    assert stage.done == []


def test_every_vote_counts_though_not_every_one_is_answered() -> None:
    stage = Stage()
    commands = Commands(stage)
    replies = [commands.answer("!feel joy", Asker(str(number), id=str(number)), 0.0) for number in range(50)]
    assert len(stage.done) == 50 and sum(reply is not None for reply in replies) == 1


def test_linking() -> None:
    stage = Stage()
    assert "press l" in ask("!mood link", stage)
    assert "doesn't work" in ask("!mood link ZZZZ9999", stage)
    assert "your agent is linked" in ask("!mood link ABCD2345", stage)
    assert stage.done == [("ann", "ZZZZ9999"), ("ann", "ABCD2345")]


@pytest.mark.parametrize("settings", [CommandSettings(), CommandSettings(cooldowns={"link": 0.0})])
def test_codes_cannot_be_guessed_in_a_row_whatever_the_settings(settings: CommandSettings) -> None:
    stage = Stage()
    commands = Commands(stage, user_cooldown=0, channel_cooldown=0, settings=settings)
    for number in range(100):
        commands.answer(f"!mood link AAAA{number:04}", Asker("eve", id="6"), number / 100)
    assert 1 <= len(stage.done) <= 5


def test_forgetting_is_never_too_soon() -> None:
    stage = Stage()
    commands = Commands(stage)
    assert commands.answer("!mood", Asker("ann", id="1"), 0.0)
    assert "erased" in str(commands.answer("!mood forget", Asker("ann", id="1"), 0.1))
    for _ in range(30):
        commands.answer("!mood forget", Asker("ann", id="1"), 0.2)
    assert stage.done == [("forget", "ann")] * 31


def test_moderators_turn_the_switches() -> None:
    stage = Stage()
    assert "rests" in ask("!mood pause", stage, MODERATOR) and stage.paused
    for text in ("!mood", "!mood joy", "!mood trend", "!mood peak", "!mood me", "!feel joy"):
        assert "rests" in ask(text, stage), text
    for text in ("!mood help", "!mood privacy", "!mood forget", "!mood link"):
        assert "rests" not in ask(text, stage), text
    assert "awake" in ask("!mood resume", stage, MODERATOR) and not stage.paused
    stage.done.clear()
    assert "forgotten" in ask("!mood reset", stage, MODERATOR)
    assert "hidden" in ask("!mood overlay off", stage, MODERATOR)
    assert "shown" in ask("!mood overlay ON", stage, MODERATOR)
    assert "overlay on" in ask("!mood overlay", stage, MODERATOR)
    assert stage.done == ["reset", False, True]


def test_a_line_for_the_overlay() -> None:
    stage = Stage()
    assert ask("!mood say  Hello  Chat!", stage, MODERATOR) == "On the overlay for 10 seconds: Hello Chat!"
    longest = "字" * MAX_LINE
    assert longest in ask(f"!mood say {longest}", stage, MODERATOR)
    assert stage.done == [("Hello Chat!", 10.0), (longest, 10.0)]
    for text in ("!mood say", "!mood say \u202e", f"!mood say {longest}x"):
        assert "at most 120 characters" in ask(text, stage, MODERATOR)
    assert len(stage.done) == 2
    stage.shown = False
    assert "nobody would see it" in ask("!mood say hi", stage, MODERATOR)


def test_a_line_cannot_turn_the_screen_around() -> None:
    stage = Stage()
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    ask(f"!mood say a\u202eb\x1b[2J {family} \U000e0041c", stage, MODERATOR)
    assert stage.done == [(f"ab [2J {family} c", 10.0)]


def test_a_clip_is_the_callers_errand() -> None:
    assert ask("!mood clip", asker=MODERATOR) == ClipWanted(MODERATOR)
    commands = Commands(Stage())
    assert commands.clipped(MODERATOR, "https://clips.example/x") == "Clipped: https://clips.example/x"
    assert "Twitch" in commands.no_clip(MODERATOR) and "already" in commands.no_clip(MODERATOR, busy=True)
    assert commands.no_clip(MODERATOR, "The stream is offline.") == "No clip: The stream is offline."


ROLES: tuple[Role, ...] = ("broadcaster", "moderator", "vip", "subscriber", "everyone")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("word", MODERATORS)
def test_only_moderators_do_what_moderators_do_and_others_are_left_in_silence(word: str, role: Role) -> None:
    stage = Stage()
    reply = ask(f"!mood {word} off", stage, Asker("ann", role))
    assert (reply is not None) == (role in ("broadcaster", "moderator"))
    assert (bool(stage.done) or stage.paused) <= (reply is not None)


@pytest.mark.parametrize("role", ROLES)
def test_roles_are_settings(role: Role) -> None:
    asker = Asker("ann", role)
    assert (ask("!mood clip", asker=asker, roles={"clip": "vip"}) is not None) == (role in ROLES[:3])
    assert (ask("!feel joy", asker=asker, roles={"feel": "subscriber"}) is not None) == (role in ROLES[:4])
    assert (ask("!mood pause", asker=asker, roles={"clip": "vip"}) is not None) == (role in ROLES[:2])


def test_aliases_are_settings() -> None:
    aliases = {"hype": "mood peak", "心情": "mood", "yay": "feel joy"}
    stage = Stage()
    assert ask("!Hype", aliases=aliases).startswith("The strongest moment")
    assert ask("!心情 開心", aliases=aliases).startswith("Happiness is at")
    assert "your vote counts" in ask("!yay", stage, aliases=aliases) and stage.done == [("ann", "happiness")]
    assert ask("!hype") is None


def test_chinese() -> None:
    assert ask("!mood", language="zh-TW") == "觀眾看起來很開心：開心 50%、難過 25%、平靜 10%（12 位觀眾）。"
    assert ask("!mood rage", language="zh-TW").startswith("生氣目前占 6%（12 位觀眾）")
    assert ask("!mood", Stage(1), language="zh-TW").startswith("還在等觀眾加入：目前 1 位，滿 3 位")


def test_own_texts() -> None:
    texts = {"mood": "{user}: {top} {share} of {viewers}, {trend} ({faces}+{chatters})"}
    assert ask("!mood", texts=texts) == "Ann: happiness 50% of 12, no trend yet (12+0)"


def test_announcement() -> None:
    commands = Commands(Stage())
    assert commands.announcement(Stage().mood, "neutral", "happiness") == "The crowd just went from calm to happy."


def test_cooldowns_are_silent_and_the_broadcaster_has_none() -> None:
    commands = Commands(Stage(), user_cooldown=10, channel_cooldown=3)
    ann, bob = Asker("ann"), Asker("bob")
    assert commands.answer("!mood", ann, 0.0)
    assert commands.answer("!mood", bob, 1.0) is None
    assert commands.answer("!mood", bob, 3.0), "the channel's denial must not cost bob his own turn"
    assert commands.answer("!mood", ann, 6.5) is None
    assert commands.answer("!mood", ann, 10.0)
    assert all(commands.answer("!mood", Asker("me", "broadcaster"), 10.0) for _ in range(5))


def test_the_same_person_under_another_name_is_the_same() -> None:
    commands = Commands(Stage(), channel_cooldown=0)
    assert commands.answer("!mood", Asker("ann", id="1"), 0.0)
    assert commands.answer("!mood", Asker("Ann_", id="1"), 1.0) is None
    assert commands.answer("!mood", Asker("ann", id="2"), 1.0)


def test_a_cooldown_of_its_own() -> None:
    commands = Commands(Stage(), channel_cooldown=0, settings=CommandSettings(cooldowns={"peak": 60.0, "say": 5.0}))
    ann = Asker("ann")
    assert commands.answer("!mood peak", ann, 0.0) and commands.answer("!mood", ann, 0.0)
    assert commands.answer("!mood", ann, 11.0) and commands.answer("!mood peak", ann, 11.0) is None
    assert commands.answer("!mood peak", ann, 60.0)
    assert commands.answer("!mood say hi", MODERATOR, 0.0) and commands.answer("!mood say hi", MODERATOR, 4.0) is None


def test_what_nobody_understands_does_not_keep_others_from_their_answer() -> None:
    commands = Commands(Stage(), user_cooldown=10, channel_cooldown=3)
    assert "!mood help" in str(commands.answer("!mood cheese", Asker("ann"), 0.0))
    assert commands.answer("!mood", Asker("bob"), 0.0)
    assert commands.answer("!mood joy", Asker("ann"), 3.0), "nor ann from asking again, better"
    assert commands.answer("!mood cheese", Asker("eve"), 2.0) is None, "but not answered without end either"


def test_chatter_does_not_use_up_a_turn() -> None:
    commands = Commands(Stage(), user_cooldown=10, channel_cooldown=3)
    assert commands.answer("hello", Asker("ann"), 0.0) is None
    assert commands.answer("!mood pause", Asker("ann"), 0.0) is None
    assert commands.answer("!mood", Asker("ann"), 0.0)


def test_memory_of_askers_is_bounded_and_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cooldowns, "REMEMBERED", 10)
    commands = Commands(Stage())
    for number in range(100):
        commands.answer("!mood", Asker(f"somebody{number}", id=f"id{number}"), 100.0 * number)
    remembered = commands._cooldowns._users
    assert len(remembered) == 10
    assert "somebody" not in str(remembered) and "id9" not in str(remembered)


words = st.sampled_from(["", *EMOTIONS, *_words(), *COMMANDS, "x", "overlay on", "say hi", "link ABCD2345"]) | st.text()


@given(
    word=words,
    root=st.sampled_from(["mood", "feel", "mood feel"]),
    name=st.text(max_size=500),
    viewers=st.integers(0, 5),
    chatters=st.integers(0, 5),
    known=st.booleans(),
    role=st.sampled_from(ROLES),
    language=st.sampled_from(["en", "zh-TW"]),
)
def test_every_answer_is_one_short_line(
    word: str, root: str, name: str, viewers: int, chatters: int, known: bool, role: Role, language: str
) -> None:
    stage = Stage(viewers, chatters=chatters)
    asker = Asker(name, role, viewer="key-of-ann" if known else None)
    reply = ask(f"!{root} {word}", stage, asker, language=language)
    if isinstance(reply, ClipWanted) or (reply is None and role not in ("broadcaster", "moderator")):
        return
    assert reply is not None and 0 < len(reply) <= MAX_LENGTH and len(reply.splitlines()) == 1
