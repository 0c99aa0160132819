"""Numbers as people read them, in a language: clocks, shares, dates. Pure."""

from datetime import datetime, tzinfo

from bot.drawing.words import LANGUAGES as PICTURES
from bot.history import Session
from bot.language import LanguageName
from bot.report.words import WORDS

LONGEST = 200
"""Letters of a title or channel that are shown; nobody reads ten thousand."""


def clock(seconds: float) -> str:
    """A time in the stream, as under a video: 4:05 or 1:02:03."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(share: float, language: LanguageName) -> str:
    """A share (0..1), as in "62 %"."""
    return WORDS[language].percent.format(number=round(share * 100))


def length(seconds: float, language: LanguageName) -> str:
    """How long something took, to the minute; under two minutes, as a clock."""
    return PICTURES[language].length(seconds) if seconds >= 120 else clock(seconds)


def moment(time: float, language: LanguageName, zone: tzinfo | None = None) -> str:
    """A date and a time of day, with its distance from UTC. `zone` None is this machine's."""
    when = datetime.fromtimestamp(time).astimezone(zone)
    offset = f"{when:%z}"
    return f"{PICTURES[language].date(when)}, {when:%H:%M} (UTC{offset[:3]}:{offset[3:5]})"


def minute(time: float, zone: tzinfo | None = None) -> str:
    """A date and a time of day for a list, as in "2026-11-21 20:00"."""
    return f"{datetime.fromtimestamp(time).astimezone(zone):%Y-%m-%d %H:%M}"


def title_of(session: Session, language: LanguageName) -> str:
    """What a stream is called: the last title that it had, or its number."""
    return shortened(session.title) or WORDS[language].untitled.format(number=session.id)


def shortened(text: str) -> str:
    """One line of at most LONGEST letters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
