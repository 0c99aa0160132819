import hashlib
from pathlib import Path

import msgspec
import pytest

from lera.errors import LeraError
from transport.reading import Post, agent_decoder
from viewer_agent import consent
from viewer_agent.consent import consent_text, has_consent, payload, require_consent, withdraw_consent


def test_shows_the_very_message_that_is_sent() -> None:
    assert isinstance(agent_decoder.decode(payload()), Post)
    assert payload() in consent_text()


def test_says_what_must_be_said() -> None:
    text = consent_text()
    for words in (
        "What is read",
        "What leaves",
        "Who sees it",
        "How to stop",
        "How to erase",
        "18 or older",
        "guardian",
    ):
        assert words in text
    assert "Not for schools, classrooms or workplaces" in text


def test_yes_is_remembered_with_the_text_and_the_time(lera_home: Path) -> None:
    shown: list[str] = []
    require_consent(lambda _question: "y", shown.append, terminal=True)
    kept = msgspec.json.decode((lera_home / "consent.json").read_bytes())
    assert kept["text_sha256"] == hashlib.sha256(shown[0].encode()).hexdigest()
    assert kept["agreed_at"].endswith("+00:00")
    require_consent(lambda _question: pytest.fail("asked again"), terminal=True)
    require_consent(lambda _question: pytest.fail("asked again"), terminal=False)


@pytest.mark.parametrize("answer", ["n", "", "no", "later", "Y E S"])
def test_anything_but_yes_is_no(answer: str) -> None:
    with pytest.raises(LeraError, match="camera stays closed"):
        require_consent(lambda _question: answer, lambda _text: None, terminal=True)
    assert not has_consent()


def test_the_end_of_input_is_no() -> None:
    def ask(_question: str) -> str:
        raise EOFError

    with pytest.raises(LeraError, match="camera stays closed"):
        require_consent(ask, lambda _text: None, terminal=True)


def test_nobody_to_ask_is_said() -> None:
    with pytest.raises(LeraError, match="start the viewer in a terminal"):
        require_consent(terminal=False)


def test_another_text_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    require_consent(lambda _question: "yes", lambda _text: None, terminal=True)
    monkeypatch.setattr(consent, "consent_text", lambda: "something else")
    assert not has_consent()


def test_withdrawn_and_damaged_consent_is_none(lera_home: Path) -> None:
    require_consent(lambda _question: "y", lambda _text: None, terminal=True)
    assert withdraw_consent()
    assert not has_consent()
    assert not withdraw_consent()
    (lera_home / "consent.json").write_text("{")
    assert not has_consent()
