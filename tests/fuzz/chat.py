"""Targets: what people write in chat, from Twitch's event to the answer; and texts and subtitles to be analysed."""

import math
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from twitchio.models.eventsub_ import create_event_instance

from analysis.script import LONGEST, LONGEST_SENTENCE, cues, decoded, sentences
from bot.commands import MAX_LENGTH, Asker, ClipWanted, Commands
from bot.copypasta import essence, fingerprint
from bot.inbox import MAX_TEXT, ChatMessage, Inbox
from bot.language import emotion_of, folded, one_line
from bot.report.markup import outside, tag
from bot.twitch.intake import asker_of, counts, line_of, role_of
from bot.twitch.session import MAY_LACK
from lera.errors import LeraError
from lera.redaction import redacted
from model import chat_words
from model import text as text_model
from tests.bot.test_commands import Stage
from tests.fuzz.strategies import text, values
from tests.fuzz.target import Target, holds


@cache
def words() -> tuple[chat_words.Lexicon, Any]:
    return text_model.load_words()


@cache
def reader() -> text_model.TextReader:
    return text_model.load()


def check_inbox(messages: list[Any]) -> None:
    """Whatever is written waits cut, keyed, and in a bounded queue; copies are known again."""
    inbox = Inbox("demo", b"secret", "!", ["nightbot"], size=4)
    for number, (channel, chatter, said, name) in enumerate(messages):
        taken = inbox.put(ChatMessage(channel, chatter, said, float(number), name))
        holds(not taken or bool(said.strip()), said)
        holds(len(inbox) <= 4, len(inbox))
        holds(
            fingerprint(said, b"k") == fingerprint(said, b"k") and len(essence(said[:MAX_TEXT])) < 20 * MAX_TEXT, said
        )
    for waiting in inbox.batch(10):
        holds(len(waiting.text) <= MAX_TEXT and len(waiting.chatter) == 29, waiting)


def check_words(said: str) -> None:
    """Any message becomes bounded words that count 0..1, and says the same when read twice."""
    lexicon, _ = words()
    message = chat_words.read(said, lexicon)
    holds(
        0 <= message.readable <= 1 and len(message.words) < 40 * chat_words.LONGEST,
        message.readable,
        len(message.words),
    )
    holds(chat_words.read(said, lexicon) == message, said)


def check_reader(said: list[str]) -> None:
    """The network's answer on anything: seven that sum to one, and a quality 0..1."""
    seven, quality = reader().read(said)
    holds(seven.shape == (len(said), 7) and quality.shape == (len(said),), seven.shape)
    holds(bool(np.isfinite(seven).all() and (seven >= 0).all()), seven)
    holds(bool(np.allclose(seven.sum(1), 1, atol=1e-3)) and bool(((quality >= 0) & (quality <= 1)).all()), seven.sum(1))


def check_commands(talk: list[Any]) -> None:
    """Whoever asks whatever: one printable line of at most 200 characters, or silence; and no power without a role."""
    stage = Stage()
    commands = Commands(stage, "!")
    now = 1000.0
    for said, name, role, wait in talk:
        now += wait
        answer = commands.answer(said, Asker(name, role, id=name), now)
        if isinstance(answer, str):
            holds(
                len(answer) <= MAX_LENGTH and "\n" not in answer and "\r" not in answer and "\0" not in answer, answer
            )
        holds(answer is None or isinstance(answer, str | ClipWanted), answer)
        if role == "everyone":
            holds(not stage.paused and "reset" not in stage.done, "a stranger did it")
        stage.paused = False
        stage.done.clear()
    holds(len(commands._cooldowns._users) <= commands._cooldowns.REMEMBERED, "grows")


def check_line(said: str) -> None:
    """Lines, words and logs: settled in one pass, and none holds what ends a line or turns it around."""
    line = one_line(said)
    holds(one_line(line) == line and not set(line) & set("\n\r\0\x1b\u202e\u200b\ud800"), line)
    folded(said), emotion_of(said), redacted(said)


def check_page(said: str) -> None:
    """A stranger's words on a page of ours are text: they begin no tag and end no attribute."""
    inside = tag("p", said, title=said)
    bare = inside.removeprefix('<p title="').removesuffix("</p>")
    holds(bare.count("<") == 0 and bare.count(">") == 1 and bare.count('"') == 1, inside)
    holds(outside(said).count("<") == 2, said)


