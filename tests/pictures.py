"""`python -m tests.pictures [FOLDER]` takes the README's pictures anew, from the real pages, into docs or FOLDER."""

import argparse
import io
import sys
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from tests.conftest import ROOT

TESTS: Final = ("tests/test_pictures.py", "tests/overlay/test_pictures.py", "tests/bot/report/test_pictures.py")

# A quiet stand-in for a game: hills under an evening sky.
GAME: Final = (
    "radial-gradient(circle at 22% 105%, #1d2b36 0 34%, transparent 34.2%),"
    "radial-gradient(circle at 80% 118%, #22333b 0 46%, transparent 46.2%),"
    "linear-gradient(#33415e 0 40%, #4a4a6b 40% 62%, #6b5470 62%)"
)


def main() -> int:
    """Run the tests that take them, and keep what they took."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs", help="where they go (default docs)")
    folder = parser.parse_args().folder.resolve()
    status = int(pytest.main([*(str(ROOT / test) for test in TESTS), "-q", "--pictures", str(folder)]))
    taken = sorted(folder.glob("*.png"))
    for path in taken:
        print(f"{path.stat().st_size / 1000:6.0f} kB  {path.name}")
    print(f"{sum(path.stat().st_size for path in taken) / 1000:6.0f} kB  in all")
    return status


def keep(png: bytes, path: Path) -> None:
    """Write a screenshot in 256 colours, which is all that these pages need and a third of the bytes."""
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    assert path.stat().st_size > 2000, "there is hardly anything on it"


if __name__ == "__main__":
    sys.exit(main())
