"""One page that goes through many states, in time that a test turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, Page

from tests.chromium import PATIENCE_MS
from tests.overlay.conftest import CLOCKWORK
from tests.overlay.looks import settle, until_state
from tests.overlay.moods import recorded
from tests.overlay.stage import PAGES, Frame, Stage, tile, tiles

# Who is shown on the theme `tiles`: names as people have them, and as people have them to break something.
SHOWN: Final = tiles(
    tile("s1", "Ann"),
    tile("s2", "小美", "surprise"),
    tile("s3", None, "neutral"),
    tile("s4", "محمد", "happiness", 0.7),
    tile("s5", "<b>bold</b>", "anger"),
    tile("s6", "A name that is much longer than there is room for", "happiness"),
    tile("s7", "Cem", None, 0.2),
    tile("s8", "Dee", "sadness", 0.5),
    tile("s9", None, "fear"),
    more=4,
)
FONTS: Final = ("DejaVu Sans", "Noto Sans CJK TC")
"""What .ci/run installs. Pages are drawn in these, whatever else a machine has."""
# What a timer leaves for later in the same task gets its turn, too.
IN_STEPS: Final = """async ([milliseconds, step]) => {
  for (let passed = 0; passed < milliseconds; passed += step) {
    forward(step);
    await null;
    await null;
  }
}"""
PACE: Final = 3000
"""Milliseconds between two frames of the story: with a rest still below the silence after which a feed is lost."""
# As a streamer would set it in OBS's Custom CSS.
IN_THOSE_FONTS: Final = f":root {{ --font: {', '.join(map(repr, FONTS))}, sans-serif !important; }}"


def themes() -> list[str]:
    """Every theme that there is."""
    return sorted(path.parent.name for path in (PAGES / "themes").glob("*/theme.js"))


def pass_time(page: Page, milliseconds: float, step: float = 100) -> None:
    """Let time pass on a page in which it stands still, step by step, with all that is due meanwhile."""
    page.evaluate(IN_STEPS, [milliseconds, step])


def until_heard(page: Page, frame: Frame | None = None) -> None:
    """Wait until a page in which time stands still has a theme, and was told this frame, or any."""
    told = "" if frame is None else f'="{repr(frame["time"]).removesuffix(".0")}"'
    page.locator(f"html[data-design][data-heard{told}]").wait_for(state="attached")


class Showing:
    """A page of the overlay. Time stands still in it but for what is passed here."""

    def __init__(self, stage: Stage, page: Page) -> None:
        self.stage = stage
        # Real time has no say here.
        self.stage.beating = False
        self.stage.tiles = SHOWN
        self.page = page

    def open(self, query: str, backdrop: str = "none") -> None:
        """Load the overlay with this query, over a CSS background; its theme is there, and nothing has been told."""
        self.stage.current, self.stage.refusing = None, False
        self.page.goto(f"{self.stage.url}/overlay/?{query}")
        self.page.add_style_tag(content=IN_THOSE_FONTS)
        self.behind(backdrop)
        self.page.locator("html[data-design]").wait_for(state="attached")

    @property
    def theme(self) -> str | None:
        """The theme that is on."""
        return self.page.locator("html").get_attribute("data-design")

    def pace(self, milliseconds: int) -> None:
        """How much time passes before each frame."""
        self.page.evaluate("(milliseconds) => { pace.milliseconds = milliseconds; }", milliseconds)

    def tell(self, frame: Frame, wait: bool = True) -> None:
        """Send the page the frame; returns when it has heard of it, unless it needn't wait."""
        self.stage.play(frame)
        if wait:
            until_heard(self.page, frame)

    def rest(self, milliseconds: int = 1500) -> None:
        """Let everything paced have its turn, and every transition its end."""
        pass_time(self.page, milliseconds)
        settle(self.page)

    def lose_signal(self) -> None:
        """The bot falls silent, and can't be reached any more."""
        self.stage.refusing = True
        self.page.evaluate("() => forward(6000)")
        until_state(self.page, "stale")

    def behind(self, backdrop: str) -> None:
        """Put a CSS background behind the page."""
        self.page.evaluate("(css) => document.documentElement.style.setProperty('background', css)", backdrop)

    def story(self, *names: str) -> Iterator[str]:
        """Play the recorded moods, and stop at those of these names; without one, at each that has a name."""
        self.pace(PACE)
        for name, frame in recorded():
            self.tell(frame, wait=name is not None)
            if name == "stale":
                self.lose_signal()
            if name is not None and (not names or name in names):
                self.rest()
                yield name


@contextmanager
def showing(browser: Browser, stage: Stage, **options: Any) -> Iterator[Showing]:
    """A page for a while; what its console says against it fails. `options` are Playwright's for a context."""
    errors: list[str] = []
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(path=CLOCKWORK)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Showing(stage, page)
    context.close()
    assert errors == []


def foreign_fonts(page: Page) -> set[str]:
    """The fonts in which the page really is drawn, but for those that it should be drawn in."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    nodes = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": "body, body *"})["nodeIds"]
    used = (session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"] for node in nodes)
    found = {font["familyName"] for fonts in used for font in fonts}
    session.detach()
    return found - set(FONTS)


@contextmanager
def in_720p(browser: Browser) -> Iterator[Showing]:
    """A page with a stage of its own, for a whole module."""
    stage = Stage()
    stage.start()
    with showing(browser, stage, viewport={"width": 1280, "height": 720}) as screen:
        yield screen
    stage.close()
