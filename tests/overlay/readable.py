"""How well the words on a page can be read, as it stands on the screen: WCAG 2.2, success criterion 1.4.3.

A word's surroundings are what remains in its place when its letters are made transparent: the plate, or on the plate
`clear` the outline that the word has (technique G18 judges text against its outline).
"""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Page

INK: Final = 24
"""How much a pixel changes with the letters, of 255, to be part of one."""
AROUND: Final = 1
"""So many pixels around a letter are its surroundings as well."""
QUANTILE: Final = 0.1
"""A tenth of a word's surroundings may be worse: the soft end of an outline, between two lines of a picture behind."""
NO_LETTERS: Final = "* { -webkit-text-fill-color: transparent !important; } text { fill-opacity: 0 !important; }"
WORDS: Final = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const holder = node.parentElement;
    if (text === "" || !holder.checkVisibility({ checkVisibilityCSS: true })) continue;
    let opacity = 1;
    for (let each = holder; each !== null; each = each.parentElement) opacity *= getComputedStyle(each).opacity;
    const style = getComputedStyle(holder);
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left, top, right, bottom } = range.getBoundingClientRect();
    const colour = holder instanceof SVGElement ? style.fill : style.color;
    found.push({ text, opacity, colour, box: [left, top, right, bottom] });
  }
  return found;
}"""

Pixels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Word:
    """A piece of text on the screen. `contrast` is 1..21; `opacity` (0..1) is its own and that of all that it is in."""

    text: str
    opacity: float
    contrast: float


def words(page: Page) -> list[Word]:
    """Every piece of text that can be seen, with its contrast to what is around its letters."""
    told: list[dict[str, Any]] = page.evaluate(WORDS)
    with_letters = pixels_of(page.screenshot())[..., :3]
    style = page.add_style_tag(content=NO_LETTERS)
    without = pixels_of(page.screenshot())[..., :3]
    style.evaluate("(style) => style.remove()")
    found = []
    for word in told:
        left, top, right, bottom = (round(edge) for edge in word["box"])
        part = np.s_[max(0, top - AROUND) : bottom + AROUND, max(0, left - AROUND) : right + AROUND]
        around = _widened(np.abs(with_letters[part] - without[part]).max(axis=-1, initial=0.0) > INK)
        # Letters that leave no trace are as bright as what is behind them.
        colour = _colour(word["colour"], word["opacity"])
        contrast = _contrast(colour, without[part][around]) if around.any() else 1.0
        found.append(Word(word["text"], word["opacity"], contrast))
    return found


def pixels_of(png: bytes) -> Pixels:
    """A screenshot's red, green, blue and alpha, 0..255, (height, width, 4)."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA")).astype(np.float64)


def _colour(css: str, opacity: float) -> tuple[float, float, float, float]:
    """What a browser says a colour is, `rgb(…)` or `rgba(…)`, with an alpha of 0..1."""
    red, green, blue, *alpha = (float(part) for part in css[css.index("(") + 1 : -1].split(","))
    return red, green, blue, (alpha[0] if alpha else 1.0) * opacity


def _widened(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    wide = mask.copy()
    for _ in range(AROUND):
        grown = wide.copy()
        grown[1:] |= wide[:-1]
        grown[:-1] |= wide[1:]
        grown[:, 1:] |= wide[:, :-1]
        grown[:, :-1] |= wide[:, 1:]
        wide = grown
    return wide


def _contrast(colour: tuple[float, float, float, float], around: Pixels) -> float:
    """Of letters in this colour to these pixels (n, 3), but for the worst of them."""
    *paint, alpha = colour
    letters = _luminance(alpha * np.array(paint) + (1 - alpha) * around)
    behind = _luminance(around)
    ratios = (np.maximum(letters, behind) + 0.05) / (np.minimum(letters, behind) + 0.05)
    return float(np.quantile(ratios, QUANTILE))


def _luminance(colours: Pixels) -> Pixels:
    """Relative luminance, 0..1."""
    parts = colours / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    luminance: Pixels = linear @ np.array((0.2126, 0.7152, 0.0722))
    return luminance
