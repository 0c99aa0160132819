"""Nobody takes an old picture for a live one, and the page comes back by itself, in whatever order things start."""

import time

import pytest
from playwright.sync_api import expect

from tests.chromium import PATIENCE_MS
from tests.overlay.conftest import Theatre
from tests.overlay.looks import UNKNOWN, bars, state, until_share, until_state
from tests.overlay.showing import pass_time, until_heard
from tests.overlay.stage import PAGES, Stage, beat, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
SAD = (0.05, 0.41, 0.2, 0.1, 0.14, 0.04, 0.06)
# Files are kept one after the other, so a count of them says nothing yet.
KEPT = """async () => {
  const folder = new URL(".", location.href).href;
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const own = [location.origin + location.pathname, ...loaded.filter((name) => name.startsWith(folder))];
  for (let look = 0; look < 600; look += 1) {
    const cache = await caches.open("overlay");
    const found = await Promise.all(own.map((name) => cache.match(name)));
    if (found.every((answer) => answer !== undefined)) return own;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return [];
}"""


def test_stale_when_the_bot_goes_and_live_when_it_returns(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    for shares in (SAD, HAPPY):
        # The page may know of it before `stop` has returned.
        gone = time.monotonic()
        stage.stop()
        until_state(page, "stale")
        assert time.monotonic() - gone > 1.5, "a short hiccup is not worth a word"
        expect(page.locator(".headline")).to_have_text("Reconnecting…")
        expect(page.locator(".title")).to_have_text("No signal")
        assert page.locator(".number").all_text_contents() == [UNKNOWN] * 7
        looks = page.locator(".bars").evaluate("(e) => [getComputedStyle(e).opacity, getComputedStyle(e).filter]")
        assert float(looks[0]) < 0.6 and looks[1] == "grayscale(1)"

        stage.current = mood(shares)
        stage.start()
        until_state(page, "live")
        until_share(page, "happiness", shares[0])
        expect(page.locator(".headline")).to_have_text("Happy" if shares is HAPPY else "Sad")


def test_a_quick_restart_is_not_worth_a_word(theatre: Theatre, stage: Stage) -> None:
    theatre.hold_time()
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_heard(page)
    pass_time(page, 1500)
    until_share(page, "happiness", 0.41)
    page.evaluate(
        """() => { const root = document.documentElement; window.states = [];
             new MutationObserver(() => window.states.push(root.dataset.state))
               .observe(root, { attributeFilter: ["data-state"] }); }"""
    )
    stage.stop()
    stage.current = mood(SAD)
    stage.start()
    page.locator('html[data-lost="1"]').wait_for(state="attached")
    # The first retry comes no later.
    pass_time(page, 250)
    until_heard(page, stage.current)
    pass_time(page, 3000)
    until_share(page, "sadness", 0.41)
    assert stage.joins == 2
    assert page.evaluate("() => window.states") == []


def test_stale_when_the_bot_is_silent(theatre: Theatre, stage: Stage) -> None:
    """A half-open connection: nobody says goodbye, there is only silence."""
    theatre.hold_time()
    stage.patient = False
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_heard(page)
    pass_time(page, 4900)
    until_share(page, "happiness", 0.41)
    assert state(page) == "live"
    stage.current = mood(SAD)
    pass_time(page, 100)
    assert state(page) == "stale"
    pass_time(page, 250)
    until_heard(page, stage.current)
    pass_time(page, 1000)
    until_share(page, "sadness", 0.41)
    assert state(page) == "live"


def test_beats_alone_keep_it_live(theatre: Theatre, stage: Stage) -> None:
    theatre.hold_time()
    stage.patient = False
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_heard(page)
    for _ in range(4):
        pass_time(page, 2000)
        told = beat()
        stage.play(told)
        until_heard(page, told)
    until_share(page, "happiness", 0.41)
    assert state(page) == "live"
    assert stage.joins == 1


def test_a_beat_does_not_bring_an_old_picture_back_to_life(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_share(page, "happiness", 0.41)
    stage.stop()
    until_state(page, "stale")
    stage.current = None
    joined = stage.joins
    with page.expect_websocket(lambda socket: "/live" in socket.url) as opened:
        stage.start()
    with opened.value.expect_event("framereceived", timeout=PATIENCE_MS):
        pass
    assert stage.joins > joined
    assert state(page) == "stale"


def test_comes_alive_when_the_bot_comes_after_it(theatre: Theatre, stage: Stage) -> None:
    stage.refusing = True
    page = theatre.open()
    expect(page.locator(".headline")).to_have_text("Connecting…")
    assert state(page) == "connecting"
    assert [bar.share for bar in bars(page)] == [None] * 7
    stage.current = mood(HAPPY)
    stage.refusing = False
    until_share(page, "happiness", 0.41)
    assert state(page) == "live"


def test_comes_up_again_when_it_is_refreshed_while_the_bot_is_away(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/overlay/?theme=light")
    until_share(page, "happiness", 0.41)
    kept = page.evaluate(KEPT)
    assert len(kept) > 10 and page.url.split("?")[0] in kept
    page.evaluate("() => navigator.serviceWorker.ready")
    stage.stop()
    page.reload()
    expect(page.locator(".headline")).to_have_text("Connecting…")
    assert (
        page.locator(".row").count() == 7 and page.evaluate("() => document.documentElement.dataset.theme") == "light"
    )
    stage.current = mood(SAD)
    stage.start()
    until_share(page, "sadness", 0.41)


def test_the_page_on_the_disk_waits_for_the_bot_wherever_that_is(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/join/demo")
    stage.stop()
    page.goto(f"{(PAGES / 'start.html').as_uri()}?host=localhost&port={stage.port}&theme=light")
    stage.start()
    page.wait_for_url(f"http://localhost:{stage.port}/overlay/?theme=light")
    until_share(page, "happiness", 0.41)
