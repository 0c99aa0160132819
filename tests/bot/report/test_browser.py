"""The offline file in a real Chromium, opened from the disk with no network at all."""

import base64
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bot.report.__main__ import main
from bot.report.figures import clock, percent
from bot.report.listing import list_page
from bot.report.page import whole
from bot.report.reader import Averages
from bot.report.stories import Chosen, chosen
from bot.report.words import WORDS, looks_like
from model.emotions import EMOTIONS
from tests.bot.report.streams import season
from tests.chromium import ARGUMENTS, CHROMIUM, LAUNCH_MS, PATIENCE_MS, needs_chromium

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Chosen:
    path = tmp_path_factory.mktemp("season") / "history.sqlite3"
    return chosen(path, season(path))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The story as the command writes it, in each language."""
    folder = tmp_path_factory.mktemp("stories")
    home = tmp_path_factory.mktemp("home")
    season(home / "history.sqlite3")
    (home / "config.toml").write_text(f"[history]\nfolder = '{home.as_posix()}'\n", "utf-8")
    for language in WORDS:
        out = folder / f"{language}.html"
        assert main(["5", "--config", str(home / "config.toml"), "--out", str(out), "--lang", language]) == 0
    return {language: folder / f"{language}.html" for language in WORDS}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=LAUNCH_MS)
        yield browser
        browser.close()


CHART = 'Chart.getChart(document.querySelector(".shares-chart"))'


class Reading:
    """A context without a network, whose pages may neither complain nor ask for anything."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.troubles: list[str] = []
        context.set_default_timeout(PATIENCE_MS)

    def open(self, path: Path) -> Page:
        page = self.context.new_page()
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self._asked(request.url, path))
        page.goto(path.as_uri())
        page.locator("html[data-ready]").wait_for(state="attached")
        return page

    def _asked(self, url: str, path: Path) -> None:
        if url != path.as_uri() and not url.startswith(("data:", "blob:")):
            self.troubles.append(f"asked for {url}")


@pytest.fixture
def reading(browser: Browser) -> Iterator[Reading]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, color_scheme="dark")
    reading = Reading(context)
    yield reading
    context.close()
    assert reading.troubles == []


def drawn(page: Page) -> dict[str, Any]:
    """What Chart.js has to draw: the window, and the points of each line."""
    told: dict[str, Any] = page.evaluate(
        """() => {
          const chart = Chart.getChart(document.querySelector(".shares-chart"));
          const lines = chart.data.datasets.filter((set) => set.label);
          return { from: chart.scales.x.min, to: chart.scales.x.max, labels: lines.map((set) => set.label),
                   points: lines.map((set) => set.data.map(({ x, y }) => [x, Number.isNaN(y) ? null : y])) };
        }"""
    )
    return told


def test_the_chart_draws_the_storys_numbers_in_every_unit(
    reading: Reading, files: dict[str, Path], found: Chosen
) -> None:
    page = reading.open(files["en"])
    for unit in (10, 60, 600, 1800):
        page.locator(f'label:has([name="unit"][value="{unit}"])').click()
        page.get_by_text(f"One point is {WORDS['en'].units[unit]}.").wait_for()
        for place, points in enumerate(drawn(page)["points"]):
            shown = [(x, y) for x, y in points if y is not None]
            buckets = [bucket for bucket in found.story.series[unit] if bucket.shares]
            assert [y for _, y in shown] == pytest.approx([b.shares[place] for b in buckets if b.shares], abs=1e-4)
            for (x, _), bucket in zip(shown, buckets, strict=True):
                assert bucket.begin <= x <= min(bucket.begin + unit, found.story.duration)


def test_a_gap_is_a_gap_and_no_line(reading: Reading, files: dict[str, Path], found: Chosen) -> None:
    page = reading.open(files["en"])
    (rest,) = [gap for gap in found.story.gaps if gap.reason == "away"]
    points = drawn(page)["points"][0]
    assert any(x >= rest.begin and x <= rest.end and y is None for x, y in points), "the line is broken"
    # In units of half an hour there are points on both sides and in the middle, and still nothing is drawn in the gap.
    page.locator('label:has([name="unit"][value="1800"])').click()
    left, top, width, height = page.evaluate(
        """([begin, end]) => {
          const chart = Chart.getChart(document.querySelector(".shares-chart"));
          const { scales: { x }, chartArea, currentDevicePixelRatio: ratio } = chart;
          const [left, right] = [x.getPixelForValue(begin) + 2, x.getPixelForValue(end) - 2];
          const place = [left, chartArea.top + 2, right - left, chartArea.height - 4];
          return place.map((value) => Math.round(value * ratio));
        }""",
        [rest.begin, rest.end],
    )
    url = page.evaluate('() => document.querySelector(".shares-chart").toDataURL()')
    canvas = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))
    gap = canvas[top : top + height, left : left + width].reshape(-1, 4)
    colours = {tuple(pixel) for pixel in gap.tolist()}
    beside = {tuple(pixel) for pixel in canvas[top : top + height, left - width : left - 6].reshape(-1, 4).tolist()}
    assert len(colours) <= 3, "the shade and the grid on it"
    assert len(beside) > 10, "lines are drawn beside it"


