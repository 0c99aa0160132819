"""The shipped chat reader, as the bot uses it."""

import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lera.errors import LeraError
from model import text
from model.emotions import EMOTIONS
from model.text import NOTHING, TextReader
from tests.memory import strings_alive


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return text.load()


def leading(reader: TextReader, messages: Sequence[str]) -> list[str]:
    return [EMOTIONS[k] for k in reader.probabilities(messages).argmax(1)]


def test_shapes_types_and_order(reader: TextReader) -> None:
    probabilities, quality = reader.read(["hello chat", "", "I love this game"])
    assert probabilities.shape == (3, 7) and probabilities.dtype == np.float32
    assert quality.shape == (3,) and quality.dtype == np.float32
    assert np.array_equal(reader.probabilities(["hello chat", "", "I love this game"]), probabilities)
    none, nobody = reader.read([])
    assert none.shape == (0, 7) and nobody.shape == (0,)


@pytest.mark.parametrize(
    ("message", "emotion"),
    [
        ("i love this so much", "happiness"),
        ("KEKW KEKW KEKW", "happiness"),
        ("Sadge", "sadness"),
        ("i miss him, this is so sad 😭", "sadness"),
        ("i hate this, you are a piece of shit", "anger"),
        ("omg i did not expect that at all", "surprise"),
        ("monkaS i am so scared", "fear"),
        ("eww that is disgusting", "disgust"),
        ("the stream starts at nine", "neutral"),
    ],
)
def test_plain_cases_are_read_plainly(reader: TextReader, message: str, emotion: str) -> None:
    assert leading(reader, [message]) == [emotion]


@pytest.mark.parametrize(
    "message", ["", "!mood", "https://example.org", "你好吗朋友", "hola amigo como estas", "\ud800\udfff\u200b"]
)
def test_no_guess_where_nothing_can_be_read(reader: TextReader, message: str) -> None:
    probabilities, quality = reader.read([message])
    assert quality[0] == 0 and np.array_equal(probabilities[0], NOTHING)


def test_quality_says_how_far_to_trust(reader: TextReader) -> None:
    _, (sure, unsure, nothing) = reader.read(["i love this so much, thank you", "qwrtz plmk", "!roll"])
    assert sure > 0.8 > unsure > nothing == 0


def test_company_changes_nothing(reader: TextReader) -> None:
    """Batches are padded; a message must not be read otherwise because of its neighbours."""
    messages = ["gg", "what a terrible idea that was, honestly", "LUL", "gg", "why", "x " * 40, "POG " * 30]
    together = reader.probabilities(messages * 5)
    alone = np.concatenate([reader.probabilities([message]) for message in messages] * 5)
    assert np.allclose(together, alone, atol=0.02)
    assert np.array_equal(together[0], together[3])


def test_only_sequences_of_strings_are_read(reader: TextReader) -> None:
    with pytest.raises(TypeError, match="sequence of strings"):
        reader.read("one message")
    with pytest.raises(TypeError, match="sequence of strings"):
        reader.read([b"bytes"])  # type: ignore[list-item]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80) | st.sampled_from(["LUL", "no!", "\ud83d", "a" * 10_000]), max_size=12))
def test_any_strings_have_probabilities(reader: TextReader, messages: list[str]) -> None:
    probabilities, quality = reader.read(messages)
    assert probabilities.shape == (len(messages), 7) and np.isfinite(probabilities).all()
    assert np.all(probabilities >= 0) and np.allclose(probabilities.sum(1), 1, atol=1e-5)
    assert np.all((quality >= 0) & (quality <= 1))


def test_messages_are_not_kept(reader: TextReader) -> None:
    marker = f"secret{time.time_ns()}word"
    reader.read([f"{marker}a is what {marker}b said KEKW"])
    assert [found for found in strings_alive() if marker in found and found != marker] == []


def test_weights_that_are_not_those_of_the_card_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "WEIGHTS", text.VOCABULARY)
    with pytest.raises(LeraError, match="not those of their card"):
        text.load()
    monkeypatch.setattr(text, "CARD", text.CARD.with_name("missing.json"))
    with pytest.raises(LeraError, match="missing"):
        text.load()
