"""The dashboard's panels: connections, switches, links, the overlay's look, keys, calm mode; a page without a key."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.overlay.conftest import Theatre
from tests.overlay.looks import pause, until_state
from tests.overlay.stage import PAGES, Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
ANGRY = (0.05, 0.05, 0.2, 0.5, 0.1, 0.05, 0.05)
RUDE = "<img src=x onerror=alert(1)>\u202e شريط 🎉" + "x" * 10_000
RIVER: dict[str, Any] = {
    "name": "river",
    "title": {"en": "River", "zh-TW": "河流"},
    "fields": [
        {"name": "speed", "type": "number", "default": 2, "min": 1, "max": 5, "choices": [], "label": {"en": "Speed"}},
        {"name": "glow", "type": "switch", "default": True, "choices": [], "label": {"en": "Glow"}},
        {"name": "ink", "type": "colour", "default": "#ffffff", "choices": [], "label": {"en": "Ink"}},
        {"name": "word", "type": "text", "default": "", "max": 20, "choices": [], "label": {"en": "Word <b>"}},
        {
            "name": "shape", "type": "choice", "default": "round", "label": {"en": "Shape"},
            "choices": [{"value": "round", "label": {"en": "Round"}}, {"value": "flat", "label": {"en": "Flat"}}],
        },
    ],
}  # fmt: skip


def opened(theatre: Theatre, stage: Stage, **options: Any) -> Page:
    stage.current = stage.current or mood(HAPPY)
    page = theatre.open("/dashboard/", **options)
    until_state(page, "live")
    return page


def test_each_connection_is_told_with_its_mend(theatre: Theatre, stage: Stage) -> None:
    stage.connections = [
        {"name": "overlay", "state": "waiting", "line": "No overlay is open.", "mend": "Add its address to OBS."},
        {"name": "obs", "state": "bad", "line": RUDE, "mend": "Start <b>OBS</b>."},
        {"name": "history", "state": "good", "line": "This stream is remembered.", "mend": ""},
    ]
    page = opened(theatre, stage, viewport={"width": 300, "height": 700})
    panel = page.get_by_role("region", name="Connections")
    expect(panel.get_by_role("listitem")).to_have_count(3)
    expect(panel.get_by_role("status")).to_have_text("Needs you: OBS")
    expect(panel.get_by_role("listitem").nth(0)).to_contain_text("Waiting")
    expect(panel.get_by_text("Start <b>OBS</b>.")).to_be_visible()
    assert page.locator("img, main b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 300

    stage.connections = [stage.connections[2]]
    expect(panel.get_by_role("listitem")).to_have_count(1)
    expect(panel.get_by_role("status")).to_have_text("All is well.")


def test_the_switches_do_what_they_say_and_follow_the_moderators(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage)
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.get_by_role("button", name="Hide the overlay").click()
    expect(page.get_by_role("button", name="Show the overlay")).to_be_visible()
    assert stage.wanted == [{"paused": True}, {"overlay": False}]
    stage.play(mood(None, viewers=0, paused=True, overlay=True))
    expect(page.get_by_role("button", name="Hide the overlay")).to_be_visible()
    stage.play(mood(HAPPY))
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_a_mood_that_is_told_again_undoes_no_switch(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.get_by_role("button", name="Calm mode").click()
    expect(page.get_by_role("button", name="Calm mode")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_the_title_is_settable_where_no_platform_tells_it(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage)
    title = page.get_by_label("Title of this stream")
    expect(title).to_be_editable()
    title.fill("Boss rush <b>🎉</b>")
    title.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert stage.wanted == [{"title": "Boss rush <b>🎉</b>"}]
    title.fill(RUDE)
    # The browser counts an emoji as two.
    assert len(title.input_value().encode("utf-16-le")) == 2 * 140

    stage.controls |= {"titled_by": "twitch", "title": "From Twitch"}
    page.reload()
    expect(title).to_have_value("From Twitch")
    expect(title).not_to_be_editable()
    expect(page.get_by_text("Twitch tells the title.")).to_be_visible()


def test_links_are_hidden_until_they_are_asked_for(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage)
    join = page.get_by_label("Join link, for your viewers", exact=True)
    expect(join).to_have_value(re.compile("/join/demo#"))
    veil = "(input) => getComputedStyle(input).webkitTextSecurity"
    assert join.evaluate(veil) == "disc" and not any(path.startswith("/api/join.svg") for path in stage.requests)
    page.get_by_role("button", name="Show the links").click()
    assert join.evaluate(veil) == "none"
    expect(page.get_by_role("img", name="QR code of the join link")).to_be_visible()
    page.get_by_role("button", name="Hide the links").click()
    expect(page.get_by_role("img", name="QR code of the join link")).to_have_count(0)


def test_the_look_is_chosen_and_seen_with_every_field_of_a_theme(theatre: Theatre, stage: Stage) -> None:
    stage.themes.append(RIVER)
    # The list knows it and the stage has no such folder: the preview falls back, and says so.
    theatre.refused = (*theatre.refused, 'LERA: the theme "river"', "Failed to load resource")
    stage.links = stage.links | {"overlay": "/overlay/#key=abc"}
    page = opened(theatre, stage)
    page.locator("summary").click()
    address = page.get_by_label("Address for OBS")
    expect(address).to_have_value(f"{stage.url}/overlay/#key=abc")
    preview = page.frame_locator("iframe")
    expect(preview.locator("html")).to_have_attribute("data-state", "live")

    page.get_by_label("Theme").select_option("River")
    for label, value in (
        ("Speed", "4"),
        ("Ink", "#ff0000"),
        ("Word <b>", "hi & <b>"),
        ("Size", "1.5"),
        ("Delay in seconds", "20"),
    ):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Glow").uncheck()
    page.get_by_label("Shape").select_option("Flat")
    page.get_by_label("Plate").select_option("Light")
    page.get_by_label("Place", exact=True).select_option("Right")
    page.get_by_role("group", name="Not shown").get_by_label("Sad").check()
    page.get_by_role("group", name="Softened").get_by_label("Angry").check()
    page.get_by_role("group", name="Softened").get_by_label("Fearful").check()
    page.get_by_label("Faces and chat apart").check()
    page.get_by_label("Less motion").check()
    query = page.evaluate("Object.fromEntries(new URL(document.querySelector('.address').value).searchParams)")
    assert query == {
        "theme": "river", "f.speed": "4", "f.ink": "#ff0000", "f.word": "hi & <b>", "f.glow": "0", "f.shape": "flat",
        "scale": "1.5", "delay": "20", "plate": "light", "position": "right", "hide": "sadness",
        "soften": "anger,fear", "apart": "1", "motion": "reduced",
    }  # fmt: skip
    assert address.input_value().endswith("#key=abc")
    page.get_by_label("Size").fill("99")
    assert "scale=1.5" in address.input_value(), "what is out of range is not taken"

    page.get_by_label("May start before the bot").check()
    assert address.input_value().startswith("file:///lera/overlay/start.html?port=1&theme=river")
    # Another theme has other fields; the rest is kept, also for the next time.
    page.get_by_label("Theme").select_option("Bars")
    assert "f." not in address.input_value()
    expect(preview.locator("html")).to_have_attribute("data-theme", "light")
    expect(preview.locator("html")).to_have_attribute("data-position", "right")
    page.reload()
    expect(page.get_by_label("Plate")).to_have_value("light")
    assert not [path for path in stage.requests if "abc" in path], "no key in any query"


@pytest.mark.parametrize("label", ["Join link, for your viewers", "Plate"])
def test_a_bot_that_comes_back_takes_nobody_off_what_they_are_at(theatre: Theatre, stage: Stage, label: str) -> None:
    page = opened(theatre, stage)
    page.locator("summary").click()
    place = page.get_by_label(label, exact=True)
    place.focus()
    stage.refusing = True
    stage.drop()
    until_state(page, "stale")
    with page.expect_response("**/api/links") as answer:
        stage.refusing = False
    answer.value.finished()
    until_state(page, "live")
    pause(page, 500)
    expect(place).to_be_focused()


def test_a_key_is_renewed_after_a_second_question(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage)
    ask = page.get_by_role("button", name="Renew: The overlay's key")
    ask.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(ask).to_be_focused()
    assert stage.renewed == []
    ask.click()
    page.get_by_role("button", name="Yes, renew it").click()
    expect(page.get_by_text("Renewed. The new address is under Links.")).to_be_visible()
    assert stage.renewed == ["overlay"]
    expect(page.get_by_label("Overlay, for an OBS browser source", exact=True)).to_have_value(
        re.compile("#key=number-1")
    )
    expect(page.get_by_label("Address for OBS")).to_have_value(re.compile("#key=number-1"))


def test_calm_mode_has_no_numbers_and_stays_on(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage)
    page.get_by_role("button", name="Calm mode").click()
    expect(page.get_by_text("They look happy with you.")).to_be_visible()
    expect(page.get_by_role("table")).to_be_hidden()
    stage.play(mood(ANGRY))
    expect(page.get_by_text("Feelings run high for a moment. It passes.")).to_be_visible()
    shown = page.evaluate("document.querySelector('header').innerText + document.querySelector('main').innerText")
    # The axis of the river counts minutes, and nobody.
    assert not re.search(r"\d+ ?%|\d+ (?:connected|viewers|faces)", shown)
    page.reload()
    expect(page.get_by_role("button", name="Calm mode")).to_have_attribute("aria-pressed", "true")
    stage.play(mood(None, viewers=2))
    expect(page.locator(".signal-words")).to_have_text("Gathering the crowd")
    page.get_by_role("button", name="Calm mode").click()
    expect(page.locator(".signal-words")).to_have_text("Gathering the crowd (2 of 3)")


def test_it_speaks_both_languages_whole(theatre: Theatre, stage: Stage) -> None:
    page = opened(theatre, stage, locale="zh-TW")
    expect(page.get_by_role("heading", name="連線")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh-TW"
    page.get_by_label("語言").first.select_option("English")
    expect(page.get_by_role("heading", name="Connections")).to_be_visible()
    words = page.evaluate(
        """async () => {
          const { captionsOf, LANGUAGES } = await import("/overlay/captions.js");
          const said = [...document.querySelectorAll("[data-word], [data-label]")];
          const used = said.flatMap(({ dataset }) => [dataset.word, dataset.label]);
          return { used: used.filter(Boolean), known: LANGUAGES.map((lang) => Object.keys(captionsOf(lang)).sort()) };
        }"""
    )
    assert words["known"][0] == words["known"][1] and set(words["used"]) <= set(words["known"][0])
    # What stands in the file is what is read before the script runs.
    english = page.evaluate("async () => (await import('/overlay/captions.js')).captionsOf('en')")
    source = (PAGES / "dashboard.html").read_text("utf-8")
    for word, text in re.findall(r'data-word="(\w+)"[^>]*>([^<]+)<', source):
        assert text in (english[word], english[word].replace("\u00a0", " ")), word


def test_without_a_key_it_says_what_to_do_and_takes_one(theatre: Theatre, stage: Stage) -> None:
    stage.current, stage.key = mood(HAPPY), "the-right-key"
    page = theatre.open("/dashboard/")
    theatre.expect_refusals()
    heading = page.get_by_role("heading", name="This dashboard needs its key")
    expect(heading).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
    page.get_by_label("Address or key").fill("nonsense")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_text("That is not the key (any more).")).to_be_visible()
    page.get_by_label("Address or key").fill(f"{stage.url}/dashboard/#key=the-right-key")
    page.keyboard.press("Enter")
    until_state(page, "live")
    expect(heading).to_be_hidden()
    assert stage.shown_keys == ["nonsense", "the-right-key"]


def test_the_key_leaves_the_address_and_an_overlay_without_one_is_quiet(theatre: Theatre, stage: Stage) -> None:
    stage.current, stage.key = mood(HAPPY), "the-right-key"
    page = theatre.open("/overlay/?lang=zh-TW#key=the-right-key")
    theatre.expect_refusals()
    until_state(page, "live")
    assert page.url == f"{stage.url}/overlay/?lang=zh-TW" and not any("right" in path for path in stage.requests)

    # Renewed: the feed ends, and nothing but a small line says so.
    stage.key = "another-key"
    stage.drop()
    line = page.locator(".locked")
    expect(line).to_have_text("LERA：請從控制台重新開啟疊加層的網址")
    expect(page.locator(".plate")).to_be_hidden()
    box = line.bounding_box()
    assert box is not None and box["height"] < 40
    stage.key = ""
    until_state(page, "live")
    expect(line).to_have_count(0)
    expect(page.locator(".plate")).to_be_visible()
