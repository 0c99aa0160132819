"""A stranger's name becomes one short, visible line of text, or nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.names import MAX_BYTES, MAX_CHARACTERS, clean_name, name_key

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "Zoë",
        "Ōkubo 37",
        "王小明",
        "محمد",
        "דָּנִי",
        "می‌خواهم",
        "क्षेत्रपाल",
        "<b>Ann</b>",
        "'; drop--",
        "🎮",
        FAMILY,
        "❤️‍🔥",
        "🇹🇼",
        "👍🏽",
    ],
)
def test_names_of_the_world_stay_as_they_are(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("  Ann \n\t Lee ", "Ann Lee"),
        ("Zoe\u0308", "Zoë"),
        ("An\x00n\x1b[2J\x7f", "Ann[2J"),
        ("\u202eevil\u202c\u2066x\u2069\u200f\u061c", "evilx"),
        ("A\u200dn\u200bn\u2060\ufeff", "Ann"),
        ("\u200d\u200d🎮\u200d\u200d\u200d", "🎮"),
        ("a" + "\u0301" * 500, "á" + "\u0301" * 3),
        ("a" + "\u0301\u0301\u0301\u200b" * 50, "á" + "\u0301" * 3),
        ("e\u200b\u0301", "é"),
        ("\u0301\u0301", ""),
        ("\u3164\u2800\u115f", ""),
        ("\ue000\U000f0000\u0378", ""),
        ("\ud800Ann\udfff", "Ann"),
        ("", ""),
        ("   ", ""),
        ("x" * 10_000, "x" * 25),
        ("王" * 10_000, "王" * 25),
        (FAMILY * 50, FAMILY * 6),
        ("🇹🇼" * 50, "🇹🇼" * 15),
    ],
)
def test_what_would_break_a_line_is_taken_out(given_name: str, shown: str) -> None:
    assert clean_name(given_name) == shown


@given(st.text(max_size=600))
def test_whatever_comes_the_name_is_short_visible_and_clean_already(text: str) -> None:
    name = clean_name(text)
    assert len(name.encode()) <= MAX_BYTES and len(unicodedata.normalize("NFD", name)) <= 12 * MAX_CHARACTERS
    assert name == name.strip() and "\n" not in name
    assert not any(unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for sign in name)
    assert not any(
        unicodedata.bidirectional(sign) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        for sign in name
    )
    assert clean_name(name) == name


def test_names_that_look_alike_have_one_key() -> None:
    assert name_key("Évil") == name_key("EVIL") == name_key("\uff45\uff56\uff49\uff4c") == name_key("e v.i-l")
    assert name_key("Ann") != name_key("Anna")
