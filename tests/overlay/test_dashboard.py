"""The streamer's dashboard: now, the last five minutes, and links to hand out."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import PATIENCE_MS
from tests.overlay.conftest import Theatre
from tests.overlay.looks import UNKNOWN, until_state
from tests.overlay.stage import Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)


def river(page: Page, *seconds_ago: float) -> list[list[int]]:
    """The colours at mid height of the river, some seconds back."""
    found: list[list[int]] = page.evaluate(
        """(ago) => { const canvas = document.querySelector("canvas");
             const { width, height } = canvas;
             const pen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
             pen.drawImage(canvas, 0, 0);
             const { data } = pen.getImageData(0, Math.round(height * 0.4), width, 1);
             return ago.map((seconds) => Math.round(width * (1 - seconds / 300)))
               .map((x) => [...data.slice(4 * x, 4 * x + 4)]); }""",
        list(seconds_ago),
    )
    return found


def test_shows_the_crowd_now(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/dashboard")
    until_state(page, "live")
    expect(page.locator(".signal-words")).to_have_text("Live")
    expect(page.locator(".channel")).to_have_text("demo")
    expect(page.locator(".viewers")).to_have_text("12")
    expect(page.locator(".viewers-note")).to_have_text("14 connected, 3 needed")
    expect(page.locator(".top")).to_have_text("Happy")
    expect(page.locator(".valence")).to_have_text("Slightly pleasant")
    expect(page.locator(".arousal")).to_have_text("Excited")
    happy = page.get_by_role("row", name="Happy")
    expect(happy.locator("td")).to_have_text(["41%", f"32{UNKNOWN}50%", "rising"])

    stage.play(mood(None, viewers=2))
    expect(page.locator(".signal-words")).to_have_text("Gathering the crowd (2 of 3)")
    expect(page.locator(".viewers")).to_have_text("2")
    expect(page.locator(".top")).to_have_text(UNKNOWN)
    expect(happy.locator("td")).to_have_text([UNKNOWN] * 3)

    stage.stop()
    until_state(page, "stale")
    expect(page.locator(".signal-words")).to_have_text("No signal, reconnecting…")
    stage.start()
    until_state(page, "gathering")


def test_says_how_much_is_faces_and_how_much_is_chat(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY, viewers=158, chatters=120)
    page = theatre.open("/dashboard")
    expect(page.locator(".viewers")).to_have_text("158")
    expect(page.locator(".viewers-note")).to_have_text("38 faces · 120 in chat, 61% from chat; 160 connected")
    stage.play(mood(HAPPY, viewers=120, chatters=120, faces=2))
    expect(page.locator(".viewers-note")).to_have_text("120 in chat, 2 of 3 faces; 122 connected")


@pytest.mark.parametrize("width", [300, 400, 737, 1280])
def test_nothing_stands_out_of_its_panel(theatre: Theatre, stage: Stage, width: int) -> None:
    stage.current = mood((0.2, 0.25, 0.3, 0.1, 0.05, 0.05, 0.05))
    rules = [{"name": "a name without an end", "says": "happiness at 60% or more: scene Party", "active": True}]
    why = [{"time": time.time(), "line": f"Replay {'x' * 80}.mkv"}]
    stage.obs |= {"enabled": True, "connected": True, "state": "connected", "reactions": rules, "why": why}
    page = theatre.open("/dashboard/", viewport={"width": width, "height": 900})
    until_state(page, "live")
    expect(page.locator(".valence")).to_have_text("Slightly unpleasant")
    expect(page.get_by_role("button", name="Corner")).to_be_visible()
    page.get_by_role("button", name="Show the links").click()
    page.get_by_text("The overlay's look").first.click()
    expect(page.get_by_role("textbox", name="Join link")).to_be_visible()
    over = page.evaluate(
        """() => [...document.querySelectorAll(".panel, .cards dl > div, dd")]
             .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.className || box.textContent)"""
    )
    assert over == [] and page.evaluate("document.documentElement.scrollWidth") <= width


def test_names_are_text(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY) | {"channel": "<img src=x onerror=alert(1)>"}
    page = theatre.open("/dashboard/")
    expect(page.locator(".channel")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0


def test_river_remembers_and_has_gaps(theatre: Theatre, stage: Stage) -> None:
    now = time.time()
    rows = [mood(HAPPY, at=now - ago) for ago in range(290, 2, -1) if not 60 < ago < 120]
    stage.history = [row | (mood(None, at=row["time"]) if 180 < now - row["time"] < 240 else {}) for row in rows]
    stage.current = mood(HAPPY, at=now)
    with_history = theatre.open("/dashboard/")
    until_state(with_history, "live")
    expect(with_history.locator(".empty")).to_be_hidden()
    # Of the current mood there is but a drop; what the bot remembers comes behind it.
    for _ in range(PATIENCE_MS // 100):
        if river(with_history, 270)[0][3] == 255:
            break
        with_history.wait_for_timeout(100)
    asked = [path for path in stage.requests if path.startswith("/api/history")]
    assert asked == ["/api/history?seconds=300"]
    water, nobody, more_water, cut_off, latest = river(with_history, 270, 210, 150, 90, 30)
    assert water[3] == more_water[3] == latest[3] == 255
    assert nobody[3] < 60 and cut_off[3] < 60, "only the grid, if that"


def test_without_data_it_says_so(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(None, viewers=1)
    page = theatre.open("/dashboard/")
    until_state(page, "gathering")
    expect(page.locator(".empty")).to_be_visible()


def test_links_are_copied_with_the_keyboard(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/dashboard/", permissions=["clipboard-read", "clipboard-write"])
    expect(page.get_by_label("Overlay, for an OBS browser source", exact=True)).to_have_value(f"{stage.url}/overlay/")
    join = page.get_by_label("Join link, for your viewers", exact=True)
    join.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == f"{stage.url}/join/demo#example-token_123"


def test_logs_in_to_twitch_with_a_code_and_its_picture(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    stage.twitch = {"state": "login", "line": "LERA is not logged in to Twitch.", "login": None}
    page = theatre.open("/dashboard")
    expect(page.locator(".twitch-line")).to_have_text("LERA is not logged in to Twitch.")
    assert page.locator(".twitch-code").count() == 0
    dot = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    link = "https://www.twitch.tv/activate?public=true"
    login = {
        "account": "bot", "code": "ABCDEFGH", "link": link, "picture": dot,
        "leave": {"user:write:chat": "answers in chat"},
    }  # fmt: skip
    stage.twitch = {**stage.twitch, "login": login}
    page.get_by_role("button", name="Log in as a second account").click()
    expect(page.locator(".twitch-code")).to_have_text("ABCDEFGH")
    expect(page.locator(".twitch-login a")).to_have_attribute("href", link)
    expect(page.locator(".twitch-leave li")).to_have_text(["user:write:chat answers in chat"])
    expect(page.get_by_alt_text("QR code of the login's link")).to_be_visible()
    assert stage.asked_login == [{"account": "bot"}]

    stage.twitch = {"state": "connected", "line": "Connected to Twitch.", "login": None}
    expect(page.locator(".twitch-line")).to_have_text("Connected to Twitch.")
    assert page.locator(".twitch-code").count() == 0


def test_offers_no_login_where_twitch_is_not_set_up(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/dashboard")
    expect(page.locator(".twitch-line")).to_have_text("Twitch is not set up.")
    expect(page.get_by_role("button", name="Log in as your channel")).to_be_hidden()
