"""A story as one HTML page that needs nothing but itself: no network, and no server after it is there."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import msgspec
from msgspec import Struct

from bot.history import Session
from bot.language import LanguageName
from bot.report import figures, sections
from bot.report.following_section import following
from bot.report.following_words import FOLLOWING
from bot.report.listing import streams, take_along
from bot.report.markup import Markup, joined, tag
from bot.report.packing import STORY, packed, packed_library, parcel, policy, program, script, style
from bot.report.series import Bucket
from bot.report.story import Story
from bot.report.words import PROGRAM, WORDS, expressions
from model.emotions import EMOTIONS

MOST_POINTS = 20_000
"""Points of one unit that a page carries: 55 hours in units of ten seconds. Finer units than fit are left out."""


class Surroundings(Struct, frozen=True):
    """Where a page stands: on the bot's server (`online`) or in a file, among which streams, and with Parquet."""

    online: bool = False
    sessions: Sequence[Session] = ()
    parquet: bool = False


def page(
    story: Story, language: LanguageName = "en", around: Surroundings | None = None, zone: tzinfo | None = None
) -> str:
    """The whole page. Times of day are told in `zone`; None is this machine's. Raises LeraError without its library."""
    around = around or Surroundings()
    words = WORDS[language]
    title = figures.title_of(story.session, language)
    shown = story.shares is not None
    body = joined(
        sections.heading(story, language, around.online, zone),
        tag(
            "main",
            sections.facts(story, language),
            sections.chart(language, units_of(story), with_streamer=_has_own_line(story)) if shown else None,
            sections.shares(story, language) if shown else None,
            sections.moments(story, language) if shown else None,
            following(story.following, story.duration, language) if story.following else None,
            sections.gaps(story, language),
            streams(story.session, around.sessions, around.online, language, zone),
            take_along(story.session.id, around.online, around.parquet, language),
        ),
        tag("footer", words.notice),
        parcel("data", packed(msgspec.json.encode(numbers(story, language, zone)).decode())) if shown else None,
        parcel("library", packed_library()) if shown else None,
    )
    return whole(f"{title} · LERA", body, language)


def whole(title: str, body: Markup, language: LanguageName, name: str = STORY) -> str:
    """A document around a body, with our style sheet and program and the policy that allows just these.

    `name` is the program's, in overlay/.
    """
    head = joined(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(name)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="dark light"),
        tag("title", title),
        tag("style", Markup(style())),
        script(program(name)),
    )
    return "<!doctype html>\n" + tag("html", tag("head", head), tag("body", body), lang=language)


def units_of(story: Story) -> list[int]:
    """The units that the page carries."""
    coarsest = max(story.series)
    return [unit for unit, series in story.series.items() if len(series) <= MOST_POINTS or unit == coarsest]


def numbers(story: Story, language: LanguageName, zone: tzinfo | None = None) -> dict[str, Any]:
    """What the page's program works with. Shares to four digits, times in seconds into the stream."""
    words = WORDS[language]
    names = expressions(language)
    channel = figures.shortened(story.session.channel)
    return {
        "name": f"lera-report-{story.session.id}",
        "title": figures.title_of(story.session, language),
        "subtitle": f"{channel} · {figures.moment(story.begin, language, zone)} · {words.notice}",
        "duration": round(story.duration, 1),
        "emotions": EMOTIONS,
        "expressions": names,
        "top": None if story.top is None else EMOTIONS.index(story.top),
        "words": {name: getattr(words, name) for name in PROGRAM} | {"own_line": FOLLOWING[language].own_line},
        "lengths": sorted(words.lengths),
        "gaps": [[round(gap.begin, 1), round(gap.end, 1), gap.reason] for gap in story.gaps],
        "moments": [
            [moment.into, EMOTIONS.index(moment.emotion), sections.phrase(story, moment, language)]
            for moment in story.moments
        ],
        "series": {unit: _columns(story.series[unit]) | _own_columns(story, unit) for unit in units_of(story)},
    }


def _has_own_line(story: Story) -> bool:
    return story.following is not None and story.following.shares is not None


def _own_columns(story: Story, unit: int) -> dict[str, list[Any]]:
    """The streamer's own mood, a value for each of the crowd's units; nothing where it wasn't kept."""
    if not _has_own_line(story) or story.following is None:
        return {}
    known = {bucket.begin: bucket.shares for bucket in story.following.series[unit]}
    rows = [known.get(bucket.begin) for bucket in story.series[unit]]
    return {"streamer": [[row and round(row[place], 3) for row in rows] for place in range(len(EMOTIONS))]}


def _columns(series: Sequence[Bucket]) -> dict[str, list[Any]]:
    seven = range(len(EMOTIONS))
    shares = [bucket.shares for bucket in series]
    ranges = [bucket.intervals for bucket in series]
    return {
        "begin": [round(bucket.begin) for bucket in series],
        "kept": [bucket.kept for bucket in series],
        "counted": [bucket.counted for bucket in series],
        "viewers": [round(bucket.viewers, 1) for bucket in series],
        "most": [bucket.most for bucket in series],
        "shares": [[row and round(row[place], 4) for row in shares] for place in seven],
        "low": [[row and round(row[place][0], 4) for row in ranges] for place in seven],
        "high": [[row and round(row[place][1], 4) for row in ranges] for place in seven],
    }
