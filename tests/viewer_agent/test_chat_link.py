"""What a viewer sees of the link with a name in chat."""

import pytest

from transport.identities import Linking
from transport.reading import Code, Identify, Linked, Unlink, Welcome
from viewer_agent.chat_link import ChatLink

WELCOME = Welcome(1, "demo", 0, 1.0, 5.0, links=True)


def test_a_code_is_shown_while_it_works_and_the_name_that_typed_it() -> None:
    said: list[str] = []
    clock = [0.0]
    linking = Linking()
    link = ChatLink(linking, said.append, lambda: clock[0])
    linking.joined(WELCOME)
    link.toggle()
    assert type(linking.due()) is Identify and linking.due() is None
    linking.hear(Code("!mood link ABCD2345", 300.0))
    assert said.pop().endswith("within 5 minutes, from your own name: !mood link ABCD2345")
    assert link.line == "!mood link ABCD2345"
    clock[0] = 300.0
    assert link.line is None
    linking.hear(Linked("ann"))
    assert "you are ann in chat" in said.pop() and link.linked and link.name == "ann"


def test_a_code_that_ended_while_the_machine_slept_is_shown_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    boot = [500.0]
    monkeypatch.setattr("lera.clock._since_boot", lambda: lambda: boot[0])
    linking = Linking()
    link = ChatLink(linking, lambda _line: None)
    linking.hear(Code("!mood link ABCD2345", 300.0))
    assert link.line
    # Python's monotonic clock has stood still meanwhile.
    boot[0] += 3600
    assert link.line is None


def test_it_can_be_undone_from_here() -> None:
    said: list[str] = []
    linking = Linking()
    link = ChatLink(linking, said.append)
    linking.joined(WELCOME)
    linking.hear(Linked("somebody_else"))
    link.toggle()
    assert type(linking.due()) is Unlink
    linking.hear(Linked())
    assert not link.linked and link.name == "" and said[-1] == "You are linked with nobody in chat any more."


def test_a_bot_that_was_started_anew_knows_of_no_link() -> None:
    said: list[str] = []
    linking = Linking()
    link = ChatLink(linking, said.append)
    linking.joined(WELCOME)
    linking.hear(Linked("ann"))
    linking.joined(Welcome(1, "demo", 0, 1.0, 5.0, links=True, linked=True))
    assert link.linked and len(said) == 1
    linking.joined(WELCOME)
    assert not link.linked and "nobody" in said[-1]


def test_an_older_bot_is_asked_for_nothing() -> None:
    said: list[str] = []
    linking = Linking()
    link = ChatLink(linking, said.append)
    linking.joined(Welcome(1, "demo", 0, 1.0, 5.0))
    link.toggle()
    assert linking.due() is None and said == ["This stream's bot can't link you with chat, or can't be reached yet."]


def test_a_hub_cannot_write_over_the_terminal() -> None:
    said: list[str] = []
    linking = Linking()
    link = ChatLink(linking, said.append)
    linking.hear(Code("!mood\x1b[2J link\u202e ABCD\n" + "x" * 500, 60.0))
    linking.hear(Linked("an\x1b]0;n\x07" + "y" * 500))
    assert all(line.isprintable() and len(line) < 200 for line in said) and len(link.name) <= 80
