"""A real Chromium for tests."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Page, async_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

PATIENCE_MS: Final = 60_000
"""Long, because a busy machine is slow; a test that passes never waits for it."""
LAUNCH_MS: Final = 180_000
"""In which a browser must have started."""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@asynccontextmanager
async def browser_page(width: int = 1920, height: int = 1080) -> AsyncIterator[Page]:
    """An empty page of this size, in a browser of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=LAUNCH_MS)
        try:
            page = await browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(PATIENCE_MS)
            yield page
        finally:
            await browser.close()
