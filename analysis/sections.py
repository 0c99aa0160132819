"""The parts of a file's page, each readable without its program. Pure: numbers in, HTML out."""

from collections.abc import Mapping, Sequence

from analysis.tracks import Moment, Read, Track, moments, peaks
from analysis.usual import Earlier
from analysis.words import WORDS, units_of
from bot.language import LanguageName
from bot.report import figures
from bot.report.chart import below, frame, stage, steering
from bot.report.figures import clock, percent
from bot.report.markup import Markup, joined, tag
from bot.report.pieces import NOTHING, bar, card, face, over, panel, quoted
from bot.report.words import WORDS as STORY
from bot.report.words import expressions, looks_like
from model.emotions import EMOTIONS
from model.modalities import MODALITIES, Modality

NOTABLE = 3
"""Points of difference from the usual that are worth a sentence."""


def shown(read: Read, language: LanguageName) -> list[tuple[str, Track]]:
    """The timelines with their names: all together first, then each modality. One alone is all there is."""
    words = WORDS[language]
    each = [(words.modalities[modality], track) for modality, track in read.tracks.items()]
    return each if len(each) < 2 else [(words.fused, read.fused), *each]


def heading(read: Read, language: LanguageName) -> Markup:
    """The file's name, its kind and length; and what all numbers are, first of all."""
    words = WORDS[language]
    told = [(words.kind, words.kinds[read.kind]), (words.length, _length(read, read.length, language))]
    early = None
    if read.early and read.claimed is not None:
        early = words.early.format(length=clock(read.length), claimed=clock(read.claimed))
    return tag(
        "header",
        over(words.page, None, None),
        tag("h1", quoted(read.name)),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in told), class_="about"),
        tag("p", early, class_="notice") if early else None,
        tag("p", words.notice, class_="notice"),
    )


def facts(read: Read, earlier: Earlier, language: LanguageName) -> Markup:
    """What was shown most, how much of each modality could be read, and the usual, as cards."""
    words, means = WORDS[language], read.fused.means
    if means is None:
        cards = [card(words.leading, NOTHING, words.nothing)]
    else:
        place = means.index(max(means))
        value = joined(face(EMOTIONS[place]), f"{expressions(language)[place]} {percent(means[place], language)}")
        cards = [card(words.leading, value, words.mean)]
    for modality in MODALITIES:
        name = words.modalities[modality]
        if modality in read.absent:
            cards.append(card(name, NOTHING, words.absences[read.absent[modality]]))
            continue
        track = read.tracks[modality]
        known = words.known_sentences if read.counts else words.known[modality]
        cards.append(card(name, joined(percent(track.known / max(len(track.quality), 1), language)), known))
    cards.append(_compared(read, earlier, language))
    return tag("section", tag("dl", *cards, class_="cards"), aria_label=words.page)


def chart(read: Read, language: LanguageName) -> Markup:
    """One chart above the other on the same axis, and their table."""
    words, tracks = WORDS[language], shown(read, language)
    pieces: list[Markup] = []
    for number, (name, _) in enumerate(tracks):
        pieces.append(tag("h3", name, class_="chart-name"))
        label = words.chart_label.format(name=name)
        pieces.append(frame(label) if not number else tag("div", frame(label), class_="lesser"))
    for modality, why in ((one, read.absent[one]) for one in MODALITIES if one in read.absent):
        pieces.append(tag("p", f"{words.modalities[modality]}: {words.absences[why]}.", class_="note"))
    position = [words.position, words.line] if read.counts else [STORY[language].time]
    heads = [*position, *expressions(language), words.counted]
    heads += [words.modalities[modality] for modality in read.tracks] if len(read.tracks) > 1 else []
    return panel(
        "chart-heading",
        words.chart,
        *steering(language, units_of(language, read.units, read.counts)),
        stage(language, *pieces),
        *below(language, [words.band], heads),
    )


def shares(read: Read, earlier: Earlier, language: LanguageName) -> Markup:
    """The seven over the whole file: together, in each modality, beside the usual, and where they were strongest."""
    words, story, means = WORDS[language], STORY[language], read.fused.means
    assert means is not None
    usual = earlier.usual
    each = [(modality, track.means) for modality, track in read.tracks.items()] if len(read.tracks) > 1 else []
    heads = [story.expression, story.share, "", *(words.modalities[modality] for modality, _ in each)]
    heads += [story.usual, story.difference] if usual else []
    found = peaks(read.fused)
    rows = []
    for place in sorted(range(len(EMOTIONS)), key=lambda place: -means[place]):
        share = means[place]
        cells = [
            tag("th", face(EMOTIONS[place]), expressions(language)[place], scope="row"),
            tag("td", percent(share, language), class_="share"),
            tag("td", bar(share, None, usual.shares[place] if usual else None), class_="bar"),
            *(tag("td", percent(own[place], language) if own else NOTHING, class_="quiet") for _, own in each),
        ]
        if usual:
            cells.append(tag("td", percent(usual.shares[place], language), class_="quiet"))
            cells.append(tag("td", _points(share, usual.shares[place])))
        cells.append(tag("td", _at(read, found[place].into, percent(found[place].share, language), language)))
        rows.append(tag("tr", *cells, data_emotion=EMOTIONS[place]))
    titles = [tag("th", text, scope="col") if text else tag("td") for text in [*heads, words.strongest]]
    table = tag("table", tag("thead", tag("tr", *titles)), tag("tbody", *rows), class_="seven")
    wide = tag("div", table, class_="wide", tabindex="0", role="group", aria_label=words.shares)
    note = (words.shares_note_sentences if read.counts else words.shares_note) + (words.notch if usual else "")
    return panel("shares-heading", words.shares, wide, tag("p", note, class_="note"))


