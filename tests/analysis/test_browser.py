"""The page in a real Chromium, opened from the disk with no network at all."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from analysis.page import page
from analysis.tracks import Read, points
from analysis.usual import Earlier, Usual
from model.emotions import EMOTIONS
from model.modalities import Modality
from tests.analysis.seeing import evening, leading
from tests.bot.report.test_browser import Reading
from tests.chromium import ARGUMENTS, CHROMIUM, LAUNCH_MS, needs_chromium

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]

NAME = 'my "first" <b>clip</b>.mp4'
RIGHT: dict[Modality, float] = {"face": 0.82, "voice": 0.66, "words": 0.7}
CHARTS = 'Array.from(document.querySelectorAll(".shares-chart"), (canvas) => Chart.getChart(canvas))'


def usual() -> Earlier:
    a, b, c, d, e, f, g = leading("neutral", 0.4).tolist()
    return Earlier(4, Usual("nightfox", 4, (a, b, c, d, e, f, g), {"face": 0.75, "voice": 0.25}))


@pytest.fixture(scope="module")
def video() -> Read:
    return evening(NAME, 90.0, modalities=("face", "voice", "words"))


@pytest.fixture(scope="module")
def files(video: Read, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages as the command writes them."""
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "en": page(video, usual(), RIGHT, "en"),
        "zh-TW": page(video, usual(), RIGHT, "zh-TW"),
        "text": page(evening("script.txt", 40.0, "text", ("words",)), Earlier(0, None), RIGHT, "en"),
        "short": page(evening("short.wav", 6.4, "sound", ("voice",)), Earlier(1, None), RIGHT, "en"),
        "nothing": page(evening("empty.wav", 8.0, "sound", ()), Earlier(0, None), RIGHT, "en"),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=LAUNCH_MS)
        yield browser
        browser.close()


@pytest.fixture
def reading(browser: Browser) -> Iterator[Reading]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, color_scheme="dark")
    made = Reading(context)
    yield made
    assert not made.troubles
    context.close()


def windows(page: Page) -> list[list[float]]:
    """The part that each chart shows."""
    found: list[list[float]] = page.evaluate(f"{CHARTS}.map(({{scales}}) => [scales.x.min, scales.x.max])")
    return found


@pytest.mark.parametrize("name", ["en", "zh-TW", "text", "short", "nothing"])
def test_it_opens_without_complaint_or_request(reading: Reading, files: dict[str, Path], name: str) -> None:
    page = reading.open(files[name])
    count = {"en": 4, "zh-TW": 4, "text": 1, "short": 1, "nothing": 0}[name]
    assert page.locator("canvas").count() == count
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_name_is_a_name_and_no_markup(reading: Reading, files: dict[str, Path]) -> None:
    page = reading.open(files["en"])
    assert page.locator("h1").inner_text() == NAME and page.locator("h1 b").count() == 0
    assert page.title() == f"{NAME} · LERA"


def test_the_policy_lets_no_other_script_run(reading: Reading, files: dict[str, Path]) -> None:
    page = reading.open(files["en"])
    page.evaluate(
        """() => {
            const made = document.createElement("script");
            made.textContent = "window.ran = 1";
            document.head.append(made);
        }"""
    )
    assert page.evaluate("() => window.ran") is None
    assert reading.troubles and all("Content Security Policy" in trouble for trouble in reading.troubles)
    reading.troubles.clear()


def test_the_lines_are_the_numbers_and_stop_at_gaps(reading: Reading, files: dict[str, Path], video: Read) -> None:
    page = reading.open(files["en"])
    drawn = page.evaluate(
        f"{CHARTS}.map(({{data}}) => data.datasets[0].data.map(({{x, y}}) => [x, Number.isNaN(y) ? null : y]))"
    )
    for line, track in zip(drawn, [video.fused, *video.tracks.values()], strict=True):
        known = [shares for shares in (point.shares for point in points(track, 1)) if shares is not None]
        assert [y for _, y in line if y is not None] == pytest.approx([shares[0] for shares in known], abs=1e-4)
    face = dict(drawn[1])
    assert face[4.5] is not None and face[6.5] is None and drawn[0][6][1] is not None


