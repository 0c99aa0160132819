"""What a test asks a page. Selectors instead of `wait_for_function`: the pages' policy forbids eval, also to a test."""

import base64
from dataclasses import dataclass
from typing import Any, Final, cast

from playwright.sync_api import Locator, Page, expect

from tests.chromium import PATIENCE_MS

UNKNOWN: Final = "\N{EN DASH}"
"""Stands where a number would."""


def until_state(page: Page, state: str) -> None:
    """Waits until the plate says that it is in the state."""
    page.locator(f'html[data-state="{state}"]').wait_for(state="attached")


def until_share(page: Page, emotion: str, share: float | None) -> None:
    """Waits until a row shows the share, or none; then until everything has come to rest."""
    row = page.locator(f'.row[data-emotion="{emotion}"]')
    if share is None:
        page.locator(f'.row[data-emotion="{emotion}"]:not([data-share])').wait_for(state="attached")
    else:
        expect(row).to_have_attribute("data-share", f"{share:.10g}", timeout=PATIENCE_MS)
    settle(page)


def settle(page: Page) -> None:
    """Waits for the end of every running transition."""
    page.evaluate("() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => null)))")


def pause(page: Page, milliseconds: float) -> None:
    """Waits by the page's own clock: what was due meanwhile is done and painted then, on any machine."""
    page.evaluate(
        """(milliseconds) => new Promise((done) => {
             setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), milliseconds);
           })""",
        milliseconds,
    )


def painted(page: Page) -> None:
    """Waits until what is on the page is painted, also where time stands still: an animation ends with a frame."""
    page.evaluate(
        """async () => {
             for (let frame = 0; frame < 2; frame += 1) await document.documentElement.animate([], 1).finished;
           }"""
    )


def state(page: Page) -> str:
    return str(page.evaluate("() => document.documentElement.dataset.state"))


def labels(page: Page) -> list[str]:
    return page.locator(".row .label").all_text_contents()


def row(page: Page, emotion: str) -> Locator:
    return page.locator(f'.row[data-emotion="{emotion}"]')


@dataclass(frozen=True)
class Bar:
    """One bar as it stands on the screen, in CSS pixels."""

    emotion: str
    share: float | None
    fill: float
    track: float


def bars(page: Page) -> list[Bar]:
    """Every bar, measured."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => [...document.querySelectorAll(".row")].map((row) => ({
          emotion: row.dataset.emotion,
          share: row.dataset.share === undefined ? null : Number(row.dataset.share),
          fill: row.querySelector(".fill").getBoundingClientRect().width,
          track: row.querySelector(".track").getBoundingClientRect().width,
        }))"""
    )
    return [Bar(**each) for each in found]


def pixels(page: Page, png: bytes, *points: tuple[int, int]) -> list[list[int]]:
    """Red, green, blue and alpha of a PNG at some points, decoded by the browser itself."""
    blank = page.context.new_page()
    try:
        found = blank.evaluate(
            """async ([png, points]) => {
              const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
              const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
              const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
              pen.drawImage(image, 0, 0);
              return points.map(([x, y]) => [...pen.getImageData(x, y, 1, 1).data]);
            }""",
            [base64.b64encode(png).decode(), [list(point) for point in points]],
        )
    finally:
        blank.close()
    return cast(list[list[int]], found)
