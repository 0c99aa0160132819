"""One page that needs nothing, breaks on nothing, and says what the story says."""

import base64
import gzip
import json
import re
from datetime import UTC
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.history import Session
from bot.language import LanguageName
from bot.report.figures import clock, percent
from bot.report.page import Surroundings, numbers, page, units_of
from bot.report.stories import chosen
from bot.report.story import Story, tell
from bot.report.words import PROGRAM, WORDS
from tests.bot.report.streams import EVENING, keep, season

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"'></title></script><!--<script>",
    "\N{RIGHT-TO-LEFT OVERRIDE}\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\N{FIRE}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}" * 40,
    "w" * 10_000,
    "line\nbreak\x00\x1b[31m",
    "{from} {number} %s \\u003c",
]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    path = tmp_path_factory.mktemp("season") / "history.sqlite3"
    return chosen(path, season(path, 1500.0)).story


def carried(text: str) -> dict[str, Any]:
    """The numbers that a page carries for its program."""
    found = re.search(r'<script id="data"[^>]*>([^<]*)</script>', text)
    assert found
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return data


@pytest.mark.parametrize("language", WORDS)
def test_it_tells_the_story_without_its_program(story: Story, language: LanguageName) -> None:
    text = unescape(re.sub(r"<(script|style).*?</\1>", "", page(story, language, zone=UTC), flags=re.DOTALL))
    assert story.shares is not None and story.usual is not None
    assert WORDS[language].notice in text
    for share, peak in zip(story.shares, story.peaks, strict=True):
        assert percent(share, language) in text
        assert f"{percent(peak.share, language)} at {clock(peak.into)}" in text or language != "en"
    for moment in story.moments:
        assert f'data-into="{moment.into}"' in text
    assert "16:00 (UTC+00:00)" in text
    assert WORDS[language].compared.format(count=story.usual.streams) in text


def test_nothing_of_it_comes_from_elsewhere(story: Story) -> None:
    text = page(story)
    ours = re.sub(r'<script id="[a-z]+"[^>]*>[^<]*</script>', "", text)
    assert not re.search(r'(?:src|href)="(?!\?)', ours)
    # Names of SVG are no addresses.
    assert set(re.findall(r"https?://[^\s\"'<)]+", ours)) == {"http://www.w3.org/2000/svg"}
    assert "'unsafe" not in text and "default-src 'none'" in unescape(text)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("online", [False, True])
def test_what_others_wrote_stays_text(story: Story, words: str, *, online: bool) -> None:
    named = replace(story, session=Session(5, words, EVENING, EVENING + 60, words, words))
    others = [named.session, Session(4, words, EVENING - 9, EVENING, words, words)]
    text, plain = page(named, around=Surroundings(online, others)), page(story, around=Surroundings(online, others[1:]))
    tags = r"<(?:[a-z!/][a-z0-9]*)"
    assert {*re.findall(tags, text)} <= {*re.findall(tags, plain)}
    assert text.count("<script") == plain.count("<script") and text.count("</script") == plain.count("</script")
    assert carried(text)["series"] == carried(plain)["series"]
    assert len(text) < len(plain) + 5000


def test_the_program_gets_the_storys_numbers(story: Story) -> None:
    data = carried(page(story, zone=UTC))
    assert data == json.loads(json.dumps(numbers(story, "en", UTC)))
    for unit, series in story.series.items():
        columns = data["series"][str(unit)]
        assert columns["begin"] == [bucket.begin for bucket in series]
        for place in range(7):
            shown = [None if bucket.shares is None else round(bucket.shares[place], 4) for bucket in series]
            assert columns["shares"][place] == shown
    assert [gap[:2] for gap in data["gaps"]] == [[round(gap.begin, 1), round(gap.end, 1)] for gap in story.gaps]


def test_a_stream_without_a_number_has_a_page_too() -> None:
    empty = tell(Session(1, "nightfox", EVENING, None), [])
    text = page(empty)
    assert WORDS["en"].nothing in unescape(text) and WORDS["en"].running in text and 'id="data"' not in text


def test_a_stream_of_eight_hours_stays_well_under_two_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    session = keep(path, EVENING, 28_800.0)
    found = chosen(path, session)
    assert found.story.kept > 27_000
    assert len(page(found.story).encode()) < 700_000


def test_units_that_are_too_many_are_left_out(story: Story) -> None:
    many = [replace(story.series[10][0], begin=float(10 * place)) for place in range(20_001)]
    assert units_of(replace(story, series={**story.series, 10: many})) == [60, 600, 1800]


@pytest.mark.parametrize("name", PROGRAM)
def test_both_languages_have_the_same_places(name: str) -> None:
    english, chinese = (getattr(WORDS[language], name) for language in ("en", "zh-TW"))
    if isinstance(english, dict):
        assert set(english) == set(chinese)
    else:
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese))
