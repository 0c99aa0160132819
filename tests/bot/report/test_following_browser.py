"""The streamer's side of a story in the browser: the dashed line, and nothing that keeps anybody from reading it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bot.language import LanguageName
from bot.report.following_words import FOLLOWING
from bot.report.page import page as told
from bot.report.stories import Chosen, chosen
from bot.report.words import expressions
from tests.bot.report.streams import EVENING, keep, perform
from tests.chromium import ARGUMENTS, CHROMIUM, LAUNCH_MS, needs_chromium

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Chosen:
    path = tmp_path_factory.mktemp("own") / "history.sqlite3"
    session = keep(path, EVENING, 2400.0, "Together", story=600.0)
    perform(path, session)
    return chosen(path, session)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=LAUNCH_MS)
        yield browser
        browser.close()


def opened(browser: Browser, found: Chosen, folder: Path, language: LanguageName, **options: Any) -> Page:
    (folder / "story.html").write_text(told(found.story, language), "utf-8")
    page = browser.new_context(offline=True, **options).new_page()
    page.goto((folder / "story.html").as_uri())
    page.locator("html[data-ready]").wait_for(state="attached")
    return page


def dashed(page: Page) -> dict[str, Any] | None:
    """The dashed line's label and points; null without one."""
    line: dict[str, Any] | None = page.evaluate(
        """() => {
          const { datasets } = Chart.getChart(document.querySelector(".shares-chart")).data;
          const set = datasets.find((each) => each.borderDash);
          return set ? { label: set.label, points: set.data.map(({ y }) => (Number.isNaN(y) ? null : y)) } : null;
        }"""
    )
    return line


@pytest.mark.parametrize("language", FOLLOWING)
def test_the_streamers_line_is_that_of_the_expression_that_is_looked_at(
    browser: Browser, found: Chosen, tmp_path: Path, language: LanguageName
) -> None:
    page = opened(browser, found, tmp_path, language)
    following = found.story.following
    assert following is not None
    for place in (0, 3):
        page.locator(f'.chip[data-place="{place}"]').hover()
        line = dashed(page)
        assert line is not None
        assert line["label"] == FOLLOWING[language].own_line.format(expression=expressions(language)[place])
        shown = {value for value in line["points"] if value is not None}
        known = {round(bucket.shares[place], 3) for bucket in following.series[10] if bucket.shares}
        assert shown and shown <= known
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator('.chip[data-place="3"]').click()
    assert dashed(page) is None, "who hides an expression hides the streamer's as well"
    page.context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("language", FOLLOWING)
def test_axe_finds_nothing(
    browser: Browser, found: Chosen, tmp_path: Path, scheme: Any, language: LanguageName
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(browser, found, tmp_path, language, color_scheme=scheme, bypass_csp=True)
    violations = axe.Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations] == []
    page.context.close()


def test_on_a_phone_nothing_is_cut(browser: Browser, found: Chosen, tmp_path: Path) -> None:
    page = opened(browser, found, tmp_path, "en", viewport={"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()
