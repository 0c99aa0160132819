"""Which chat messages are read, and that a flood fills nothing."""

import pytest

from bot.inbox import MAX_TEXT, ChatMessage, Inbox

SECRET = b"s" * 32


def message(text: str, chatter: str = "1", name: str = "ann", channel: str = "demo") -> ChatMessage:
    return ChatMessage(channel, chatter, text, 100.0, name)


def inbox(**more: object) -> Inbox:
    return Inbox("demo", SECRET, **{"bots": ("nightbot",), **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["hello", "!!! omg", "what a win!", "wow !mood is fun", "@bob nice one", "! hm", "?!"])
def test_what_people_write_is_read(text: str) -> None:
    box = inbox()
    assert box.put(message(text))
    assert [waiting.text for waiting in box.batch(10)] == [text]


@pytest.mark.parametrize(
    ("ignored", "cause"),
    [
        (message("!mood"), "command"),
        (message("  !Drop 100"), "command"),
        (message("\N{FULLWIDTH EXCLAMATION MARK}feel joy"), "command"),
        (message("\N{ZERO WIDTH SPACE}!\N{WORD JOINER}mood"), "command"),
        (message("\N{ZERO WIDTH SPACE}\U000e0000"), "empty"),
        (message("@bob @eve !so bob"), "command"),
        (message("bought!", name="NightBot"), "bot"),
        (message("I say so", chatter="me"), "bot"),
        (message(" \t "), "empty"),
        (message("hello", channel="other"), "other channel"),
    ],
)
def test_commands_bots_and_other_channels_are_ignored_and_counted(ignored: ChatMessage, cause: str) -> None:
    box = inbox()
    box.ignore("me")
    assert not box.put(ignored)
    assert len(box) == 0 and box.counts == {f"ignored: {cause}": 1}


def test_a_prefix_of_ones_own_is_a_command_too() -> None:
    box = inbox(prefix="L?")
    assert not box.put(message("l?mood")) and not box.put(message("!mood")) and box.put(message("love it"))


def test_a_long_text_is_cut_and_the_oldest_of_too_many_are_dropped() -> None:
    box = inbox(size=10)
    for number in range(1000):
        assert box.put(message(f"{number} " + "x" * 10_000))
    assert len(box) == 10 and box.counts == {"heard": 1000, "dropped": 990}
    batch = box.batch(4)
    assert [waiting.text.split()[0] for waiting in batch] == ["990", "991", "992", "993"]
    assert {len(waiting.text) for waiting in batch} == {MAX_TEXT}
    assert len(box) == 6


def test_a_chatter_is_a_key_of_this_run_that_no_agent_can_have() -> None:
    box = inbox()
    key = box.key("12345")
    assert key == inbox().key("12345") != box.key("12346")
    assert key != Inbox("demo", b"t" * 32).key("12345")
    assert "12345" not in key and ":" in key and "12345" not in repr(box.put(message("hello", "12345")))


def test_one_chatters_waiting_messages_can_be_dropped() -> None:
    box = inbox()
    for chatter in ("1", "2", "1"):
        box.put(message("hello", chatter))
    box.clear(box.key("1"))
    assert [waiting.chatter for waiting in box.batch(9)] == [box.key("2")]


def test_texts_are_in_no_repr() -> None:
    box = inbox()
    said = message("my secret diary")
    box.put(said)
    assert "secret" not in f"{said!r} {box.batch(1)!r} {[said]}"
