"""A real Chromium on a real little server. Every page is watched: an error in its console fails the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.chromium import ARGUMENTS, CHROMIUM, LAUNCH_MS, PATIENCE_MS
from tests.overlay.stage import Stage

# Playwright's own is five seconds, which a busy machine may need for one step.
expect.set_options(timeout=PATIENCE_MS)
CUT_OFF: Final = tuple(
    f"Failed to load resource: net::ERR_{why}"
    for why in ("CONNECTION_REFUSED", "CONNECTION_RESET", "CONNECTION_CLOSED", "SOCKET_NOT_CONNECTED", "EMPTY_RESPONSE")
)
"""What a browser says of a stage that is closed; which of them is a matter of the moment."""
CLOCKWORK: Final = Path(__file__).with_name("clockwork.js")


@dataclass
class Theatre:
    """Opens pages of the stage and remembers what went wrong in them."""

    browser: Browser
    stage: Stage
    errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    prepare: Callable[[Page], object] = lambda _page: None
    refused: tuple[str, ...] = ("WebSocket connection to", *CUT_OFF)

    def open(self, path: str = "/overlay/", **options: Any) -> Page:
        """A new page in a new context; `options` are Playwright's for a context."""
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.prepare(page)
        page.goto(self.stage.url + path)
        return page

    def hold_time(self) -> None:
        """From now on pages are opened in which no time passes but by `showing.pass_time`."""
        self.stage.beating = False
        self.prepare = lambda page: page.add_init_script(path=CLOCKWORK)

    def expect_refusals(self) -> None:
        """From now on a page may be told that it needs a key: the browser reports each 401 as an error."""
        self.refused = (*self.refused, "Failed to load resource: the server responded with a status of 401")
        self.errors = [error for error in self.errors if not error.startswith(self.refused)]

    def _note(self, message: ConsoleMessage) -> None:
        # The browser itself reports a socket or a file that is refused; a page has no way to keep it from doing so.
        if message.type in ("error", "warning") and not message.text.startswith(self.refused):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module. Not for longer: while it lives, Playwright holds the loop that async tests need."""
    if CHROMIUM is None:
        pytest.skip("no Chromium or Chrome on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=LAUNCH_MS)
        yield browser
        browser.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "themes")
    stage.patient = True
    stage.start()
    yield stage
    stage.close()


@pytest.fixture
def theatre(browser: Browser, stage: Stage) -> Iterator[Theatre]:
    theatre = Theatre(browser, stage)
    yield theatre
    for context in theatre.contexts:
        context.close()
    assert theatre.errors == []
