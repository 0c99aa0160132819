"""The system's fonts: one for Latin, one for Chinese, found by the names that Windows, macOS and Linux give them.

No font is bundled. Where nothing is found, Latin is drawn in the one that Pillow carries, and Chinese can't be drawn.
"""

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from PIL import ImageDraw, ImageFont

from bot.drawing.words import Language

Weight = Literal["regular", "bold"]
Font = ImageFont.FreeTypeFont

# (regular, bold), best first; in the order of the overlay's own list, then what each system has at the least.
LATIN: Final = (
    ("segoeui.ttf", "segoeuib.ttf"),
    ("Inter-Regular.ttf", "Inter-Bold.ttf"),
    ("Inter-Regular.otf", "Inter-Bold.otf"),
    ("HelveticaNeue.ttc", "HelveticaNeue.ttc"),
    ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    ("Arial.ttf", "Arial Bold.ttf"),
    ("arial.ttf", "arialbd.ttf"),
)
CHINESE: Final = (
    ("msjh.ttc", "msjhbd.ttc"),
    ("PingFang.ttc", "PingFang.ttc"),
    ("NotoSansTC-Regular.otf", "NotoSansTC-Bold.otf"),
    ("NotoSansTC-Regular.ttf", "NotoSansTC-Bold.ttf"),
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    ("NotoSansCJKtc-Regular.otf", "NotoSansCJKtc-Bold.otf"),
    ("SourceHanSansTC-Regular.otf", "SourceHanSansTC-Bold.otf"),
    ("STHeiti Light.ttc", "STHeiti Medium.ttc"),
    ("Hiragino Sans GB.ttc", "Hiragino Sans GB.ttc"),
    ("wqy-microhei.ttc", "wqy-microhei.ttc"),
    ("wqy-zenhei.ttc", "wqy-zenhei.ttc"),
    ("DroidSansFallbackFull.ttf", "DroidSansFallbackFull.ttf"),
    ("DroidSansFallback.ttf", "DroidSansFallback.ttf"),
    ("msyh.ttc", "msyhbd.ttc"),
    ("Arial Unicode.ttf", "Arial Unicode.ttf"),
)
NO_CHINESE: Final = (
    "No font with Chinese characters is installed (on Linux: fonts-noto-cjk); pictures are in English without one."
)
# What one collection of fonts calls its face for Traditional Chinese, and for the weights.
_TRADITIONAL: Final = (" TC", "Heiti TC", "JhengHei UI")
_FACES: Final = 40


class Typeface(Struct, frozen=True):
    """Words in one weight and size: each character in the font that has it. `chinese` is None where there is none."""

    latin: Font
    chinese: Font | None

    def width(self, text: str) -> float:
        """In pixels."""
        return sum(font.getlength(part) for font, part in self._runs(text))

    def write(
        self, pen: ImageDraw.ImageDraw, x: float, baseline: float, text: str, ink: tuple[int, ...], align: str = "left"
    ) -> None:
        """Write one line; `x` is its left or right end, or its middle."""
        if align != "left":
            x -= self.width(text) / (1 if align == "right" else 2)
        for font, part in self._runs(text):
            pen.text((x, baseline), part, ink, font, anchor="ls")
            x += font.getlength(part)

    def fitting(self, text: str, width: float) -> str:
        """The text, cut with an ellipsis where it is wider than `width` pixels."""
        if self.width(text) <= width:
            return text
        end = len(text)
        while end and self.width(text[:end].rstrip() + "…") > width:
            end -= 1
        return text[:end].rstrip() + "…"

    def _runs(self, text: str) -> Iterator[tuple[Font, str]]:
        """Stretches of one font; what no font has (an emoji in a channel's title) is left out."""
        run, font = "", self.latin
        for letter in text:
            chosen = self._font_of(letter)
            if chosen is None:
                continue
            if chosen is not font and run:
                yield font, run
                run = ""
            run, font = run + letter, chosen
        if run:
            yield font, run

    def _font_of(self, letter: str) -> Font | None:
        # Chinese has its own commas and brackets, which must not come from another font than its words.
        order = [self.chinese, self.latin] if ord(letter) >= 0x2E80 else [self.latin, self.chinese]
        return next((font for font in order if font is not None and _has(font, letter)), None)


