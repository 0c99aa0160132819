"""The bars tell the truth, in every language, theme and size."""

import json
import re

import pytest
from playwright.sync_api import expect

from model.emotions import EMOTIONS
from tests.overlay.conftest import Theatre
from tests.overlay.looks import UNKNOWN, bars, labels, pixels, row, settle, state, until_share, until_state
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
ANGRY = (0.02, 0.11, 0.07, 0.6123, 0.0, 0.1377, 0.06)
CERTAIN = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("query", "width", "height"),
    [
        ("", 1920, 1080),
        ("", 800, 600),
        ("", 400, 600),
        ("?theme=light&scale=3", 1920, 1080),
        ("?theme=clear&scale=0.5&lang=zh-TW", 1920, 1080),
        ("?position=right&motion=reduced", 1280, 720),
        ("?position=bottom", 1920, 1080),
        ("?position=bottom&scale=2", 800, 600),
    ],
)
def test_widths_match_the_numbers(theatre: Theatre, stage: Stage, query: str, width: int, height: int) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open(f"/overlay/{query}", viewport={"width": width, "height": height})
    until_state(page, "live")
    for shares in (HAPPY, ANGRY, CERTAIN):
        stage.play(mood(shares))
        until_share(page, "happiness", shares[0])
        found = bars(page)
        assert [bar.emotion for bar in found] == list(EMOTIONS)
        assert [bar.share for bar in found] == list(shares)
        for bar in found:
            assert bar.track > 60
            assert bar.share is not None and abs(bar.fill - bar.share * bar.track) <= 1

    box = page.locator(".plate").bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["y"] >= 0, "the plate never leaves the source"
    assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= height


