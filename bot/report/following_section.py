"""The part of a story's page that tells of the streamer's side. Pure: numbers in, HTML out."""

from collections.abc import Sequence
from typing import Final

from bot.language import LanguageName
from bot.report import figures
from bot.report.figures import clock, percent
from bot.report.following import Disputed, Following, OwnBucket
from bot.report.following_words import FOLLOWING
from bot.report.markup import Markup, joined, tag
from bot.report.pieces import NOTHING, card, face, panel
from bot.report.words import WORDS, expressions
from model.emotions import EMOTIONS

MOST_POINTS: Final = 600
MOST_DISPUTES: Final = 12
WIDTH: Final = 1000
HEIGHT: Final = 200


def following(found: Following, duration: float, language: LanguageName) -> Markup:
    """Score, lag, best stretch, the score over time, the seven, and the disagreements."""
    words = FOLLOWING[language]
    if found.score is None:
        told = [tag("p", words.nothing)]
    else:
        told = [
            tag("p", words.note, class_="note"),
            tag("dl", *_cards(found, language), class_="cards following-cards"),
            _chart(found, duration, language),
        ]
    rest = [_emotions(found, language), _disputes(found, language)]
    return panel(
        "following-heading", words.heading, *told, tag("div", *rest, class_="two") if any(rest) else None
    )  # fmt: skip


def dispute_text(found: Disputed, language: LanguageName) -> str:
    """Who said what, as in "streamer: happy, chat: sad"."""
    words, names = FOLLOWING[language], expressions(language)
    return words.joint.join(
        words.said.format(side=words.sides[side], expression=names[EMOTIONS.index(says)].lower())
        for side, says in zip(found.between, found.says, strict=True)
    )


def _cards(found: Following, language: LanguageName) -> list[Markup]:
    words, report = FOLLOWING[language], WORDS[language]
    assert found.score is not None and found.low is not None and found.high is not None
    part = percent(found.clear / max(found.scored, 1), language)
    ranged = words.range.format(low=round(found.low), high=round(found.high))
    of = words.of.format(part=part, length=figures.length(found.scored, language))
    cards = [card(words.score, joined(str(round(found.score))), ranged, of)]
    if found.lag is None:
        cards += [card(words.lag, NOTHING, words.no_lag), card(words.best, NOTHING, words.no_best)]
    else:
        cards.append(card(words.lag, joined(words.seconds.format(number=f"{found.lag:.1f}"))))
    if found.best is not None:
        span = report.span.format(**{"from": clock(found.best.begin), "to": clock(found.best.end)})
        of = words.best_of.format(score=round(found.best.score), lag=f"{found.best.lag:.1f}")
        cards.append(card(words.best, joined(span), of))
    if found.shares is None:
        cards.append(card(words.own, NOTHING, words.not_kept))
    else:
        place = found.shares.index(max(found.shares))
        named = f"{expressions(language)[place]} {percent(found.shares[place], language)}"
        cards.append(card(words.own, joined(face(EMOTIONS[place]), named)))
    return cards


def _chart(found: Following, duration: float, language: LanguageName) -> Markup:
    """The score over the stream as a line in its band; without a program, so that it is there without one."""
    unit = next((unit for unit in found.series if duration / unit <= MOST_POINTS), max(found.series))
    stretches = _stretches(found.series[unit], unit)
    label = FOLLOWING[language].chart.format(score=round(found.score or 0))
    rules = [
        tag("line", class_="rule", x1="0", x2=str(WIDTH), y1=_y(score), y2=_y(score)) for score in (0.0, 50.0, 100.0)
    ]
    length = max(duration, unit)
    picture = tag(
        "svg",
        *rules,
        *(tag("path", class_="following-band", d=_band(points, unit, length)) for points in stretches),
        *(tag("path", class_="following-line", d=_line(points, unit, length)) for points in stretches),
        viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", role="img", aria_label=label,
    )  # fmt: skip
    scale = tag("p", tag("span", "100"), tag("span", "50"), tag("span", "0"), class_="scale", aria_hidden="true")
    ends = tag("p", tag("span", clock(0)), tag("span", clock(duration)), class_="ends", aria_hidden="true")
    return tag("div", scale, tag("div", picture, ends), class_="following-chart")


def _stretches(buckets: Sequence[OwnBucket], unit: int) -> list[list[OwnBucket]]:
    """Those with a score, in runs without a unit missing."""
    found: list[list[OwnBucket]] = []
    for bucket in buckets:
        if bucket.score is None:
            continue
        if not found or bucket.begin - found[-1][-1].begin > unit * 1.5:
            found.append([])
        found[-1].append(bucket)
    return found


def _line(points: Sequence[OwnBucket], unit: int, length: float) -> str:
    return _path([(point.begin, point.score or 0.0) for point in points], unit, length)


def _band(points: Sequence[OwnBucket], unit: int, length: float) -> str:
    above = [(point.begin, point.high or 0.0) for point in points]
    below = [(point.begin, point.low or 0.0) for point in reversed(points)]
    return _path([*above, *below], unit, length)


def _path(points: Sequence[tuple[float, float]], unit: int, length: float) -> str:
    placed = [f"{min((begin + unit / 2) / length, 1.0) * WIDTH:.1f} {_y(score)}" for begin, score in points]
    if len(placed) == 1:
        placed.append(f"{min((points[0][0] + unit) / length, 1.0) * WIDTH:.1f} {_y(points[0][1])}")
    return "M" + "L".join(placed)


def _y(score: float) -> str:
    return f"{HEIGHT * (1 - score / 100):.1f}"


def _emotions(found: Following, language: LanguageName) -> Markup | None:
    words, names = FOLLOWING[language], expressions(language)
    if found.emotions is None:
        return None
    rows = [
        tag(
            "tr",
            tag("th", face(emotion), names[place], scope="row"),
            tag("td", _meter(score), class_="bar"),
            tag("td", NOTHING if score is None else str(round(score)), class_="share"),
            data_emotion=emotion,
        )
        for place, (emotion, score) in enumerate(zip(EMOTIONS, found.emotions, strict=True))
    ]
    table = tag("table", tag("tbody", *rows), class_="by-emotion", aria_label=words.emotions)
    return tag("div", tag("h3", words.emotions), table, tag("p", words.emotions_note, class_="note"))


def _meter(score: float | None) -> Markup:
    track = tag("rect", class_="track", x="0", y="8", width="100%", height="8", rx="4")
    fill = tag("rect", class_="fill", x="0", y="8", width=f"{score or 0:.1f}%", height="8", rx="4")
    return tag("svg", track, fill, class_="meter", height="24", width="100%", aria_hidden="true", focusable="false")


def _disputes(found: Following, language: LanguageName) -> Markup | None:
    words, report = FOLLOWING[language], WORDS[language]
    if not found.disputes:
        return None
    # The longest are told, in the stream's order.
    longest = sorted(found.disputes, key=lambda each: each.begin - each.end)[:MOST_DISPUTES]
    items = []
    for each in sorted(longest, key=lambda each: each.begin):
        span = report.span.format(**{"from": clock(each.begin), "to": clock(each.end)})
        items.append(tag("li", tag("strong", span), f" · {dispute_text(each, language)}"))
    if len(found.disputes) > MOST_DISPUTES:
        items.append(tag("li", words.more.format(count=len(found.disputes) - MOST_DISPUTES)))
    return tag("div", tag("h3", words.disputes), tag("ul", *items, class_="gaps"))
