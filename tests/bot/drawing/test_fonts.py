"""Which fonts are chosen, and what happens where one is missing."""

import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from bot.drawing import fonts
from bot.drawing.fonts import CHINESE, LATIN, drawable, find, typeface

needs_chinese = pytest.mark.skipif(not fonts.has_chinese(), reason="no font with Chinese characters on this machine")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any font."""
    monkeypatch.setattr(fonts, "_files", dict)
    for cached in (fonts._chosen, typeface):
        cached.cache_clear()
        monkeypatch.setattr(fonts, cached.__name__, cached.__wrapped__)


@needs_chinese
def test_words_of_both_scripts_stand_in_one_line() -> None:
    letters = typeface(24)
    assert letters.chinese is not None
    family, _ = letters.chinese.getname()
    assert letters.width("開心") == pytest.approx(48, abs=6)
    assert letters.width("LERA 開心") == pytest.approx(letters.width("LERA ") + letters.width("開心"))
    assert "JP" not in (family or ""), "of a collection of fonts, the Traditional Chinese one"


@pytest.mark.skipif(find(CHINESE[4:5], "bold", fonts._files()) is None, reason="no Noto Sans CJK on this machine")
def test_of_a_collection_the_right_face_is_taken() -> None:
    styles: tuple[tuple[fonts.Weight, str], ...] = (("regular", "Regular"), ("bold", "Bold"))
    for weight, style in styles:
        found = find(CHINESE[4:5], weight, fonts._files())
        assert found is not None
        path, index = found
        face = ImageFont.truetype(str(path), 16, index=index)
        assert face.getname() == ("Noto Sans CJK TC", style)


def test_the_first_known_name_wins_and_broken_files_are_passed_over(tmp_path: Path) -> None:
    sound = find(LATIN, "regular", fonts._files())
    if sound is None:
        pytest.skip("no font that we know on this machine")
    broken = tmp_path / "segoeui.ttf"
    broken.write_bytes(b"no font")
    files = {"segoeui.ttf": broken, "dejavusans.ttf": sound[0], "arial.ttf": sound[0]}
    assert find(LATIN, "regular", files) == (sound[0], 0)
    assert find(LATIN, "bold", files) == (sound[0], 0), "a regular one is better than none"
    assert find(LATIN, "regular", {}) is None


def test_what_no_font_has_is_left_out() -> None:
    letters = typeface(24)
    assert letters.width("a\U0010fffe\N{VARIATION SELECTOR-16}b") == letters.width("a") + letters.width("b")


def test_long_words_end_in_an_ellipsis() -> None:
    letters = typeface(24)
    cut = letters.fitting("a channel with quite a long name", 150)
    assert cut.endswith("…") and letters.width(cut) <= 150
    assert letters.fitting("short", 150) == "short"


@pytest.mark.usefixtures("bare")
def test_a_machine_without_fonts_still_draws_english() -> None:
    letters = typeface(24, bold=True)
    picture = Image.new("RGB", (200, 40))
    letters.write(ImageDraw.Draw(picture), 5, 30, "Happy 62%", (255, 255, 255))
    assert picture.getbbox() is not None
    assert letters.chinese is None and drawable("zh-TW") == "en" and drawable("en") == "en"
    assert "Linux" in fonts.NO_CHINESE


def test_every_system_has_its_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for system, part in (("win32", "Fonts"), ("darwin", "/System/Library/Fonts"), ("linux", "/usr/share/fonts")):
        monkeypatch.setattr(sys, "platform", system)
        assert any(part in str(folder) for folder in fonts.folders()), system
