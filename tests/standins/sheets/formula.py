"""The few formulas that the stand-in can work out: arithmetic, references and the commonest functions."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.standins.sheets.a1 import Area, parse_area, split_title
from tests.standins.sheets.cells import Value, general

if TYPE_CHECKING:
    from tests.standins.sheets.tab import Tab

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<text>"(?:[^"]|"")*")"""
    r"""|(?P<area>(?:(?:'(?:[^']|'')*'|\w+)!)?\$?[A-Za-z]{1,3}\$?\d+(?::\$?[A-Za-z]{1,3}\$?\d+)?(?![\w(])"""
    r"""|(?:(?:'(?:[^']|'')*'|\w+)!)?[A-Za-z]{1,3}:[A-Za-z]{1,3}(?![\w(]))"""
    r"""|(?P<name>[A-Za-z][\w.]*)|(?P<sign><>|<=|>=|[-+*/^&()=<>,;%]))"""
)
DEEPEST = 100


class FormulaError(Exception):
    """Its text is what the cell shows, for instance #DIV/0!"""


def evaluate(formula: str, tab: "Tab", depth: int = 0) -> Value:
    """The value of a formula in that tab; an error is the text that a cell shows."""
    try:
        if depth > DEEPEST:
            raise FormulaError("#REF!")
        reader = _Reader(formula[1:], tab, depth)
        value = reader.compare()
        if reader.token:
            raise FormulaError("#ERROR!")
    except FormulaError as error:
        return str(error)
    except ZeroDivisionError:
        return "#DIV/0!"
    except OverflowError:
        return "#NUM!"
    return value[0] if isinstance(value, list) else value


class _Reader:
    """Recursive descent: comparison, joining, sum, product, power, sign, one thing."""

    def __init__(self, text: str, tab: "Tab", depth: int) -> None:
        self.tab, self.depth, self.at = tab, depth, 0
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            if not found:
                raise FormulaError("#ERROR!")
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()

    @property
    def token(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def accept(self, *signs: str) -> str:
        token = self.token
        if token and token in signs and self.tokens[self.at][0] == "sign":
            self.at += 1
            return token
        return ""

    def compare(self) -> "Value | list[Value]":
        left = self.join()
        while sign := self.accept("=", "<>", "<", ">", "<=", ">="):
            a, b = one(left), one(self.join())
            equal = a == b or (str(a or "").lower() == str(b or "").lower() and isinstance(a, str))
            less = number(a) < number(b) if not isinstance(a, str) and not isinstance(b, str) else str(a) < str(b)
            left = {
                "=": equal, "<>": not equal, "<": less, ">": not less and not equal, "<=": less or equal, ">=": not less
            }[sign]  # fmt: skip
        return left

    def join(self) -> "Value | list[Value]":
        left = self.sum()
        while self.accept("&"):
            left = text(one(left)) + text(one(self.sum()))
        return left

    def sum(self) -> "Value | list[Value]":
        left = self.product()
        while sign := self.accept("+", "-"):
            right = number(one(self.product()))
            left = number(one(left)) + (right if sign == "+" else -right)
        return left

    def product(self) -> "Value | list[Value]":
        left = self.power()
        while sign := self.accept("*", "/"):
            right = number(one(self.power()))
            left = number(one(left)) * right if sign == "*" else number(one(left)) / right
        return left

    def power(self) -> "Value | list[Value]":
        left = self.signed()
        while self.accept("^"):
            left = float(number(one(left)) ** number(one(self.signed())))
        return left

    def signed(self) -> "Value | list[Value]":
        if sign := self.accept("-", "+"):
            value = number(one(self.signed()))
            return -value if sign == "-" else value
        value_or_list = self.thing()
        while self.accept("%"):
            value_or_list = number(one(value_or_list)) / 100
        return value_or_list

    def thing(self) -> "Value | list[Value]":
        if self.accept("("):
            inner = self.compare()
            if not self.accept(")"):
                raise FormulaError("#ERROR!")
            return inner
        if self.at >= len(self.tokens):
            raise FormulaError("#ERROR!")
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(token)
        if kind == "text":
            return token[1:-1].replace('""', '"')
        if kind == "area":
            return self.look_up(token)
        if kind == "name" and token.upper() in ("TRUE", "FALSE"):
            return token.upper() == "TRUE"
        if kind == "name" and self.accept("("):
            arguments: list[Value | list[Value]] = []
            while not self.accept(")"):
                arguments.append(self.compare())
                if not self.accept(",", ";") and self.token != ")":
                    raise FormulaError("#ERROR!")
            return call(token.upper(), arguments)
        raise FormulaError("#NAME?" if kind == "name" else "#ERROR!")

    def look_up(self, token: str) -> "Value | list[Value]":
        title, area_text = split_title(token)
        tab = self.tab if title is None else self.tab.neighbours.get(title)
        area = parse_area(area_text.replace("$", ""))
        if tab is None or area is None:
            raise FormulaError("#REF!")
        bounded = area.clip(tab.rows, tab.columns)
        if area.is_cell:
            return tab.value(area.top, area.left, self.depth + 1)
        return values_in(tab, bounded, self.depth)


def values_in(tab: "Tab", area: Area, depth: int) -> list[Value]:
    inside = sorted(place for place in tab.cells if area.holds(place))
    return [tab.value(row, column, depth + 1) for row, column in inside]


def one(value: "Value | list[Value]") -> Value:
    if isinstance(value, list):
        return value[0] if value else None
    if isinstance(value, str) and re.fullmatch(r"#[A-Z/0]+[!?]", value):
        raise FormulaError(value)
    return value


def number(value: Value) -> float:
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except ValueError:
        raise FormulaError("#VALUE!") from None


def text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return general(value) if isinstance(value, int | float) else value or ""


def call(name: str, arguments: "list[Value | list[Value]]") -> Value:
    flat = [item for argument in arguments for item in (argument if isinstance(argument, list) else [argument])]
    numbers = [float(item) for item in flat if isinstance(item, int | float) and not isinstance(item, bool)]
    functions: dict[str, Callable[[], Value]] = {
        "SUM": lambda: sum(numbers),
        "AVERAGE": lambda: sum(numbers) / len(numbers),
        "MIN": lambda: min(numbers, default=0.0),
        "MAX": lambda: max(numbers, default=0.0),
        "COUNT": lambda: float(len(numbers)),
        "COUNTA": lambda: float(len([item for item in flat if item not in (None, "")])),
        "ABS": lambda: abs(number(flat[0])),
        "ROUND": lambda: round(number(flat[0]), int(number(flat[1])) if len(flat) > 1 else 0),
        "CONCATENATE": lambda: "".join(text(item) for item in flat),
        "LEN": lambda: float(len(text(flat[0]))),
        "UPPER": lambda: text(flat[0]).upper(),
        "LOWER": lambda: text(flat[0]).lower(),
        "HYPERLINK": lambda: flat[-1],
        "IF": lambda: flat[1] if flat[0] else (flat[2] if len(flat) > 2 else False),
    }
    if name not in functions:
        raise FormulaError("#NAME?")
    if not flat:
        raise FormulaError("#N/A")
    return functions[name]()
