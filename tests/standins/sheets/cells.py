"""One cell: what was entered, what it shows, and how a typed text becomes a number, a date or a formula."""

import datetime
import math
import re
from dataclasses import dataclass, field
from typing import Any

DAY_ZERO = datetime.datetime(1899, 12, 30)
LONGEST = 50_000  # characters
NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?P<currency>\$?)(?P<digits>\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?P<decimals>\.\d*)?"
    r"(?P<exponent>[eE][-+]?\d+)?(?P<percent>%?)"
)
DATES = (
    (re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"), "yyyy-mm-dd"),
    (re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"), "M/d/yyyy"),
)
TIME = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:\s*(?P<half>[AaPp][Mm]))?")
DATE_KINDS = ("DATE", "TIME", "DATE_TIME")

Value = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Cell:
    """`entered` is what a person or a program put there; a formula has its text in `formula` and no `entered`."""

    entered: Value = None
    formula: str | None = None
    format: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    rule: dict[str, Any] | None = None  # data validation

    @property
    def filled(self) -> bool:
        return self.formula is not None or self.entered not in (None, "")

    @property
    def number_format(self) -> dict[str, str]:
        found: dict[str, str] = self.format.get("numberFormat", {})
        return found


EMPTY = Cell()


def typed(text: str) -> tuple[Value, str | None, dict[str, str] | None]:
    """What a text that a person types becomes: value, formula, number format."""
    if text.startswith("'"):
        return text[1:], None, None
    if text.startswith("=") and len(text) > 1:
        return None, text, None
    stripped = text.strip()
    if stripped.upper() in ("TRUE", "FALSE"):
        return stripped.upper() == "TRUE", None, None
    if found := NUMBER.fullmatch(stripped):
        return _number(found)
    return _moment(stripped) or (text, None, None)


def _number(found: re.Match[str]) -> tuple[Value, None, dict[str, str] | None]:
    decimals, percent, currency = found["decimals"] or "", found["percent"], found["currency"]
    plain = found["sign"] + (found["digits"].replace(",", "") or "0") + decimals + (found["exponent"] or "")
    value = float(plain) / (100 if percent else 1)
    if found["exponent"]:
        return value, None, {"type": "SCIENTIFIC", "pattern": "0.00E+00"}
    if percent:
        return value, None, {"type": "PERCENT", "pattern": "0.00%" if decimals else "0%"}
    grouped = "#,##0.00" if decimals else "#,##0"
    if currency:
        return value, None, {"type": "CURRENCY", "pattern": f'"$"{grouped}'}
    if "," in found["digits"]:
        return value, None, {"type": "NUMBER", "pattern": grouped}
    return value, None, None


def _moment(text: str) -> tuple[Value, None, dict[str, str]] | None:
    """A date, a time or both, as the days since 1899-12-30."""
    day, _, clock = text.partition(" ")
    if not text:
        return None
    if TIME.fullmatch(text):
        day, clock = "", text
    serial, patterns = 0.0, []
    if day:
        dates = [(found, pattern) for shape, pattern in DATES if (found := shape.fullmatch(day))]
        if not dates:
            return None
        found, pattern = dates[0]
        try:
            date = datetime.datetime(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            return None
        serial += (date - DAY_ZERO).days
        patterns.append(pattern)
    if clock:
        time = TIME.fullmatch(clock)
        if not time or int(time["hour"]) > 23 or int(time["minute"]) > 59:
            return None
        half = (time["half"] or "").lower()
        hour = int(time["hour"]) % 12 + 12 * (half == "pm") if half else int(time["hour"])
        serial += (hour * 3600 + int(time["minute"]) * 60 + int(time["second"] or 0)) / 86400
        patterns.append("h:mm" + (":ss" if time["second"] else "") + (" am/pm" if half else ""))
    kind = "DATE_TIME" if len(patterns) == 2 else "DATE" if day else "TIME"
    return serial, None, {"type": kind, "pattern": " ".join(patterns)}


def shown(value: Value, number_format: dict[str, str]) -> str:
    """A value as the sheet shows it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if not isinstance(value, int | float):
        return value or ""
    kind, pattern = number_format.get("type", ""), number_format.get("pattern", "")
    if kind in DATE_KINDS:
        return _shown_date(
            value, pattern or {"DATE": "M/d/yyyy", "TIME": "h:mm:ss am/pm"}.get(kind, "M/d/yyyy h:mm:ss")
        )
    if kind == "TEXT":
        return general(value)
    if kind == "SCIENTIFIC":
        return f"{value:.2E}"
    found = re.fullmatch(r'(?:"([^"]*)"|(\$))?(#,##)?(0|#)(\.0+)?(%)?', pattern)
    if not found:
        return general(value)
    places = len(found[5] or ".") - 1
    scaled = value * (100 if found[6] else 1)
    digits = f"{abs(_round(scaled, places)):{',' if found[3] else ''}.{places}f}"
    return ("-" if scaled < 0 else "") + (found[1] or found[2] or "") + digits + (found[6] or "")


def _round(value: float, places: int) -> float:
    unit = 10.0**places
    return math.copysign(math.floor(abs(value) * unit + 0.5) / unit, value)


def general(value: float) -> str:
    """A number without a format: whole, or with at most ten significant digits."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.10g}"
    if "e" in text and abs(value) < 1:
        text = f"{value:.10f}".rstrip("0") if abs(value) >= 1e-4 else f"{value:.2E}"
    return text.upper() if "e" in text else text


def plain(value: Value) -> Value:
    """A value without its format: whole numbers come as integers."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e21:
        return int(value)
    return value


def _shown_date(serial: float, pattern: str) -> str:
    moment = DAY_ZERO + datetime.timedelta(seconds=round(serial * 86400))
    half = "am/pm" in pattern.lower()

    def piece(match: re.Match[str]) -> str:
        token = match[0].lower()
        after_hour = re.search(r"[hH]+[^a-zA-Z]*$", pattern[: match.start()])
        if token[0] == "y":
            return f"{moment:%Y}" if len(token) > 2 else f"{moment:%y}"
        if token[0] == "d":
            return f"{moment.day:0{len(token)}d}"
        if token[0] == "h":
            return f"{(moment.hour % 12 or 12) if half else moment.hour:0{len(token)}d}"
        if token[0] == "s":
            return f"{moment.second:0{len(token)}d}"
        if token == "am/pm":
            return "AM" if moment.hour < 12 else "PM"
        return f"{moment.minute if after_hour else moment.month:0{len(token)}d}"

    return re.sub(r"(?i)am/pm|y+|d+|h+|s+|m+", piece, pattern)