def check_event(event: Any) -> None:
    """Twitch's chat message, with anything in it: twitchio refuses it, or it is a bounded line with a known role."""
    try:
        message: Any = {"metadata": {}, "payload": {"event": {**MAY_LACK, **event}}}
        payload = create_event_instance("channel.chat.message", message, http=None)
    except (KeyError, TypeError, AttributeError, ValueError):
        return  # `Session._process_notification` takes these, and reads the next one.
    line = line_of(payload)
    holds(
        len(line.text) <= MAX_TEXT and len(line.name) <= 50 and len(line.login) <= 50 and len(line.badges) <= 50, line
    )
    asker = asker_of(line, "1")
    holds(asker.role != "broadcaster" or line.user_id == "1", asker.role)
    holds(role_of(line, "1") == asker.role and len(counts(line, "commands")) == 2, line.words)


def events() -> st.SearchStrategy[dict[str, Any]]:
    name = st.one_of(st.sampled_from(["1", "7", "ann"]), text(80))
    badge = st.fixed_dictionaries(
        {"set_id": st.sampled_from(["vip", "moderator", "broadcaster"]), "id": name, "info": name}
    )
    fields: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(
            (
                "broadcaster_user_id", "broadcaster_user_login", "broadcaster_user_name", "chatter_user_id",
                "chatter_user_login", "chatter_user_name", "message_id", "message_type", "color",
            ), name,
        ),
        "message": st.fixed_dictionaries({"text": text(), "fragments": st.just([])}),
        "badges": st.lists(badge, max_size=4),
        "reply": st.none(),
        "source_broadcaster_user_id": st.one_of(st.none(), name),
        "source_broadcaster_user_login": name,
        "source_broadcaster_user_name": name,
    }  # fmt: skip
    good = st.fixed_dictionaries(fields)
    odd = st.builds(lambda whole, key, value: {**whole, key: value}, good, st.sampled_from([*fields, "more"]), values())
    return st.one_of(good, odd)


def check_script(content: bytes) -> None:
    """A file to be analysed: sentences of a bounded length that lose no word, cues in order; else one line."""
    said = decoded(content)
    holds("\r" not in said, said)
    try:
        found = sentences(said)
    except LeraError as error:
        holds(str(error).isprintable(), str(error))
    else:
        holds(all(0 < len(one.text.split()) <= LONGEST_SENTENCE for one in found), found)
        holds("".join("".join(one.text.split()) for one in found) == "".join(said.split()), "a word was lost")
    try:
        shown = cues(said)
    except LeraError as error:
        holds(str(error).isprintable(), str(error))
    else:
        holds(all(0 <= cue.begin < cue.end <= LONGEST and math.isfinite(cue.end) and cue.text for cue in shown), shown)
        holds([cue.begin for cue in shown] == sorted(cue.begin for cue in shown), shown)


def scripts() -> st.SearchStrategy[bytes]:
    time = st.builds(
        "{}:{}:{},{} --> {}:{}:{}.{}".format, *[st.integers(0, 99)] * 3, st.integers(0, 999), *[st.integers(0, 99)] * 4
    )
    lines = st.lists(st.one_of(time, text(80), st.just(""), st.just("WEBVTT")), max_size=12).map("\n".join)
    coded = st.builds(
        lambda said, coding: said.encode(coding, "replace"),
        lines,
        st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-8-sig"]),
    )
    return st.one_of(
        coded, coded, st.binary(max_size=300), lines.map(lambda said: said.encode("utf-8", "surrogatepass"))
    )


def talk() -> st.SearchStrategy[list[Any]]:
    known = st.sampled_from([f"!mood {word}" for word in Commands.SUBCOMMANDS])
    said = st.one_of(st.builds(lambda a, b: f"{a} {b}", known, text(80)), text(80).map("!feel {}".format), text())
    roles = st.sampled_from(["everyone", "everyone", "subscriber", "moderator", "broadcaster"])
    return st.lists(st.tuples(said, text(60), roles, st.sampled_from([0.0, 3.0, 60.0])), max_size=6)


messages = st.lists(st.tuples(st.sampled_from(["demo", "DEMO", "other"]), text(30), text(), text(20)), max_size=8)
TARGETS = [
    Target("inbox", messages, check_inbox, 120, with_text=lambda said: [("demo", said, said, said)]),
    Target("chat_words", text(700), check_words, 200, with_text=str),
    Target("chat_reader", st.lists(text(), min_size=1, max_size=4), check_reader, 25, with_text=lambda said: [said]),
    Target(
        "commands",
        talk(),
        check_commands,
        with_text=lambda said: [
            (f"!mood {said}", said, "everyone", 60.0),
            (f"!mood say {said}", said, "moderator", 60.0),
        ],
    ),
    Target("lines", text(), check_line, 200, with_text=str),
    Target("pages", text(), check_page, 200, with_text=str),
    Target("twitch_events", events(), check_event),
    Target("scripts", scripts(), check_script, 150, with_text=lambda said: said.encode("utf-8", "surrogatepass")),
]
