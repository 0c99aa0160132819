"""What was read of a file as one HTML page that needs nothing but itself: no network, and not the file."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from analysis import sections
from analysis.tracks import Read, Track, gaps, moments, points
from analysis.usual import Earlier
from analysis.words import PROGRAM, WORDS, units_of
from bot.language import LanguageName
from bot.report import figures
from bot.report.markup import joined, tag
from bot.report.packing import packed, packed_library, parcel
from bot.report.page import MOST_POINTS, whole
from bot.report.words import PROGRAM as SHARED
from bot.report.words import WORDS as STORY
from bot.report.words import expressions, looks_like
from model.emotions import EMOTIONS
from model.modalities import Modality

NAME: Final = "analysis/analysis.js"
"""The page's own program, in overlay/."""
SHORTEST: Final = 10
"""Seconds, or sentences, of the narrowest part that the chart shows."""
SENTENCE_WINDOWS: Final = (10, 50, 200, 1000)


def page(read: Read, earlier: Earlier, right: Mapping[Modality, float], language: LanguageName = "en") -> str:
    """The whole page. `right` is how often each reader is, 0..1. Raises LeraError without its library."""
    known = read.fused.known > 0
    stem = name_of(read.name)
    commands = [f"python run.py analyse FILE --export {stem}.{kind}" for kind in ("csv", "json")]
    body = joined(
        sections.heading(read, language),
        tag(
            "main",
            sections.facts(read, earlier, language),
            sections.chart(read, language) if known else None,
            sections.shares(read, earlier, language) if known else None,
            sections.highlights(read, language) if known else None,
            sections.comparison(read, earlier, language),
            sections.notes(read, right, language),
            sections.take_along(commands, language) if known else None,
        ),
        tag("footer", WORDS[language].notice),
        parcel("data", packed(msgspec.json.encode(numbers(read, language)).decode())) if known else None,
        parcel("library", packed_library()) if known else None,
    )
    return whole(f"{figures.shortened(read.name)} · LERA", body, language, NAME)


def numbers(read: Read, language: LanguageName) -> dict[str, Any]:
    """What the page's program works with. Shares to four digits, places in seconds or sentences."""
    words, story = WORDS[language], STORY[language]
    units = kept_units(read)
    means = read.fused.means
    windows = {count: words.sentences.format(count=count) for count in SENTENCE_WINDOWS}
    lengths = windows if read.counts else words.lengths
    return {
        "name": name_of(read.name),
        "title": figures.shortened(read.name),
        "subtitle": words.notice,
        "counts": read.counts,
        "lines": read.lines,
        "duration": round(read.length, 1),
        "shortest": SHORTEST,
        "emotions": EMOTIONS,
        "expressions": expressions(language),
        "top": None if means is None else means.index(max(means)),
        "words": {
            **{name: getattr(story, name) for name in SHARED},
            **{name: getattr(words, name) for name in PROGRAM},
            "units": units_of(language, units, read.counts),
            "lengths": lengths,
        },
        "lengths": sorted(lengths),
        "moments": [
            [found.into + 0.5, EMOTIONS.index(found.emotion), looks_like(language, found.emotion, share)]
            for found, share in ((found, figures.percent(found.share, language)) for found in moments(read))
        ],
        "tracks": [
            {
                "key": key,
                "gaps": gaps(track, read.length),
                "series": {unit: _columns(track, unit) for unit in units},
            }
            for key, track in keyed(read)
        ],
    }


def keyed(read: Read) -> list[tuple[str, Track]]:
    """The timelines that are shown, by what programs call them, in the order of the page."""
    each: list[tuple[str, Track]] = [(modality, track) for modality, track in read.tracks.items()]
    return each if len(each) < 2 else [("fused", read.fused), *each]


def kept_units(read: Read) -> tuple[int, ...]:
    """The units that the page carries: those with more points than a page can bear are left out."""
    places = len(read.fused.quality)
    coarsest = read.units[-1]
    return tuple(unit for unit in read.units if places / unit <= MOST_POINTS or unit == coarsest)


def name_of(name: str) -> str:
    """A name for files that are made of a file, of letters that every system takes."""
    stem = re.sub(r"[^\w-]+", "-", name.rsplit(".", 1)[0]).strip("-_")[:60]
    return f"lera-analysis-{stem or 'file'}"


def _columns(track: Track, unit: int) -> dict[str, list[Any]]:
    made = points(track, unit)
    return {
        "begin": [point.begin for point in made],
        "kept": [point.kept for point in made],
        "counted": [point.counted for point in made],
        "shares": [
            [None if point.shares is None else round(point.shares[place], 4) for point in made]
            for place in range(len(EMOTIONS))
        ],
    }
