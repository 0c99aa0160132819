"""The streamer's side of a story: its numbers, its part of the page, its columns."""

import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import pytest

from bot.disagreement import Disagreement
from bot.history import Dispute, StreamerSecond
from bot.language import LanguageName
from bot.report.export import COLUMNS, OWN, as_csv, as_json
from bot.report.following import NEAR, Disputed, disputed_at, follow, nearest
from bot.report.following_section import MOST_DISPUTES, dispute_text, following
from bot.report.following_words import FOLLOWING
from bot.report.page import numbers, page
from bot.report.stories import Chosen, chosen
from model.emotions import EMOTIONS
from tests.bot.report.streams import EVENING, keep, perform

SEVEN = (0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Chosen:
    path = tmp_path_factory.mktemp("own") / "history.sqlite3"
    session = keep(path, EVENING, 2400.0, "Together", story=600.0)
    perform(path, session)
    return chosen(path, session)


def second(into: float, score: float | None = None, lag: float | None = None) -> StreamerSecond:
    low, high = (None, None) if score is None else (score - 10, score + 10)
    return StreamerSecond(EVENING + into, SEVEN, (1.0, 0.0, 0.0), score, low, high, lag)


def test_the_numbers_are_means_of_what_is_known() -> None:
    own = [second(0), second(1, 40, 6.0), second(2, 80, 7.0), second(400, 30)]
    told = follow([], own, [], EVENING)
    assert told is not None
    assert (told.scored, told.clear, told.score, told.low, told.high) == (3, 2, 50, 40, 60)
    assert told.lag == 6.5 and told.emotions is None and told.shares == pytest.approx(SEVEN)
    assert told.best is not None and (told.best.begin, told.best.end, told.best.score) == (0.0, 2.0, 80)
    assert [bucket.begin for bucket in told.series[60]] == [0.0, 360.0]
    assert told.series[60][0].score == 60 and told.series[10][0].scored == 2


def test_nothing_is_made_up() -> None:
    assert follow([], [], [], EVENING) is None
    told = follow([], [second(number) for number in range(50)], [], EVENING)
    assert told is not None
    assert (told.score, told.lag, told.best, told.emotions) == (None, None, None, None)
    for language in FOLLOWING:
        assert FOLLOWING[language].nothing in following(told, 50.0, language)
    alone = follow(
        [], [], [Dispute(Disagreement(("faces", "chat"), ("anger", "fear"), EVENING + 5), EVENING + 9)], EVENING
    )
    assert alone is not None and alone.disputes == [Disputed(("faces", "chat"), ("anger", "fear"), 5.0, 9.0)]


def test_each_row_finds_its_own_second() -> None:
    own = [second(number + 0.01) for number in (0, 1, 2, 5)]
    times = [EVENING + number for number in (0, 1, 2, 3, 4, 5, 9)]
    assert nearest(own, times) == [own[0], own[1], own[2], None, None, own[3], None]
    assert nearest(own[:1], [EVENING, EVENING + NEAR + 0.1]) == [own[0], None]
    assert nearest([], times) == [None] * 7 and nearest(own, []) == []


def test_every_emotion_has_the_score_that_the_bot_told(found: Chosen) -> None:
    told = found.story.following
    assert told is not None and told.emotions is not None
    # The streamer of this stream is its crowd, six rows earlier; some rows are missing.
    assert all(score is None or score > 60 for score in told.emotions) and max(filter(None, told.emotions)) > 95
    assert told.lag == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize("language", FOLLOWING)
def test_the_page_tells_it_without_its_program(found: Chosen, language: LanguageName) -> None:
    told, words, text = found.story.following, FOLLOWING[language], page(found.story, language)
    assert told is not None and told.score is not None and told.best is not None
    plain = unescape(re.sub("<[^>]+>", " ", text))
    assert words.heading in plain and words.dashed in plain and words.seconds.format(number="6.0") in plain
    for dispute in told.disputes:
        assert dispute_text(dispute, language) in plain
    paths = re.findall(r'<path class="following-line" d="M([^"]+)"', text)
    assert len(paths) == 3, "neither over a rest nor where nothing was known"
    assert all(0 <= float(number) <= 1000 for path in paths for number in re.findall(r"[\d.]+", path))


def test_a_moment_names_the_disagreement_as_its_cause(found: Chosen) -> None:
    told = found.story.following
    assert told is not None
    moments = numbers(found.story, "en")["moments"]
    disputed = [into for into, _, phrase in moments if re.search(r"\((streamer|faces): \w+, chat: \w+\)$", phrase)]
    expected = [
        moment.into for moment in found.story.moments if disputed_at(told.disputes, moment.into, moment.into + 10)
    ]
    assert disputed == expected and 0 < len(disputed) < len(moments)


def test_the_streamers_own_mood_is_a_line_where_it_was_kept(found: Chosen, tmp_path: Path) -> None:
    series = numbers(found.story, "en")["series"]
    for unit in series.values():
        assert len(unit["streamer"]) == 7 and all(len(line) == len(unit["begin"]) for line in unit["streamer"])
    assert series[10]["streamer"][0][0] is None and series[10]["streamer"][0][100] is not None
    path = tmp_path / "history.sqlite3"
    perform(path, keep(path, EVENING, 900.0), shown=False)
    private = chosen(path).story
    assert private.following is not None and private.following.score is not None and private.following.shares is None
    assert "streamer" not in numbers(private, "en")["series"][10]
    text = unescape(page(private))
    assert FOLLOWING["en"].not_kept in text and FOLLOWING["en"].dashed not in text


def test_a_stream_without_a_streamers_side_says_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    keep(path, EVENING, 300.0)
    story = chosen(path).story
    assert story.following is None and "following-heading" not in page(story)
    assert numbers(story, "en")["series"][10].get("streamer") is None


def test_the_exports_carry_it(found: Chosen) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(found.story, found.rows, found.own).decode())))
    known = [line for line in lines if line["streamer_happiness"]]
    assert len(known) == sum(each.shares is not None for each in found.own)
    own = next(each for each in found.own if each.shares is not None)
    first = known[0]
    assert [float(first[f"streamer_{emotion}"]) for emotion in EMOTIONS] == list(own.shares or ())
    assert [float(first[name]) for name in ("streamer_face", "resonance", "lag")] == [0.6, own.score, own.lag]
    assert [lines[0][name] for name in OWN] == [""] * len(OWN)
    told = json.loads(as_json(found.story, found.rows, found.own))
    assert list(told["seconds"]) == list(COLUMNS) and "series" not in told["story"]["following"]
    assert told["story"]["following"]["lag"] == pytest.approx(6.0, abs=0.2)


def test_many_disagreements_are_told_in_short() -> None:
    disputes = [
        Dispute(
            Disagreement(("faces", "chat"), ("anger", "fear"), EVENING + 20 * number), EVENING + 20 * number + number
        )
        for number in range(30)
    ]
    told = follow([], [], disputes, EVENING)
    assert told is not None
    text = following(told, 600.0, "en")
    assert text.count("<li>") == MOST_DISPUTES + 1 and FOLLOWING["en"].more.format(count=18) in text


def test_eight_hours_with_a_streamer_stay_well_under_two_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    session = keep(path, EVENING, 28_800.0)
    perform(path, session, begin=0.0, end=1.0)
    assert len(page(chosen(path, session).story).encode()) < 1_000_000
