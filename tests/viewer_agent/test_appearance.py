"""What a viewer reads about being shown, and the key that ends it."""

import msgspec
import pytest

from transport.appearances import HIDDEN, Appearing
from transport.reading import Appear, Shown, Welcome
from viewer_agent.appearance import Appearance
from viewer_agent.showing import Showing

ANN = Showing("name", "Ann", "0" * 64, "2026-01-01T00:00:00+00:00")
WELCOME = Welcome(1, "demo", 0, 1.0, 5.0, shows=True)


class Scene:
    """An appearance with its hub, played by the test."""

    def __init__(self, showing: Showing | None) -> None:
        self.appearing = Appearing()
        self.said: list[str] = []
        self.kept: list[Showing] = []
        self.appearance = Appearance(self.appearing, self.said.append, showing, self.kept.append)

    def join(self, welcome: Welcome = WELCOME) -> None:
        self.appearing.joined(welcome)
        self.appearance.joined()


def test_nobody_is_shown_by_default_and_it_is_said() -> None:
    scene = Scene(None)
    scene.join()
    assert scene.said == ["Not shown on the stream."] and scene.appearing.due() is None
    scene.appearance.toggle()
    assert "--show-me" in scene.said[-1] and scene.appearing.due() is None and not scene.kept


def test_shown_as_ann_until_the_key_is_pressed_and_again() -> None:
    scene = Scene(ANN)
    scene.join()
    assert scene.said == [] and scene.appearing.due() == Appear("name", "Ann")
    scene.appearing.hear(Shown("name", "Ann"))
    assert scene.said == ["Shown on the stream as Ann. s hides you at once."]
    scene.appearance.toggle()
    assert scene.appearing.due() == Appear("no") and scene.kept == [msgspec.structs.replace(ANN, on=False)]
    assert "taken off" in scene.said[-1] and scene.appearance.shown, "it isn't told as done before it is"
    scene.appearing.hear(Shown())
    assert scene.said[-1] == "Not shown on the stream. s shows you again, as Ann." and not scene.appearance.shown
    scene.appearance.toggle()
    assert scene.appearing.due() == Appear("name", "Ann") and scene.kept[-1] == ANN


def test_who_withdraws_while_the_stream_is_away_is_not_shown_when_it_is_back() -> None:
    scene = Scene(ANN)
    scene.join()
    scene.appearing.hear(Shown("name", "Ann"))
    scene.appearing.lost()
    scene.appearance.toggle()
    scene.join()
    assert scene.appearing.due() is None and "Not shown" in scene.said[-1]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Shown(reason=HIDDEN), "Not shown on the stream: the streamer has hidden you"),
        (Shown("seat", reason="this stream shows no names"), "as an anonymous seat: this stream shows no names."),
        (Shown("name", "A\x1b[2Jnn\u202e"), "as A[2Jnn."),
    ],
)
def test_what_the_stream_makes_of_it_is_told(answer: Shown, words: str) -> None:
    scene = Scene(ANN)
    scene.join()
    scene.appearing.hear(answer)
    assert words in scene.said[-1] and scene.said[-1].isprintable()


def test_a_stream_that_can_show_nobody_says_so() -> None:
    scene = Scene(ANN)
    scene.join(Welcome(1, "demo", 0, 1.0, 5.0))
    assert "carries no names" in scene.said[-1] and scene.appearing.due() is None
