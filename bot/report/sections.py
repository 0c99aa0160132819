"""The parts of a story's page, each readable without its program. Pure: numbers in, HTML out."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from bot.language import LanguageName
from bot.report import figures
from bot.report.chart import below, frame, stage, steering
from bot.report.figures import clock, percent
from bot.report.following import disputed_at
from bot.report.following_section import dispute_text
from bot.report.following_words import FOLLOWING
from bot.report.markup import Markup, joined, tag
from bot.report.moments import Moment
from bot.report.pieces import (
    NOTHING,
    bar,
    card,
    face,
    interval_text,
    language_link,
    number,
    over,
    panel,
    quoted,
)
from bot.report.series import UNITS, Gap
from bot.report.story import Story
from bot.report.words import WORDS, expressions, looks_like
from model.emotions import EMOTIONS

NOTABLE: Final = 0.03
"""A difference from the usual that is worth a sentence."""
MOST_GAPS: Final = 12


def heading(story: Story, language: LanguageName, online: bool, zone: tzinfo | None) -> Markup:
    """Title, channel, when and how long; and what all numbers are, first of all."""
    words, session = WORDS[language], story.session
    lasted = figures.length(story.duration, language)
    told = [
        (words.channel, quoted(session.channel)),
        (words.when, joined(figures.moment(story.begin, language, zone))),
        (words.duration, joined(lasted, f" ({words.running})" if story.running else None)),
        *([(words.category, quoted(session.category))] if session.category else []),
    ]
    return tag(
        "header",
        over(words.all_streams, f"/report/?lang={language}", language_link(language))
        if online
        else over(words.story, None, None),
        tag("h1", quoted(figures.title_of(session, language))),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in told), class_="about"),
        tag("p", words.notice, class_="notice"),
    )


def facts(story: Story, language: LanguageName) -> Markup:
    """The story in five cards."""
    words = WORDS[language]
    cards = [_leading(story, language)]
    mean = number(story.viewers)
    most = words.viewers_most.format(most=story.most)
    cards.append(card(words.viewers, joined(words.viewers_mean.format(mean=mean)), most))
    part = percent(min(1.0, story.counted / max(story.duration, 1.0)), language)
    cards.append(card(words.known, joined(figures.length(story.counted, language)), words.known_of.format(part=part)))
    if story.shares is not None and story.chat_part > 0:
        faces, chat = percent(1 - story.chat_part, language), percent(story.chat_part, language)
        told = words.sources_faces.format(part=faces)
        cards.append(card(words.sources, joined(told), words.sources_chat.format(part=chat)))
    cards.append(_compared(story, language))
    return tag("section", tag("dl", *cards, class_="cards"), aria_label=words.story)


def chart(language: LanguageName, units: Sequence[int], *, with_streamer: bool = False) -> Markup:
    """The chart's frame and its controls; the program fills them."""
    words = WORDS[language]
    heads = (words.time, *expressions(language), words.viewers, words.counted)
    return panel(
        "chart-heading",
        words.chart,
        *steering(language, {unit: words.units[unit] for unit in units}),
        stage(
            language,
            frame(words.chart_label),
            tag("p", words.viewers, class_="viewers-title"),
            tag(
                "div",
                tag("canvas", class_="viewers-chart", role="img", aria_label=words.viewers),
                class_="viewers-frame",
            ),
        ),
        *below(language, [words.band, *([FOLLOWING[language].dashed] if with_streamer else [])], heads),
    )


def shares(story: Story, language: LanguageName) -> Markup:
    """The seven over the whole stream, with their ranges, the usual, and their strongest seconds."""
    words, usual = WORDS[language], story.usual
    assert story.shares is not None and story.intervals is not None
    heads = [words.expression, words.share, "", words.interval]
    heads += [words.usual, words.difference] if usual else []
    rows = []
    order = sorted(range(len(EMOTIONS)), key=lambda place: -story.shares[place] if story.shares else 0)
    for place in order:
        share, (low, high) = story.shares[place], story.intervals[place]
        peak = story.peaks[place]
        cells = [
            tag("th", face(EMOTIONS[place]), expressions(language)[place], scope="row"),
            tag("td", percent(share, language), class_="share"),
            tag("td", bar(share, (low, high), usual.shares[place] if usual else None), class_="bar"),
            tag("td", interval_text((low, high), language), class_="quiet"),
        ]
        if usual:
            points = round(share * 100) - round(usual.shares[place] * 100)
            cells.append(tag("td", percent(usual.shares[place], language), class_="quiet"))
            cells.append(tag("td", f"{points:+d}".replace("-", "\N{MINUS SIGN}") if points else "0"))
        at = words.peak_at.format(share=percent(peak.share, language), time=clock(peak.into), viewers=peak.viewers)
        cells.append(tag("td", at, class_="quiet"))
        rows.append(tag("tr", *cells, data_emotion=EMOTIONS[place]))
    titles = [tag("th", text, scope="col") if text else tag("td") for text in [*heads, words.strongest]]
    table = tag(
        "table",
        tag("thead", tag("tr", *titles)),
        tag("tbody", *rows),
        class_="seven",
    )  # fmt: skip
    wide = tag("div", table, class_="wide", tabindex="0", role="group", aria_label=words.shares)
    return panel("shares-heading", words.shares, wide, tag("p", words.shares_note, class_="note"))


