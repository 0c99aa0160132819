"""The page without a browser: what it says, what it never says, and that no name gets out of its place."""

import csv
import io
import json
import re

import msgspec
import pytest

from analysis.cards import accuracy
from analysis.export import as_csv, as_json, columns
from analysis.page import kept_units, name_of, numbers, page
from analysis.tracks import Read
from analysis.usual import Earlier, Usual
from analysis.words import WORDS
from model.emotions import EMOTIONS
from model.modalities import MODALITIES
from tests.analysis.seeing import evening, leading
from tests.conftest import ROOT

NONE = Earlier(0, None)
CARDS = {"face": "face.json", "voice": "voice.json", "words": "text.json"}
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\N{RIGHT-TO-LEFT OVERRIDE}.mp4'


def usual() -> Earlier:
    a, b, c, d, e, f, g = leading("neutral", 0.4).tolist()
    return Earlier(4, Usual("night<b>fox", 4, (a, b, c, d, e, f, g), {"face": 0.75, "words": 0.25}))


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_a_hostile_name_stays_text(language: str) -> None:
    text = page(evening(HOSTILE), usual(), {"face": 0.5}, language)  # type: ignore[arg-type]
    assert "<script>alert" not in text and "<img" not in text and "night<b>" not in text
    assert "&lt;script&gt;alert(1)" in text and "<bdi>" in text
    assert re.fullmatch(r"lera-analysis-[\w-]+", name_of(HOSTILE))
    assert text.count("<script") == 3, "our program, the data, the library"


@pytest.mark.parametrize("name", ["", ".mp4", "...", "con/../x.wav", "a" * 300, "影片.mp4"])
def test_names_of_files_are_plain(name: str) -> None:
    made = name_of(name)
    assert re.fullmatch(r"lera-analysis-[\w-]+", made) and len(made) < 80


def test_the_languages_say_the_same() -> None:
    for name in WORDS["en"].__struct_fields__:
        english, chinese = (getattr(WORDS[language], name) for language in ("en", "zh-TW"))
        if isinstance(english, dict):
            assert list(english) == list(chinese), name
            continue
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese)), name


def test_what_is_absent_is_said_and_has_no_number() -> None:
    text = page(evening(modalities=("face",)), NONE, {})
    assert "nothing that could be read" in text and "no earlier streams" in text
    assert [track["key"] for track in numbers(evening(modalities=("face",)), "en")["tracks"]] == ["face"]
    both = numbers(evening(), "en")["tracks"]
    assert [track["key"] for track in both] == ["fused", "face", "voice"]
    assert both[1]["gaps"] == [(5.0, 9.0)] and both[1]["series"][1]["shares"][0][5:9] == [None] * 4


def test_a_file_with_nothing_in_it_has_a_page_all_the_same() -> None:
    read = evening(modalities=())
    text = page(read, usual(), {})
    assert "Nothing in this file could be read" in text and 'id="data"' not in text and "<canvas" not in text


def test_the_comparison_says_with_what() -> None:
    text = page(evening(), usual(), {})
    assert "points above your usual" in text or "points below your usual" in text
    assert "Face 75" in text and "never with other people" in text
    assert "there are 2 so far" in page(evening(), Earlier(2, None), {})


def test_a_text_counts_sentences_and_keeps_lines() -> None:
    read = evening("a.txt", 40.0, "text", ("words",))
    told = numbers(read, "en")
    assert told["counts"] and told["lines"] == read.lines and told["words"]["units"][5] == "5 sentences"
    assert "40 sentences" in page(read, NONE, {})


def test_the_page_is_the_same_for_the_same_file() -> None:
    assert page(evening(), NONE, {}) == page(evening(), NONE, {})


def test_units_with_too_many_points_are_left_out() -> None:
    assert kept_units(evening(length=21_000, modalities=())) == (10, 60, 600)


def test_a_cut_file_says_so() -> None:
    read = evening()
    cut = Read(
        read.name, "video", 40.0, read.tracks, read.absent, read.fused, read.parts, (), 90.0
    )  # fmt: skip
    assert "ends at 0:40, though it claims 1:30" in page(cut, NONE, {})


def test_csv_and_json_have_the_same_numbers_and_no_names() -> None:
    read = evening("secret name.mp4")
    rows = list(csv.DictReader(io.StringIO(as_csv(read, NONE).decode())))
    told = json.loads(as_json(read, usual()))
    assert len(rows) == 40 and rows[6]["face_happiness"] == "" and told["places"]["face_happiness"][6] is None
    for place, row in enumerate(rows):
        for emotion in EMOTIONS:
            assert float(row[f"fused_{emotion}"]) == told["places"][f"fused_{emotion}"][place]
    assert told["means"]["fused"] == pytest.approx(read.fused.means) and told["usual"]["streams"] == 4
    assert told["absent"] == {"words": "nothing"} and told["length_in"] == "seconds"
    assert b"secret" not in as_json(read, NONE) + as_csv(read, NONE)
    assert set(columns(evening("a.txt", 12.0, "text", ("words",)))) >= {"sentence", "line", "words_fear", "words_part"}
    msgspec.json.decode(as_json(evening(modalities=()), NONE))


def test_the_cards_tell_how_often_the_readers_are_right() -> None:
    for modality in MODALITIES:
        if "results" in json.loads((ROOT / "model" / "weights" / CARDS[modality]).read_text("utf-8")):
            found = accuracy(modality)
            assert found is not None and 0.4 < found < 1.0, modality
    assert accuracy("face") is not None
