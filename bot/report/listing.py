"""The list of streams: as a page on the bot's server, and beside a story; and the commands that take numbers along."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final

from bot.history import Session
from bot.language import LanguageName
from bot.report import figures
from bot.report.markup import Markup, joined, tag
from bot.report.pieces import NOTHING, face, language_link, number, over, panel, quoted
from bot.report.reader import Averages
from bot.report.words import WORDS, expressions
from model.emotions import EMOTIONS

MOST: Final = 30
"""Streams on a page."""


def list_page(
    sessions: Sequence[Session],
    averages: Mapping[int, Averages],
    language: LanguageName,
    number_of_page: int = 0,
    zone: tzinfo | None = None,
) -> Markup:
    """The body of the list: the streams of one page (from 0), newest first, with links to their stories."""
    words = WORDS[language]
    shown = sessions[number_of_page * MOST :][:MOST]
    turns = [
        tag("a", words.newer, href=f"?page={number_of_page - 1}&lang={language}") if number_of_page else None,
        tag("a", words.older, href=f"?page={number_of_page + 1}&lang={language}")
        if len(sessions) > (number_of_page + 1) * MOST
        else None,
    ]
    table = _table(shown, averages, language, zone) if shown else tag("p", words.no_streams)
    return joined(
        tag(
            "header",
            over(words.dashboard, "/dashboard/", language_link(language, f"page={number_of_page}&")),
            tag("h1", words.story),
            tag("p", words.notice, class_="notice"),
        ),
        tag("main", panel("streams", words.all_streams, tag("p", words.streams_note, class_="note"), table),
            tag("nav", *turns, class_="turns", aria_label=words.page_label)),
    )  # fmt: skip


def streams(
    here: Session, sessions: Sequence[Session], online: bool, language: LanguageName, zone: tzinfo | None
) -> Markup | None:
    """The other streams beside a story: with links where a server answers them, else told."""
    if not sessions:
        return None
    words = WORDS[language]
    place = next((place for place, session in enumerate(sessions) if session.id == here.id), 0)
    first = max(0, min(place - MOST // 6, len(sessions) - MOST // 3))
    items = []
    for session in sessions[first : first + MOST // 3]:
        name = joined(figures.minute(session.started, zone), " ", quoted(figures.title_of(session, language)))
        if session.id == here.id:
            items.append(tag("li", name, f" ({words.this_one})", aria_current="page"))
        elif online:
            items.append(tag("li", tag("a", name, href=f"/report/{session.id}?lang={language}")))
        else:
            items.append(tag("li", name, " ", tag("code", f"python run.py report {session.id}")))
    more = tag("p", tag("a", words.streams_note, href=f"/report/?lang={language}")) if online else None
    return panel("streams", words.streams, tag("ul", *items, class_="streams"), more)


def take_along(session: int, online: bool, parquet: bool, language: LanguageName) -> Markup:
    """Ways to the numbers themselves: links on the server, commands in a file."""
    words = WORDS[language]
    kinds = ["csv", "json", *(["parquet"] if parquet else [])]
    if online:
        at, names = f"/report/{session}", {"html": words.offline, "parquet": "Parquet"}
        links = [
            tag(
                "a",
                names.get(kind, kind.upper()),
                href=f"{at}.{kind}?lang={language}",
                class_="download",
                download=True,
            )
            for kind in ("html", *kinds)
        ]
        return panel("take-along", words.take_along, tag("p", *links, class_="downloads"))
    before, after = words.take_along_commands.split("{commands}")
    commands = [tag("code", f"python run.py report {session} --export stream-{session}.{kind}") for kind in kinds]
    spaced = [piece for command in commands for piece in (command, Markup(" "))]
    return panel("take-along", words.take_along, tag("p", before, *spaced, after))


def _table(
    sessions: Sequence[Session], averages: Mapping[int, Averages], language: LanguageName, zone: tzinfo | None
) -> Markup:
    words = WORDS[language]
    several = len({session.channel for session in sessions}) > 1
    channel = [words.channel] if several else []
    heads = [words.date, words.title, *channel, words.duration, words.viewers, words.leading]
    rows = []
    for session in sessions:
        known = averages.get(session.id)
        title = quoted(figures.title_of(session, language))
        lasted = words.running if session.ended is None else figures.length(session.ended - session.started, language)
        cells = [
            tag("td", figures.minute(session.started, zone), class_="when"),
            tag("th", tag("a", title, href=f"/report/{session.id}?lang={language}"), scope="row"),
            tag("td", quoted(session.channel)) if several else None,
            tag("td", lasted),
            tag("td", NOTHING if known is None else words.viewers_mean.format(mean=number(known.viewers))),
            _leading(known, language),
        ]
        rows.append(tag("tr", *cells))
    titles = (tag("th", head, scope="col") for head in heads)
    table = tag("table", tag("thead", tag("tr", *titles)), tag("tbody", *rows))
    return tag("div", table, class_="wide list", tabindex="0", role="group", aria_label=words.streams)


def _leading(known: Averages | None, language: LanguageName) -> Markup:
    if known is None or known.shares is None:
        return tag("td", NOTHING)
    place = known.shares.index(max(known.shares))
    share = figures.percent(known.shares[place], language)
    return tag("td", face(EMOTIONS[place]), f"{expressions(language)[place]} {share}", data_emotion=EMOTIONS[place])
