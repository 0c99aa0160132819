"""What is hidden, softened, told apart and held back: the pure parts asked in a page, and the page itself."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from model.emotions import EMOTIONS
from tests.overlay.conftest import Theatre
from tests.overlay.looks import labels, row, state, until_share, until_state
from tests.overlay.showing import pass_time, until_heard
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
SAD = (0.05, 0.41, 0.2, 0.1, 0.14, 0.04, 0.06)


def test_what_is_hidden_is_nowhere_and_the_others_stay_as_they_are(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(SAD)
    page = theatre.open("/overlay/?hide=sadness,FEAR,nonsense")
    until_share(page, "neutral", 0.2)
    assert labels(page) == ["Happy", "Neutral", "Angry", "Surprised", "Disgusted"]
    expect(page.locator(".headline")).to_have_text("Neutral")
    expect(page.locator(".row[data-top]")).to_have_attribute("data-emotion", "neutral")
    expect(row(page, "neutral").locator(".number")).to_have_text("20%")
    assert "Sad" not in page.locator("body").inner_text()


def test_what_is_softened_has_milder_words_and_the_colour_of_none(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(SAD)
    page = theatre.open("/overlay/?soften=sadness,anger")
    until_share(page, "sadness", 0.41)
    expect(page.locator(".headline")).to_have_text("Wistful")
    assert labels(page) == ["Happy", "Wistful", "Neutral", "Tense", "Surprised", "Disgusted", "Fearful"]
    expect(row(page, "sadness").locator(".number")).to_have_text("41%")
    colour = "(e) => getComputedStyle(e).backgroundColor"
    soft = {row(page, name).locator(".track:visible .fill").evaluate(colour) for name in ("sadness", "anger")}
    assert soft == {"rgb(151, 163, 184)"}
    features = "(e) => [...e.querySelectorAll('svg .ink, svg .dot')].map((each) => each.outerHTML).join('')"
    assert row(page, "anger").evaluate(features) == row(page, "neutral").evaluate(features), (
        "no horns without a calm face"
    )


def test_hiding_all_hides_none(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open(f"/overlay/?hide={','.join(EMOTIONS)}&notice=off")
    until_share(page, "happiness", 0.41)
    assert len(labels(page)) == 7
    expect(page.locator(".notice")).to_be_hidden()


def told_apart(faces: tuple[float, ...], chat: tuple[float, ...], **options: Any) -> dict[str, Any]:
    frame = mood(faces, viewers=158, chatters=120, **options)
    for name, shares in (("face", faces), ("chat", chat)):
        frame["sources"][name]["shares"] = dict(zip(EMOTIONS, shares, strict=True))
    return frame


def lane(page: Page, emotion: str, name: str) -> float:
    """A lane's share as it stands on the screen."""
    found: float = row(page, emotion).evaluate(
        """(row, name) => { const width = (part) => row.querySelector(`[data-lane="${name}"]${part}`)
             .getBoundingClientRect().width; return width(" .fill") / width(""); }""",
        name,
    )
    return found


def test_faces_and_chat_apart(theatre: Theatre, stage: Stage) -> None:
    stage.current = told_apart(HAPPY, SAD)
    page = theatre.open("/overlay/?apart=1&motion=reduced")
    expect(page.locator(".row[data-apart]")).to_have_count(7)
    assert lane(page, "happiness", "face") == pytest.approx(0.41, abs=0.005)
    assert lane(page, "happiness", "chat") == pytest.approx(0.05, abs=0.005)
    expect(page.locator(".viewers")).to_have_text("\u2580 Faces 38 · \u2584 Chat 120")
    # Too few of one kind: the two are one again.
    stage.play(mood(HAPPY, viewers=40, chatters=2))
    expect(page.locator(".row[data-apart]")).to_have_count(0)
    expect(page.locator(".viewers")).to_have_text("38 faces · 2 in chat")
    assert lane(page, "happiness", "whole") == pytest.approx(0.41, abs=0.005)


def test_as_one_unless_asked_for_apart(theatre: Theatre, stage: Stage) -> None:
    stage.current = told_apart(HAPPY, SAD)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    assert page.locator(".track").count() == 7


