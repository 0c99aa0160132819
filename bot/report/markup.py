"""HTML without a way around escaping: whatever isn't Markup already is text, and becomes it."""

from html import escape
from typing import Final

_VOID: Final = frozenset({"input", "link", "meta", "rect", "line"})


class Markup(str):
    """A piece of HTML that is safe to put into a page. Made by `tag`, or of words of our own."""

    __slots__ = ()


Child = str | None


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """An element. Attributes that are None or False are left out, True has no value; `class_` is class, `a_b` a-b."""
    told = [_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()]
    start = f"<{name}{''.join(told)}"
    # The slash ends an SVG shape; for HTML it is a blank.
    return Markup(f"{start}/>" if name in _VOID else f"{start}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Pieces one after the other; text among them is escaped, None is nothing."""
    told = (child if isinstance(child, Markup) else escape(child) for child in children if child is not None)
    return Markup("".join(told))


def outside(text: str) -> Markup:
    """Text that somebody else wrote: it keeps its own direction, and doesn't turn ours around."""
    return tag("bdi", text)


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