def moments(story: Story, language: LanguageName) -> Markup:
    """The moments, and the same as lines to copy."""
    words = WORDS[language]
    if not story.moments:
        return panel("moments-heading", words.moments, tag("p", words.no_moments))
    lines = [
        f"0:00 {words.start}",
        *(f"{clock(found.into)} {phrase(story, found, language)}" for found in story.moments),
    ]
    return panel(
        "moments-heading",
        words.moments,
        tag("p", words.moments_note, class_="note"),
        tag(
            "div",
            tag("ol", *(_moment(story, found, language) for found in story.moments), class_="moments"),
            tag(
                "div",
                tag("h3", words.chapters),
                tag("pre", "\n".join(lines), class_="chapters", tabindex="0", role="group", aria_label=words.chapters),
                tag(
                    "p",
                    tag("button", words.copy, type="button", class_="copy"),
                    tag("label", words.lead, tag("input", id="earlier", type="number", min=0, max=600, value=0)),
                    class_="controls screen",
                ),
                tag("p", class_="copied note", role="status"),
                tag("p", words.lead_note, class_="note screen"),
            ),
            class_="two",
        ),
    )  # fmt: skip


def gaps(story: Story, language: LanguageName) -> Markup:
    """Where the stream has no shares, and why as far as that is known."""
    words = WORDS[language]
    if not story.gaps:
        return panel("gaps-heading", words.gaps, tag("p", words.no_gaps))
    missing = sum(gap.end - gap.begin for gap in story.gaps)
    told = words.gaps_note.format(
        length=figures.length(missing, language), duration=figures.length(story.duration, language),
        part=percent(missing / max(story.duration, 1.0), language),
    )  # fmt: skip
    longest = sorted(story.gaps, key=lambda gap: gap.begin - gap.end)[:MOST_GAPS]
    items = [_gap(gap, language) for gap in sorted(longest, key=lambda gap: gap.begin)]
    if len(story.gaps) > MOST_GAPS:
        items.append(tag("li", words.more_gaps.format(count=len(story.gaps) - MOST_GAPS)))
    return panel("gaps-heading", words.gaps, tag("p", told), tag("ul", *items, class_="gaps"))


def _leading(story: Story, language: LanguageName) -> Markup:
    words, top = WORDS[language], story.top
    if top is None or story.shares is None or story.intervals is None:
        return card(words.leading, NOTHING, words.nothing)
    place = EMOTIONS.index(top)
    value = joined(face(top), f"{expressions(language)[place]} {percent(story.shares[place], language)}")
    low, high = (percent(bound, language) for bound in story.intervals[place])
    return card(words.leading, value, words.between.format(low=low, high=high))


def _compared(story: Story, language: LanguageName) -> Markup:
    """The largest difference from the usual in one sentence, and how many streams that usual is of."""
    words, usual = WORDS[language], story.usual
    if usual is None:
        name = words.compared.format(count=story.earlier)
        return card(name, NOTHING, words.too_few_streams.format(count=story.earlier))
    name = words.compared.format(count=usual.streams)
    viewers = words.viewers_usual.format(mean=number(usual.viewers))
    if story.shares is None:
        return card(name, NOTHING, viewers)
    # As the table shows them: points between two rounded shares.
    changes = [round(now * 100) - round(then * 100) for now, then in zip(story.shares, usual.shares, strict=True)]
    place = max(range(len(EMOTIONS)), key=lambda place: abs(changes[place]))
    if abs(changes[place]) < NOTABLE * 100:
        return card(name, joined(words.as_usual), viewers)
    template = words.above if changes[place] > 0 else words.below
    said = template.format(expression=expressions(language)[place], points=abs(changes[place]))
    return card(name, tag("span", said, class_="sentence"), viewers)


def _moment(story: Story, found: Moment, language: LanguageName) -> Markup:
    time = clock(found.into)
    jump = tag(
        "button", time, type="button", data_into=str(found.into), aria_label=WORDS[language].jump.format(time=time)
    )
    return tag("li", jump, " ", face(found.emotion), phrase(story, found, language), data_emotion=found.emotion)


def phrase(story: Story, found: Moment, language: LanguageName) -> str:
    """A moment in words, with its cause where two sides said different things meanwhile."""
    said = looks_like(language, found.emotion, percent(found.share, language))
    disputes = story.following.disputes if story.following else []
    cause = disputed_at(disputes, found.into, found.into + UNITS[0])
    if cause is None:
        return said
    return FOLLOWING[language].cause.format(phrase=said, said=dispute_text(cause, language))


def _gap(gap: Gap, language: LanguageName) -> Markup:
    words = WORDS[language]
    span = words.span.format(**{"from": clock(gap.begin), "to": clock(gap.end)})
    return tag("li", tag("strong", span), f" · {words.few if gap.reason == 'few' else words.away}")