def test_zooming_and_turning_pages(reading: Reading, files: dict[str, Path], found: Chosen) -> None:
    page = reading.open(files["en"])
    chart, length = page.locator(".chart"), found.story.duration
    window = drawn(page)
    assert (window["from"], window["to"]) == (0, length)
    assert page.locator('[data-do="earlier"]').is_disabled() and page.locator('[data-do="out"]').is_disabled()

    page.locator("#length").select_option("1800")
    assert page.locator(".shown").text_content() == "Shown: 0:00 to 30:00. One point is 10 s."
    page.locator('[data-do="later"]').click()
    window = drawn(page)
    assert (window["from"], window["to"]) == (1800, 3600)
    assert page.locator("#page option:checked").text_content() == "2 of 5: 30:00 to 1:00:00"
    page.locator("#page").select_option("4")
    assert drawn(page)["to"] == length and page.locator('[data-do="later"]').is_disabled()

    page.locator('[data-do="in"]').click()
    window = drawn(page)
    assert window["to"] - window["from"] == 900
    chart.press("0")
    assert drawn(page)["to"] - drawn(page)["from"] == length
    chart.press("+")
    chart.press("Home")
    assert (drawn(page)["from"], drawn(page)["to"]) == pytest.approx((0, length / 2))
    chart.press("ArrowRight")
    assert drawn(page)["from"] == pytest.approx(length / 8)

    box = page.locator(".shares-frame").bounding_box()
    assert box is not None
    before = drawn(page)
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 120)
    page.mouse.up()
    after = drawn(page)
    assert before["from"] < after["from"] < after["to"] < before["to"]
    page.locator(".shares-frame").dblclick()
    assert drawn(page)["to"] == length


def test_lines_come_and_go(reading: Reading, files: dict[str, Path]) -> None:
    page = reading.open(files["en"])
    chip = page.locator('.chip[data-emotion="anger"]')
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    assert page.evaluate(f"{CHART}.isDatasetVisible(3)") is False
    chip.press("Enter")
    assert chip.get_attribute("aria-pressed") == "true"
    assert page.evaluate(f"{CHART}.isDatasetVisible(3)") is True


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_chapters_are_copied(browser: Browser, files: dict[str, Path], found: Chosen, language: Any) -> None:
    context = browser.new_context(offline=True, permissions=["clipboard-read", "clipboard-write"])
    page = Reading(context).open(files[language])
    words = WORDS[language]
    lines = [f"0:00 {words.start}"] + [
        f"{clock(moment.into)} {looks_like(language, moment.emotion, percent(moment.share, language))}"
        for moment in found.story.moments
    ]
    page.locator("button.copy").click()
    page.get_by_text(words.copied).wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == "\n".join(lines)
    page.locator("#earlier").fill("20")
    page.locator("button.copy").click()
    first = page.locator("pre.chapters").text_content()
    assert first is not None and first.split("\n")[2].startswith(f"{clock(found.story.moments[1].into - 20)} ")
    assert page.evaluate("() => navigator.clipboard.readText()") == first
    context.close()


def test_a_moment_leads_into_the_chart(reading: Reading, files: dict[str, Path], found: Chosen) -> None:
    page = reading.open(files["en"])
    moment = found.story.moments[2]
    page.locator(f'[data-into="{moment.into}"]').click()
    window = drawn(page)
    assert window["from"] < moment.into < window["to"] and window["to"] - window["from"] == 300


