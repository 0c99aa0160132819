"""The chart's frame with its buttons, its legend and its table, for the page's program to fill. Pure."""

from collections.abc import Mapping, Sequence

from bot.language import LanguageName
from bot.report.markup import Child, Markup, tag
from bot.report.pieces import button, face
from bot.report.words import WORDS, expressions
from model.emotions import EMOTIONS


def steering(language: LanguageName, units: Mapping[int, str]) -> tuple[Markup, Markup]:
    """Units, window, pages; and below them the legend whose lines come and go, and saving."""
    words = WORDS[language]
    radios = [
        tag("label", tag("input", type="radio", name="unit", value=str(unit), checked=unit == 0), tag("span", text))
        for unit, text in [(0, words.fitting), *units.items()]
    ]
    chips = [
        tag(
            "button", face(emotion), name,
            type="button", class_="chip", data_emotion=emotion, data_place=str(place), aria_pressed="true",
        )
        for place, (emotion, name) in enumerate(zip(EMOTIONS, expressions(language), strict=True))
    ]  # fmt: skip
    controls = tag(
        "div",
        tag("fieldset", tag("legend", words.unit), *radios, class_="units"),
        tag("label", tag("span", words.shown_part), tag("select", id="length")),
        tag("span", button("in", "+", words.zoom_in), button("out", "\N{MINUS SIGN}", words.zoom_out), class_="pair"),
        button("earlier", "◀", words.earlier),
        tag("label", tag("span", words.page_label), tag("select", id="page")),
        button("later", "▶", words.later),
        class_="controls",
    )
    row = tag(
        "div",
        tag("div", *chips, class_="chips", role="group", aria_label=words.lines),
        tag("span", button("sheet", words.sheet), button("picture", words.picture), class_="saves"),
        class_="row",
    )
    return controls, row


def frame(label: str) -> Markup:
    """The chart of the seven itself, over which the pointer draws."""
    return tag(
        "div",
        tag("canvas", class_="shares-chart", role="img", aria_label=label),
        tag("div", class_="marked", hidden=True),
        class_="shares-frame",
    )


def stage(language: LanguageName, *charts: Child) -> Markup:
    """What keys steer: one chart above the other, on the same axis of time."""
    words = WORDS[language]
    return tag(
        "div", *charts,
        class_="chart", tabindex="0", role="group", aria_label=words.chart, aria_describedby="chart-help",
    )  # fmt: skip


def below(language: LanguageName, notes: Sequence[str], heads: Sequence[str]) -> list[Markup]:
    """What is shown now, how to steer it, and the same as a table with these heads."""
    words = WORDS[language]
    return [
        tag("noscript", tag("p", words.need_script)),
        tag("p", class_="shown", role="status"),
        *(tag("p", note, class_="note") for note in notes),
        tag("p", words.chart_help, class_="note screen", id="chart-help"),
        tag(
            "details",
            tag("summary", words.numbers),
            tag(
                "div",
                tag("table", tag("thead", tag("tr", *(tag("th", text, scope="col") for text in heads))), tag("tbody")),
                class_="wide", tabindex="0", role="group", aria_label=words.numbers,
            ),
            tag("p", class_="more note"),
            class_="numbers screen",
        ),
    ]  # fmt: skip
