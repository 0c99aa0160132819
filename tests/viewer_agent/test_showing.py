"""Being shown is asked for by itself: for one stream, one name and one wording, and never answered by an option."""

import hashlib
from typing import Any

import pytest

from lera.errors import LeraError
from transport.reading import Appear
from viewer_agent import showing
from viewer_agent.showing import Showing, choose_showing, showing_text

NOTHING: tuple[Any, str] = ("no", "")


class Viewer:
    """Who sits at the terminal, and what was asked of them."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.told: list[str] = []

    def choose(
        self,
        kept: Showing | None = None,
        wanted: Any = None,
        name: str = "",
        preset: Any = NOTHING,
        *,
        terminal: bool = True,
    ) -> Showing | None:
        return choose_showing("demo", kept, wanted, name, preset, self.ask, self.told.append, terminal=terminal)

    def ask(self, question: str) -> str:
        self.asked.append(question)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


def agreed(name: str = "Ann") -> Showing:
    found = Viewer("y").choose(wanted="name" if name else "seat", name=name)
    assert found is not None
    return found


def test_by_default_nobody_is_shown_nor_asked() -> None:
    viewer = Viewer()
    assert viewer.choose() is None and not viewer.asked and not viewer.told
    assert viewer.choose(wanted="no") is None and not viewer.asked


def test_the_question_says_what_is_shown_and_the_very_text_is_remembered() -> None:
    viewer = Viewer("y")
    found = viewer.choose(wanted="name", name="  Ann ")
    assert found is not None and found.wish == Appear("name", "Ann")
    (text,) = viewer.told
    for words in ("stream demo", "The name Ann", "expression", "live", "recorded", "Never your picture", "s hides you"):
        assert words in text
    assert found.text_sha256 == hashlib.sha256(text.encode()).hexdigest() and found.agreed_at.endswith("+00:00")
    assert "A seat without a name" in showing_text("demo", "seat", "")


@pytest.mark.parametrize("answer", ["", "n", "no", "name", "Y E S"])
def test_anything_but_yes_is_not_shown(answer: str) -> None:
    assert Viewer(answer).choose(wanted="seat") is None
    assert Viewer().choose(wanted="seat") is None, "the end of input is no"


def test_what_was_agreed_to_holds_for_the_next_time_without_a_question() -> None:
    kept = agreed()
    assert Viewer().choose(kept) == kept
    assert Viewer().choose(kept, wanted="name") == kept
    assert Viewer().choose(kept, terminal=False) == kept


def test_another_name_seat_or_wording_is_another_question(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = agreed()
    for wanted, name in (("name", "Bob"), ("seat", ""), (None, "Bob")):
        viewer = Viewer("n")
        found = viewer.choose(kept, wanted, name)
        assert len(viewer.asked) == 1 and found is not None and not found.on
    monkeypatch.setattr(showing, "showing_text", lambda *_: "something else")
    viewer = Viewer("n")
    assert viewer.choose(kept) != kept and len(viewer.asked) == 1


def test_who_has_withdrawn_stays_so_until_they_say_otherwise() -> None:
    kept = Viewer().choose(agreed(), wanted="no")
    assert kept is not None and not kept.on and kept.wish == Appear("no")
    viewer = Viewer()
    assert viewer.choose(kept) == kept and viewer.choose(kept, preset=("name", "Ann")) == kept and not viewer.asked
    again = viewer.choose(kept, wanted="name")
    assert again is not None and again.on and not viewer.asked, "the very same was agreed to before"


def test_config_can_say_it_once_and_is_asked_all_the_same() -> None:
    viewer = Viewer("y")
    found = viewer.choose(preset=("name", "Ann"))
    assert found is not None and found.name == "Ann" and len(viewer.asked) == 1
    nobody = Viewer()
    assert nobody.choose(preset=("name", "Ann"), terminal=False) is None
    assert "have to be asked first" in nobody.told[0]


def test_an_option_does_not_answer_where_nobody_can_be_asked() -> None:
    with pytest.raises(LeraError, match="answer there"):
        Viewer("y").choose(wanted="seat", terminal=False)


def test_a_name_is_asked_for_and_has_to_be_one() -> None:
    viewer = Viewer("Ann", "y")
    found = viewer.choose(wanted="name")
    assert found is not None and found.name == "Ann" and "Under which name?" in viewer.asked[0]
    with pytest.raises(LeraError, match="--name"):
        Viewer("").choose(wanted="name")
    with pytest.raises(LeraError, match="--name"):
        Viewer().choose(wanted="name", name="\u200d\u202e")


def test_what_is_asked_is_what_will_be_seen() -> None:
    viewer = Viewer("y")
    found = viewer.choose(wanted="name", name="x" * 10_000)
    assert found is not None and found.name == "x" * 25 and f"The name {'x' * 25}," in viewer.told[0]
