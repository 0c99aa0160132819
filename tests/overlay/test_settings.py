"""The query string: known values work, anything else is the default and never becomes markup."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from model.emotions import EMOTIONS
from tests.overlay.conftest import Theatre
from tests.overlay.looks import bars, until_state
from tests.overlay.stage import POLICY, Stage, mood

pytestmark = pytest.mark.browser

HAPPY = (0.41, 0.05, 0.2, 0.1, 0.14, 0.04, 0.06)
DEFAULTS = {
    "theme": "dark",
    "position": "left",
    "motion": "full",
    "lang": "en",
    "scale": "1",
    "show": ",".join(EMOTIONS),
}


def settings(page: Page) -> dict[str, str]:
    """What the page has made of its query string."""
    until_state(page, "live")
    found: dict[str, str] = page.evaluate(
        """() => { const root = document.documentElement; const { theme, position, motion } = root.dataset;
             return { theme, position, motion, lang: root.lang, scale: root.style.getPropertyValue("--scale") }; }"""
    )
    return found | {"show": ",".join(bar.emotion for bar in bars(page))}


@pytest.mark.parametrize(
    ("query", "changed"),
    [
        ("", {}),
        ("theme=light", {"theme": "light"}),
        ("theme=CLEAR", {"theme": "clear"}),
        ("scale=1.5", {"scale": "1.5"}),
        ("scale=99", {"scale": "3"}),
        ("scale=0", {"scale": "0.5"}),
        ("position=bottom&motion=reduced", {"position": "bottom", "motion": "reduced"}),
        ("lang=zh-tw", {"lang": "zh-TW"}),
        ("show=fear,%20happiness", {"show": "happiness,fear"}),
        ("show=anger,nonsense,anger", {"show": "anger"}),
        ("theme=dark&theme=light", {}),
        ("plate=light", {"theme": "light"}),
        ("plate=constructor&lang=__proto__&position=toString&theme=__proto__", {}),
        ("scale=1e3&show=&motion=&theme=", {}),
        ("scale=NaN&unknown=1&lang=xx", {}),
    ],
)
def test_settings(theatre: Theatre, stage: Stage, query: str, changed: dict[str, str]) -> None:
    stage.current = mood(HAPPY)
    assert settings(theatre.open(f"/overlay/?{query}")) == DEFAULTS | changed


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>window.pwned = 1</script>",
        "<img src=x onerror='window.pwned = 1'>",
        '"><svg onload=window.pwned=1>',
        "javascript:window.pwned=1",
        "1;background:url(//evil.example/)",
        "x" * 1000,
    ],
)
def test_hostile_settings_are_ignored(theatre: Theatre, stage: Stage, hostile: str) -> None:
    stage.current = mood(HAPPY)
    query = "&".join(f"{name}={quote(hostile)}" for name in DEFAULTS)
    page = theatre.open(f"/overlay/?{query}")
    assert settings(page) == DEFAULTS
    assert page.evaluate("() => window.pwned") is None
    assert page.locator("script").count() == 1
    assert page.locator("img").count() == 0
    assert hostile not in page.locator("html").evaluate("(e) => e.outerHTML")


def test_redirect_keeps_the_query(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open("/overlay?theme=light")
    assert settings(page)["theme"] == "light"


def test_the_policy_is_served_and_bites(theatre: Theatre, stage: Stage) -> None:
    stage.current = mood(HAPPY)
    page = theatre.open()
    until_state(page, "live")
    response = page.reload()
    assert response is not None and response.headers["content-security-policy"] == POLICY
    assert theatre.errors == [], "the page itself keeps to it"
    page.evaluate(
        """() => { const script = document.createElement("script");
             script.textContent = "window.bad = 1";
             document.head.append(script); }"""
    )
    assert page.evaluate("() => window.bad") is None
    expect(page.locator("html")).to_be_attached()
    assert any("Content Security Policy" in error for error in theatre.errors)
    theatre.errors.clear()