def test_hidden_bars_do_not_change_the_others(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/overlay/?show=surprise,happiness")
    until_share(page, "happiness", 0.41)
    assert [(bar.emotion, bar.share) for bar in bars(page)] == [("happiness", 0.41), ("surprise", 0.14)]


def test_head_names_the_leading_expression(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY, viewers=12, trend=0.08)
    page = theatre.open()
    expect(page.locator(".headline")).to_have_text("Happy")
    expect(page.locator(".viewers")).to_have_text("12 viewers")
    expect(page.locator(".trend")).to_have_text("rising")
    expect(page.locator(".trend")).to_have_attribute("data-way", "rising")
    expect(page.locator('.portrait[data-emotion="happiness"] svg')).to_be_visible()
    expect(page.locator(".row[data-top]")).to_have_attribute("data-emotion", "happiness")

    stage.play(mood(ANGRY, viewers=1, minimum=1, trend=-0.08))
    expect(page.locator(".headline")).to_have_text("Angry")
    expect(page.locator(".viewers")).to_have_text("1 viewer")
    expect(page.locator(".trend")).to_have_text("falling")
    expect(page.locator(".row[data-top]")).to_have_attribute("data-emotion", "anger")

    stage.play(mood(ANGRY, trend=None))
    expect(page.locator(".trend")).to_be_hidden()


def test_head_says_how_many_are_faces_and_how_many_chat(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY, viewers=158, chatters=120)
    page = theatre.open()
    expect(page.locator(".viewers")).to_have_text("38 faces · 120 in chat")
    expect(page.locator(".title")).to_have_text("Crowd looks")
    stage.play(mood(HAPPY, viewers=121, chatters=120))
    expect(page.locator(".viewers")).to_have_text("1 face · 120 in chat")
    stage.play(mood(HAPPY, viewers=120, chatters=120, faces=2))
    expect(page.locator(".viewers")).to_have_text("120 in chat")
    stage.play(mood(HAPPY, viewers=38))
    expect(page.locator(".viewers")).to_have_text("38 viewers")
    expect(page.locator(".title")).to_have_text("The crowd looks")
    from_an_older_bot = mood(HAPPY, viewers=12)
    del from_an_older_bot["sources"]
    stage.play(from_an_older_bot)
    expect(page.locator(".viewers")).to_have_text("12 viewers")


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_faces_and_chat_fit_in_the_head_of_the_plate(theatre: Theatre, stage: Stage, lang: str) -> None:
    stage.current = mood(HAPPY, viewers=6800, chatters=5600)
    page = theatre.open(f"/overlay/?lang={lang}")
    until_state(page, "live")
    title, voters, bars_box = (page.locator(name).bounding_box() for name in (".title", ".viewers", ".bars"))
    assert title is not None and voters is not None and bars_box is not None
    assert voters["x"] >= title["x"] + title["width"], "they don't overlap"
    assert voters["x"] + voters["width"] <= bars_box["x"] + bars_box["width"] + 1


def test_numbers_follow_the_shares(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    expect(row(page, "happiness").locator(".number")).to_have_text("41%")
    stage.play(mood(ANGRY))
    expect(row(page, "anger").locator(".number")).to_have_text("61%")
    expect(row(page, "surprise").locator(".number")).to_have_text("0%")


def test_interval_lies_around_the_end_of_the_bar(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY, spread=0.09)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    left, veil, glow, edge, track = page.evaluate(
        """() => {
          const row = document.querySelector('[data-emotion="happiness"].row');
          const [track, veil, glow, edge] = [".track", ".veil", ".glow", ".edge"].map((part) =>
            row.querySelector(part).getBoundingClientRect());
          return [track.left, [veil.left, veil.right], [glow.left, glow.right], edge.left, track.width];
        }"""
    )
    assert [(x - left) / track for x in (*veil, *glow, edge)] == pytest.approx([0.32, 0.41, 0.41, 0.5, 0.41], abs=0.005)


def test_each_has_icon_label_and_a_colour_of_its_own(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_state(page, "live")
    assert labels(page) == ["Happy", "Sad", "Neutral", "Angry", "Surprised", "Disgusted", "Fearful"]
    icons = page.locator(".row > svg")
    assert icons.count() == 7
    assert len({icons.nth(index).inner_html() for index in range(7)}) == 7
    colours = page.evaluate(
        "() => [...document.querySelectorAll('.fill')].map((fill) => getComputedStyle(fill).backgroundColor)"
    )
    assert len(set(colours)) == 7
    for index in range(7):
        expect(icons.nth(index)).to_be_visible()


def test_traditional_chinese(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY, viewers=12)
    page = theatre.open("/overlay/?lang=zh-TW")
    expect(page.locator("html")).to_have_attribute("lang", "zh-TW")
    expect(page.locator(".headline")).to_have_text("開心")
    expect(page.locator(".viewers")).to_have_text("12 位觀眾")
    assert labels(page) == ["開心", "難過", "中性", "生氣", "驚訝", "厭惡", "害怕"]
    stage.play(mood(HAPPY, viewers=158, chatters=120))
    expect(page.locator(".viewers")).to_have_text("鏡頭 38 位 · 聊天室 120 位")
    assert not re.search("[A-Za-z]", page.locator(".plate").inner_text())
    stage.play(mood(None, viewers=2))
    expect(page.locator(".headline")).to_have_text("正在等觀眾加入（2／3）")  # noqa: RUF001
    assert not re.search("[A-Za-z]", page.locator(".plate").inner_text())


def test_too_small_a_crowd_shows_no_shares(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    stage.play(mood(None, viewers=2))
    until_state(page, "gathering")
    expect(page.locator(".headline")).to_have_text("Gathering the crowd (2 of 3)")
    settle(page)
    assert [(bar.share, bar.fill) for bar in bars(page)] == [(None, 0)] * 7
    assert page.locator(".number").all_text_contents() == [UNKNOWN] * 7
    assert page.locator(".viewers").text_content() == page.locator(".way").text_content() == ""
    assert page.locator(".row[data-top]").count() == 0
    stage.play(mood(ANGRY))
    until_share(page, "anger", 0.6123)
    assert state(page) == "live"


def test_background_is_transparent(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open(viewport={"width": 800, "height": 600})
    until_share(page, "happiness", 0.41)
    box = page.locator(".plate").bounding_box()
    assert box is not None
    inside = (int(box["x"] + box["width"] / 2), int(box["y"] + 6))
    corner, side, plate = pixels(page, page.screenshot(omit_background=True), (0, 0), (799, 300), inside)
    assert corner[3] == side[3] == 0
    assert 200 < plate[3] < 255, "the plate is readable and still lets the game through"


def test_clear_theme_has_no_plate(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/overlay/?theme=clear", viewport={"width": 800, "height": 600})
    until_share(page, "happiness", 0.41)
    box = page.locator(".plate").bounding_box()
    assert box is not None
    [found] = pixels(page, page.screenshot(omit_background=True), (int(box["x"] + box["width"] / 2), int(box["y"] + 6)))
    assert found[3] == 0


def test_custom_css_themes_it(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_state(page, "live")
    page.add_style_tag(content=":root { --happiness: #010203; --plate-radius: 0; }")
    colour = row(page, "happiness").locator(".fill").evaluate("(e) => getComputedStyle(e).backgroundColor")
    assert colour == "rgb(1, 2, 3)"
    assert page.locator(".plate").evaluate("(e) => getComputedStyle(e).borderRadius") == "0px"


@pytest.mark.parametrize(
    "rude",
    [
        "not json",
        "null",
        "[]",
        '{"type":"mood"}',
        '{"type":"news"}',
        json.dumps(mood(HAPPY) | {"shares": {"happiness": "<b>1</b>"}}),
        json.dumps(mood(HAPPY) | {"shares": dict.fromkeys(EMOTIONS, 7.0)}),
        json.dumps(mood(HAPPY) | {"intervals": None}),
        json.dumps(mood(HAPPY) | {"top": "<img src=x>"}),
        json.dumps(mood(HAPPY) | {"viewers": "many"}),
        json.dumps(mood(HAPPY) | {"enough": True, "shares": None}),
        json.dumps(mood(HAPPY) | {"sources": {"chat": {"voters": 3, "part": 1}}}),
        json.dumps(mood(HAPPY) | {"sources": "both"}),
    ],
)
def test_frames_that_make_no_sense_change_nothing(theatre: Theatre, stage: Stage, rude: str) -> None:
    stage.current = mood(ANGRY)
    page = theatre.open()
    until_share(page, "anger", 0.6123)
    before = page.locator(".plate").inner_html()
    stage.send(rude)
    page.wait_for_timeout(400)
    assert page.locator(".plate").inner_html() == before
    stage.play(mood(HAPPY))
    until_share(page, "happiness", 0.41)
