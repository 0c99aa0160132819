"""`python -m tests.overlay.approve [THEME …]` takes the approved pictures anew. Look at each before it is committed."""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.chromium import ARGUMENTS, CHROMIUM
from tests.overlay.approved import FOLDER, save, save_theme
from tests.overlay.own_side import APPROVED, SHEET
from tests.overlay.showing import foreign_fonts, showing, themes
from tests.overlay.stage import Stage
from tests.overlay.test_resonance import own_sides
from tests.overlay.test_screens import SCREEN, taken


def main() -> int:
    """Approve what the themes draw now."""
    parser = argparse.ArgumentParser(prog="python -m tests.overlay.approve", description=__doc__)
    parser.add_argument("themes", nargs="*", choices=[[], *themes()], help="which; all without")
    parser.add_argument("--full", metavar="FOLDER", type=Path, help="leave the screens there, too, in full size")
    chosen = parser.parse_args()
    if CHROMIUM is None:
        print("No Chromium here; install it and try again.", file=sys.stderr)
        return 1
    stage = Stage()
    stage.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with showing(browser, stage, viewport=SCREEN) as screen:
            for theme in chosen.themes or themes():
                path = save_theme(theme, taken(screen, theme, chosen.full))
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            if not chosen.themes:
                path = save(SHEET, own_sides(screen, chosen.full), tuple(APPROVED), tuple(themes()))
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            foreign = foreign_fonts(screen.page)
        browser.close()
    stage.close()
    if foreign:
        print(f"These were drawn in {', '.join(sorted(foreign))}: install what .ci/run does.", file=sys.stderr)
        return 1
    print(f"In all {sum(path.stat().st_size for path in FOLDER.iterdir()) / 1000:.0f} kB. Now look at them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