@functools.lru_cache(maxsize=64)
def typeface(size: int, bold: bool = False) -> Typeface:
    """The system's typeface, `size` pixels high."""
    weight: Weight = "bold" if bold else "regular"
    latin, chinese = _chosen("latin", weight), _chosen("chinese", weight)
    if latin is None:
        carried = ImageFont.load_default(size)
        assert isinstance(carried, ImageFont.FreeTypeFont)
        return Typeface(carried, _open(chinese, size))
    opened = _open(latin, size)
    assert opened is not None
    return Typeface(opened, _open(chinese, size))


def has_chinese() -> bool:
    """Whether Chinese can be drawn on this machine."""
    return _chosen("chinese", "regular") is not None


def drawable(language: Language) -> Language:
    """This language, or English where its characters can't be drawn."""
    return language if language == "en" or has_chinese() else "en"


def find(names: tuple[tuple[str, str], ...], weight: Weight, files: dict[str, Path]) -> tuple[Path, int] | None:
    """The first of these fonts that is among the files, by lower-case name, and its face in a collection."""
    for regular, bold in names:
        for name in (bold, regular) if weight == "bold" else (regular,):
            path = files.get(name.lower())
            if path is not None:
                index = _face(path, weight)
                if index is not None:
                    return path, index
    return None


def folders() -> list[Path]:
    """Where this system keeps its fonts."""
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData" / "Local"))
        return [
            Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts",
            Path(local) / "Microsoft" / "Windows" / "Fonts",
        ]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts", home / ".fonts"]


@functools.cache
def _files() -> dict[str, Path]:
    wanted = {name.lower() for pair in LATIN + CHINESE for name in pair}
    found: dict[str, Path] = {}
    for folder in folders():
        # `os.walk` passes over folders that can't be read, and those that aren't there.
        for place, _, names in os.walk(folder):
            for name in names:
                if name.lower() in wanted:
                    found.setdefault(name.lower(), Path(place) / name)
    return found


@functools.cache
def _chosen(script: str, weight: Weight) -> tuple[Path, int] | None:
    return find(LATIN if script == "latin" else CHINESE, weight, _files())


def _face(path: Path, weight: Weight) -> int | None:
    """Which face of a collection is the one of this weight, for Traditional Chinese where it has several scripts."""
    if path.suffix.lower() != ".ttc":
        try:
            ImageFont.truetype(str(path), 16)
        except OSError:
            return None
        return 0
    ranked: list[tuple[int, int]] = []
    for index in range(_FACES):
        try:
            family, style = ImageFont.truetype(str(path), 16, index=index).getname()
        except OSError:
            break
        family, style = family or "", style or ""
        styles = ("bold", "semibold", "medium", "w6") if weight == "bold" else ("regular", "light", "w3")
        fits = next((len(styles) - place for place, word in enumerate(styles) if style.lower() == word), 0)
        traditional = any(family.endswith(ending) for ending in _TRADITIONAL) and "Mono" not in family
        ranked.append((-(10 * traditional + fits), index))
    return min(ranked)[1] if ranked else None


def _open(chosen: tuple[Path, int] | None, size: int) -> Font | None:
    if chosen is None:
        return None
    # Basic layout: no script here needs shaping, and it is there in every build of Pillow.
    return ImageFont.truetype(str(chosen[0]), size, index=chosen[1], layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=4096)
def _has(font: Font, letter: str) -> bool:
    """Whether the font draws the character as something else than the box that stands for what it lacks."""
    if letter.isspace():
        return True
    mask = font.getmask(letter)
    return mask.getbbox() is not None and bytes(mask) != bytes(_missing(font))


@functools.lru_cache(maxsize=64)
def _missing(font: Font) -> bytes:
    return bytes(font.getmask("\U0010fffe"))