def highlights(read: Read, language: LanguageName) -> Markup:
    """The strongest moments, each leading into the chart."""
    words = WORDS[language]
    found = moments(read)
    if not found:
        return panel("moments-heading", words.moments, tag("p", words.no_moments))
    items = [_moment(read, moment, language) for moment in found]
    return panel(
        "moments-heading", words.moments, tag("p", words.moments_note, class_="note"),
        tag("ol", *items, class_="moments"),
    )  # fmt: skip


def comparison(read: Read, earlier: Earlier, language: LanguageName) -> Markup:
    """What the channel's usual is made of, and what it isn't."""
    words, usual = WORDS[language], earlier.usual
    if usual is None:
        said = [words.too_few.format(count=earlier.streams) if earlier.streams else words.no_streams]
    else:
        before, after = words.usual_of.format(count=usual.streams, channel="\0").split("\0")
        parts = {"parts": _parts(usual.parts, language), "now": _parts(read.mean_parts, language)}
        said = [joined(before, quoted(usual.channel), after), words.usual_parts.format(**parts)]
    told = [tag("p", sentence) for sentence in said]
    return panel("compared-heading", words.compared, *told, tag("p", words.own, class_="note"))


def notes(read: Read, right: Mapping[Modality, float], language: LanguageName) -> Markup:
    """How far to trust it, and what it is not for. `right` is how often each reader is, by its card."""
    words = WORDS[language]
    known = [(modality, right[modality]) for modality in read.tracks if modality in right]
    cards = [tag("li", words.accuracies[modality].format(part=percent(part, language))) for modality, part in known]
    return panel(
        "notes-heading",
        words.notes,
        tag("p", words.accuracy) if cards else None,
        tag("ul", *cards, class_="gaps") if cards else None,
        tag("p", words.lag_sentences if read.kind in ("text", "subtitles") else words.lag),
        tag("p", words.privacy),
        tag("p", tag("strong", words.judging)),
    )


def take_along(commands: Sequence[str], language: LanguageName) -> Markup:
    """The commands that write the numbers."""
    before, after = WORDS[language].take_along.split("{commands}")
    spaced = [piece for command in commands for piece in (tag("code", command), Markup(" "))]
    return panel("take-along", STORY[language].take_along, tag("p", before, *spaced, after))


def _compared(read: Read, earlier: Earlier, language: LanguageName) -> Markup:
    """The largest difference from the usual in one sentence."""
    words, story, usual, means = WORDS[language], STORY[language], earlier.usual, read.fused.means
    if usual is None or means is None:
        told = words.too_few.format(count=earlier.streams) if earlier.streams else words.no_streams
        return card(words.compared, NOTHING, told)
    changes = [round(now * 100) - round(then * 100) for now, then in zip(means, usual.shares, strict=True)]
    place = max(range(len(EMOTIONS)), key=lambda place: abs(changes[place]))
    if abs(changes[place]) < NOTABLE:
        return card(words.compared, joined(story.as_usual))
    template = story.above if changes[place] > 0 else story.below
    said = template.format(expression=expressions(language)[place], points=abs(changes[place]))
    return card(words.compared, tag("span", said, class_="sentence"))


def _moment(read: Read, moment: Moment, language: LanguageName) -> Markup:
    words = WORDS[language]
    if read.counts:
        text = str(moment.into + 1)
        label = words.jump_sentence.format(time=text, line=read.lines[moment.into])
    else:
        text = clock(moment.into)
        label = STORY[language].jump.format(time=text)
    jump = tag("button", text, type="button", data_into=str(moment.into), aria_label=label)
    said = looks_like(language, moment.emotion, percent(moment.share, language))
    return tag("li", jump, " ", face(moment.emotion), said, data_emotion=moment.emotion)


def _at(read: Read, into: int, share: str, language: LanguageName) -> str:
    words = WORDS[language]
    if read.counts:
        return words.peak_at_sentence.format(share=share, time=into + 1, line=read.lines[into])
    return words.peak_at.format(share=share, time=clock(into))


def _parts(parts: Mapping[Modality, float], language: LanguageName) -> str:
    words = WORDS[language]
    told = [f"{words.modalities[name]} {percent(part, language)}" for name, part in parts.items()]
    return words.between.join(told) if told else words.no_number


def _points(now: float, then: float) -> str:
    points = round(now * 100) - round(then * 100)
    return f"{points:+d}".replace("-", "\N{MINUS SIGN}") if points else "0"


def _length(read: Read, length: float, language: LanguageName) -> str:
    words = WORDS[language]
    return words.sentences.format(count=round(length)) if read.counts else figures.length(length, language)