def test_all_charts_move_together(reading: Reading, files: dict[str, Path]) -> None:
    page = reading.open(files["en"])
    assert windows(page) == [[0, 90]] * 4
    page.locator('[data-do="in"]').click()
    assert windows(page) == [[22.5, 67.5]] * 4
    page.locator(".chart").press("0")
    page.locator("[data-into]").first.click()
    ((begin, end), *others) = windows(page)
    assert begin < 45 < end and end - begin == 30 and all(other == [begin, end] for other in others)
    chip = page.locator('.chip[data-emotion="anger"]')
    chip.click()
    assert page.evaluate(f"{CHARTS}.map((chart) => chart.isDatasetVisible(3))") == [False] * 4
    # Dragging over any of them shows that part.
    page.locator(".chart").press("0")
    box = page.locator(".shares-frame").nth(2).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 50)
    page.mouse.up()
    assert all(0 < low < high < 90 for low, high in windows(page))


def test_the_unit_as_csv_and_the_picture(reading: Reading, files: dict[str, Path], video: Read) -> None:
    page = reading.open(files["zh-TW"])
    page.locator('label:has([name="unit"][value="10"])').click()
    with page.expect_download() as waiting:
        page.locator('[data-do="sheet"]').click()
    assert waiting.value.suggested_filename == "lera-analysis-my-first-b-clip-b-10s.csv"
    rows = list(csv.DictReader(waiting.value.path().read_text("ascii").splitlines()))
    for row, point in zip(rows, points(video.tracks["face"], 10), strict=True):
        assert (int(row["begin_second"]), int(row["face_seconds_read"])) == (point.begin, point.counted)
        assert point.shares is not None
        told = [float(row[f"face_{emotion}"]) for emotion in EMOTIONS]
        assert told == pytest.approx(point.shares, abs=1e-4)
    with page.expect_download() as waiting:
        page.locator('[data-do="picture"]').click()
    with Image.open(waiting.value.path()) as picture:
        assert (picture.format, picture.size) == ("PNG", (1600, 900))
        pixels = np.asarray(picture.convert("RGB"))
    assert (np.abs(pixels.astype(int) - [0xFF, 0xD9, 0x3B]).sum(axis=2) < 12).sum() > 300, "happiness and its legend"


def test_the_table_has_the_same_numbers(reading: Reading, files: dict[str, Path], video: Read) -> None:
    page = reading.open(files["en"])
    page.locator(".numbers summary").click()
    page.locator(".numbers tbody tr").first.wait_for()
    rows = page.evaluate(
        """() => [...document.querySelectorAll(".numbers tbody tr")]
                 .map((row) => [...row.cells].map((cell) => cell.textContent))"""
    )
    heads = page.locator(".numbers thead th").all_inner_texts()
    assert len(rows) == 90 and all(len(row) == len(heads) for row in rows)
    assert rows[6][0] == "0:06" and rows[6][9] == "\N{EN DASH}", "no face was to be read there"
    assert rows[46][1] == f"{round(video.fused.shares[46][0] * 100)}\N{NO-BREAK SPACE}%" and "Happy" in rows[46][9]


def test_sentences_have_numbers_and_lines(reading: Reading, files: dict[str, Path]) -> None:
    page = reading.open(files["text"])
    assert page.locator(".shown").text_content() == "Shown: 0 to 40. One point is 1 sentence."
    page.locator(".numbers summary").click()
    page.locator(".numbers tbody tr").first.wait_for()
    assert page.locator(".numbers tbody tr").first.locator("th, td").all_inner_texts()[:2] == ["1", "1"]


def test_without_javascript_the_numbers_are_there(browser: Browser, files: dict[str, Path]) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(files["en"].as_uri())
    assert page.locator("noscript").is_visible() and page.locator(".seven tbody tr").count() == len(EMOTIONS)
    context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("name", ["en", "zh-TW", "text", "nothing"])
def test_axe_finds_nothing(browser: Browser, files: dict[str, Path], scheme: Any, name: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # axe is a script of its own, which the page's policy rightly refuses.
    context = browser.new_context(offline=True, color_scheme=scheme, bypass_csp=True)
    page = Reading(context).open(files[name])
    if name != "nothing":
        page.locator(".numbers summary").click()
        page.locator(".numbers tbody tr").first.wait_for()
    found = axe.Axe().run(page).response["violations"]
    assert [(violation["id"], [node["html"][:200] for node in violation["nodes"]]) for violation in found] == []
    context.close()


def test_it_fits_a_narrow_window(browser: Browser, files: dict[str, Path]) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, offline=True)
    page = Reading(context).open(files["zh-TW"])
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    context.close()
