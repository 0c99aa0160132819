"""What the pages may contain: nothing from the internet, no markup from strings, nothing too new for OBS."""

import re
from pathlib import Path

import pytest

from tests.overlay.stage import PAGES

SOURCES = sorted(path for path in PAGES.rglob("*") if path.suffix in {".html", ".js", ".css", ".svg"})
NAMESPACE = "http://www.w3.org/2000/svg"

MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser")
# OBS 28 to 30 carry Chromium 103; each of these came later.
TOO_NEW = re.compile(
    r":has\(|@container|@scope|@starting-style|color-mix\(|oklch\(|oklab\(|text-wrap|subgrid|anchor\(|light-dark\("
    r"|linear\(|\b\d+(?:dvh|svh|lvh|cqw|cqh|lh)\b|^\s*&|\bmask(?:-image)?:"
    r"|\.toSorted\(|\.toReversed\(|\.with\(|Object\.groupBy|Promise\.withResolvers|Array\.fromAsync|Promise\.try"
    r"|\.isWellFormed\(|new Set\([^)]*\)\.(?:union|intersection)\(|scheduler\.|structuredClone\(.*transfer",
    re.MULTILINE,
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PAGES).as_posix())
def test_source(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(NAMESPACE, "")
    ours = re.sub(r"plain http:// address|http://127.0.0.1|http://\$\{host\}", "", text)
    assert not re.search(r"https?://|wss?://", ours), "nothing from the internet"
    assert not MARKUP.search(text), "words go in as text"
    assert not TOO_NEW.search(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)), "OBS cannot show it"
    if path.suffix == ".html":
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|javascript:|<style", text), "the policy forbids it"
    if path.suffix == ".css":
        assert not re.search(r"[;{]\s*(?:translate|scale|rotate):", text), "these came with Chromium 104"
    if path.name in {"overlay.css", "palette.css", "theme.css"}:
        assert "@keyframes" not in text and "infinite" not in text, "nothing moves without news"