def test_the_picture_of_the_chart(reading: Reading, files: dict[str, Path]) -> None:
    page = reading.open(files["zh-TW"])
    with page.expect_download() as waiting:
        page.locator('[data-do="picture"]').click()
    download = waiting.value
    assert download.suggested_filename == "lera-report-5.png"
    with Image.open(download.path()) as picture:
        assert (picture.format, picture.size) == ("PNG", (1600, 900))
        pixels = np.asarray(picture.convert("RGB"))
    happiness = np.array([0xFF, 0xD9, 0x3B])
    assert (np.abs(pixels.astype(int) - happiness).sum(axis=2) < 12).sum() > 500, "its line and its legend"
    assert (pixels[0, 0] == [0x13, 0x18, 0x26]).all(), "a ground, not transparent"


def test_the_unit_as_csv(reading: Reading, files: dict[str, Path], found: Chosen) -> None:
    page = reading.open(files["zh-TW"])
    page.locator('label:has([name="unit"][value="600"])').click()
    with page.expect_download() as waiting:
        page.locator('[data-do="sheet"]').click()
    assert waiting.value.suggested_filename == "lera-report-5-600s.csv"
    lines = list(csv.DictReader(waiting.value.path().read_text("ascii").splitlines()))
    for line, bucket in zip(lines, found.story.series[600], strict=True):
        assert bucket.shares is not None and bucket.intervals is not None
        assert (float(line["begin_seconds"]), int(line["viewers_most"])) == (bucket.begin, bucket.most)
        assert int(line["seconds_with_shares"]) == bucket.counted
        for emotion, share, (low, high) in zip(EMOTIONS, bucket.shares, bucket.intervals, strict=True):
            told = [float(line[name]) for name in (emotion, f"{emotion}_low", f"{emotion}_high")]
            assert told == pytest.approx([share, low, high], abs=1e-4)


def test_the_table_has_the_same_numbers(reading: Reading, files: dict[str, Path], found: Chosen) -> None:
    page = reading.open(files["en"])
    page.locator(".numbers summary").click()
    page.locator(".numbers tbody tr").first.wait_for()
    rows = page.evaluate(
        """() => [...document.querySelectorAll(".numbers tbody tr")]
                 .map((row) => [...row.cells].map((cell) => cell.textContent))"""
    )
    buckets = found.story.series[60]
    assert len(rows) == len(buckets)
    for row, bucket in zip(rows, buckets, strict=True):
        assert row[0] == clock(bucket.begin) and row[-1] == f"{bucket.counted} of 60"
        if bucket.shares is not None:
            shown = [int(re.sub(r"\D", "", cell)) for cell in row[1:8]]
            assert shown == pytest.approx([share * 100 for share in bucket.shares], abs=0.51)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_wears_the_readers_ground_and_prints_on_white(browser: Browser, files: dict[str, Path], scheme: Any) -> None:
    context = browser.new_context(offline=True, color_scheme=scheme)
    page = Reading(context).open(files["en"])

    def line() -> str:
        return str(
            page.evaluate('() => Chart.getChart(document.querySelector(".shares-chart")).data.datasets[0].borderColor')
        )

    assert line()[:7] == ("#ffd93b" if scheme == "dark" else "#b87a00")
    page.emulate_media(media="print")
    page.wait_for_function(f"{CHART}.data.datasets[0].borderColor.startsWith('#b87a00')")
    context.close()


def test_without_javascript_the_numbers_are_there(browser: Browser, files: dict[str, Path]) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(files["en"].as_uri())
    assert page.locator("noscript").is_visible()
    assert page.locator(".seven tbody tr").count() == len(EMOTIONS)
    assert "looks like" in page.locator("pre.chapters").inner_text()
    context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_axe_finds_nothing(browser: Browser, files: dict[str, Path], scheme: Any, language: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # axe is a script of its own, which the page's policy rightly refuses.
    context = browser.new_context(offline=True, color_scheme=scheme, bypass_csp=True)
    page = Reading(context).open(files[language])
    page.locator(".numbers summary").click()
    page.locator(".numbers tbody tr").first.wait_for()
    _axe_is_content(axe, page)
    context.close()


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_axe_finds_nothing_in_the_list(browser: Browser, found: Chosen, tmp_path: Path, language: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    averages = {found.session.id: Averages(found.session.id, 9, 9, 4.0, 9, found.story.shares)}
    (tmp_path / "list.html").write_text(
        whole("The list", list_page(found.sessions, averages, language), language), "utf-8"
    )
    context = browser.new_context(offline=True, bypass_csp=True)
    _axe_is_content(axe, Reading(context).open(tmp_path / "list.html"))
    context.close()


def _axe_is_content(axe: Any, page: Page) -> None:
    found = axe.Axe().run(page).response["violations"]
    assert [(violation["id"], [node["html"][:200] for node in violation["nodes"]]) for violation in found] == []
