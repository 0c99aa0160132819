"""The README's pictures of the overlay's themes, over what may be a game: `python -m tests.pictures`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.overlay.moods import recorded
from tests.overlay.own_side import STATES
from tests.overlay.showing import Showing, showing, themes
from tests.overlay.stage import Stage, tile, tiles
from tests.pictures import GAME, keep

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Friendlier than those of the tests.
SHOWN: Final = tiles(
    tile("s1", "Ann"),
    tile("s2", "小美", "surprise"),
    tile("s3", None, "neutral"),
    tile("s4", "Diego"),
    tile("s5", "محمد", "surprise"),
    tile("s6", None),
    tile("s7", "Cem", "fear", 0.5),
    tile("s8", "Joëlle"),
    more=4,
)


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Showing]:
    stage = Stage()
    stage.start()
    with showing(browser, stage, viewport={"width": 640, "height": 360}) as screen:
        yield screen
    stage.close()


@pytest.mark.parametrize("theme", themes())
def test_theme(screen: Showing, pictures: Path, theme: str) -> None:
    screen.stage.tiles = SHOWN
    screen.open(f"theme={theme}", GAME)
    next(screen.story("level"))
    keep(screen.page.screenshot(), pictures / f"theme-{theme}.png")


def test_own_side(screen: Showing, pictures: Path) -> None:
    screen.open("theme=faces", GAME)
    next(screen.story("lively"))
    lively = next(frame for name, frame in recorded() if name == "lively")
    screen.tell(lively | STATES["clear"] | {"said": None, "time": lively["time"] + 1})
    screen.rest(4000)
    keep(screen.page.screenshot(), pictures / "resonance.png")
