"""The small pieces that the report's pages are made of. Pure."""

from typing import Final

from bot.crowd import Interval
from bot.language import LanguageName
from bot.report.figures import percent, shortened
from bot.report.markup import Child, Markup, outside, tag
from bot.report.words import WORDS

NOTHING: Final = Markup("\N{EN DASH}")
"""In the place of a number that isn't known."""


def quoted(text: str) -> Markup:
    """Somebody else's text, cut to a readable length, with its own direction."""
    return outside(shortened(text))


def panel(name: str, title: str, *children: Child) -> Markup:
    """A part of the page with a heading."""
    return tag("section", tag("h2", title, id=name), *children, class_="panel", aria_labelledby=name)


def card(name: str, value: Markup, *notes: Child) -> Markup:
    """A number, its name, and what else there is to say."""
    told = [tag("dd", note, class_="note") for note in notes if note]
    return tag("div", tag("dt", name), tag("dd", value, class_="value"), *told)


def face(emotion: str) -> Markup:
    """A place for one of the seven drawings; a word always stands beside it."""
    return tag("span", class_="face", data_face=emotion, data_emotion=emotion)


def button(deed: str, text: str, label: str | None = None) -> Markup:
    """A button of the chart."""
    return tag("button", text, type="button", data_do=deed, aria_label=label, title=label)


def interval_text(interval: Interval, language: LanguageName) -> str:
    """A range of shares, as in "54 % to 70 %"."""
    low, high = (percent(bound, language) for bound in interval)
    return WORDS[language].span.format(**{"from": low, "to": high})


def number(value: float) -> str:
    """A mean number of people: with one digit behind the point while they are few."""
    return f"{value:.1f}" if value < 10 and round(value, 1) % 1 else f"{value:.0f}"


def bar(share: float, interval: Interval | None, usual: float | None) -> Markup:
    """A share as a bar with its range as whiskers, and a notch where it usually is. The numbers stand beside it."""
    low, high = (_place(bound) for bound in interval or (0.0, 0.0))
    whiskers = [(low, high, 12, 12), (low, low, 8, 16), (high, high, 8, 16)] if interval else []
    return tag(
        "svg",
        tag("rect", class_="track", x="0", y="6", width="100%", height="12", rx="6"),
        tag("rect", class_="fill", x="0", y="6", width=_place(share), height="12", rx="6"),
        *(tag("line", class_="whisker", x1=x1, x2=x2, y1=str(y1), y2=str(y2)) for x1, x2, y1, y2 in whiskers),
        tag("line", class_="notch", x1=_place(usual), x2=_place(usual), y1="1", y2="23") if usual is not None else None,
        class_="meter", height="24", width="100%", aria_hidden="true", focusable="false",
    )  # fmt: skip


def language_link(language: LanguageName, query: str = "") -> Markup:
    """The same page in the other language."""
    other: LanguageName = "zh-TW" if language == "en" else "en"
    return tag("a", WORDS[language].other_language, href=f"?{query}lang={other}", lang=other, hreflang=other)


def over(name: str, place: str | None, link: Markup | None) -> Markup:
    """The line above a page's title: a name, which leads to `place` where there is one."""
    here = tag("a", name, href=place) if place else tag("span", name)
    return tag(
        "p",
        tag("span", "LERA", class_="mark"),
        here,
        tag("span", link, class_="right") if link else None,
        class_="over",
    )


def _place(share: float) -> str:
    return f"{share * 100:.2f}%"