def test_a_delay_holds_the_mood_back_but_no_rest_and_no_hiding(theatre: Theatre, stage: Stage) -> None:
    def tell(frame: dict[str, Any]) -> None:
        stage.play(frame)
        until_heard(page, frame)
        pass_time(page, 200)

    theatre.hold_time()
    stage.current = mood(HAPPY)
    page = theatre.open("/overlay/?delay=2")
    until_heard(page)
    pass_time(page, 1900)
    expect(page.locator(".headline")).to_have_text("Shown 2 s later")
    assert state(page) == "connecting"
    assert page.locator(".row[data-share]").count() == 0
    pass_time(page, 300)
    assert state(page) == "live"
    until_share(page, "happiness", 0.41)
    tell(mood(SAD, overlay=False))
    expect(page.locator(".plate")).to_be_hidden()
    assert row(page, "sadness").get_attribute("data-share") == "0.05", "hidden before it is shown"
    tell(mood(None, viewers=0, paused=True))
    assert state(page) == "resting"
    tell(mood(HAPPY))
    pass_time(page, 1700)
    assert state(page) == "resting", "what comes after the rest is late again"
    pass_time(page, 300)
    assert state(page) == "live"
    until_share(page, "happiness", 0.41)


DELAY = """async () => {
  const { Delay } = await import("/overlay/delay.js");
  const delay = new Delay(10);
  const found = { empty: [delay.take(5), delay.wait(5)] };
  for (const [frame, at] of [["a", 0], ["b", 0.1], ["c", 1], ["d", 2]]) delay.put(frame, at);
  found.early = [delay.take(9.9), delay.wait(9.9)];
  found.due = [delay.take(10), delay.take(10), delay.wait(10)];
  found.late = [delay.take(60), delay.wait(60)];
  delay.put("e", 60);
  delay.clear();
  found.cleared = [delay.take(99), delay.wait(99)];
  for (let at = 0; at < 3000; at += 0.05) delay.put(at, at);
  found.held = 0;
  while (delay.wait(0) !== null && found.held < 99999) { delay.take(delay.wait(0)); found.held += 1; }
  const none = new Delay(0);
  none.put("now", 7);
  found.none = none.take(7);
  return found;
}"""

PAST = """async () => {
  const { Past } = await import("/overlay/past.js");
  const past = new Past();
  const list = past.points;
  const times = () => list.map(({ time }) => time);
  for (const time of [0, 0.2, 0.4, 1.1, 1.2]) past.add({ time, shares: { happiness: time } });
  const found = { thinned: times() };
  past.add({ time: 0.5, shares: null });
  past.add({ time: 1.3, shares: null });
  past.add({ time: 1.4, shares: { happiness: 1 } });
  found.gap = list.map(({ time, shares }) => [time, shares === null]);
  for (let time = 2; time < 4000; time += 0.1) past.add({ time, shares: { happiness: 0 } });
  found.many = [list.length, list[list.length - 1].time - list[0].time];
  past.add({ time: 3985, shares: null });
  found.late = list[list.length - 1].time;
  past.add({ time: 400, shares: null });
  past.add({ time: 400.5, shares: null });
  found.back = times();
  found.same = list === past.points;
  return found;
}"""


def test_delay_and_past_are_bounded_and_in_order(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_state(page, "live")
    delay = page.evaluate(DELAY)
    assert delay["empty"] == delay["cleared"] == [None, None]
    assert delay["early"] == [None, pytest.approx(0.1)]
    assert delay["due"] == ["b", None, 1.0], "what came together is one, and shown once"
    assert delay["late"] == ["d", None] and delay["none"] == "now"
    assert delay["held"] < 3000 / 0.17 + 1
    past = page.evaluate(PAST)
    assert past["thinned"] == [0, 1.1, 1.2], "the newest is always there"
    assert past["gap"] == [[0, False], [1.1, False], [1.2, False], [1.3, True], [1.4, False]]
    assert past["many"][0] <= 920 and past["many"][1] <= 900 and past["same"]
    assert past["late"] > 3999 and past["back"] == [400, 400.5], "a bot with an earlier clock begins anew"
