"""Reactions as rules: what a `[[reaction]]` means, and whether a set of them can live together. Pure.

A rule is refused here with one line that names it and the mend. What only OBS can know (is there such a scene?) is
looked at by `actions.py`.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from bot.crowd import Mood
from bot.obs.settings import ReactionSettings
from lera.errors import LeraError
from model.emotions import EMOTIONS

MOST: Final = 64
"""Rules in one show: enough for any stream, few enough that OBS has time for the game."""

# What each `when` needs besides `above`, and the default of its release, as a part of `above`.
WHEN: Final = {"share": 0.85, "rising": 0.5, "falling": 0.5, "viewers": 0.8, "dominant": 0.0}

# What each `do` needs, and what it may have.
DO: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "scene": (frozenset({"scene"}), frozenset({"back"})),
    "show": (frozenset({"source"}), frozenset({"scene", "back"})),
    "hide": (frozenset({"source"}), frozenset({"scene", "back"})),
    "filter_on": (frozenset({"source", "filter"}), frozenset({"back"})),
    "filter_off": (frozenset({"source", "filter"}), frozenset({"back"})),
    "intensity": (frozenset({"source", "filter", "setting", "low", "high"}), frozenset()),
    "text": (frozenset({"source", "text"}), frozenset({"back"})),
    "replay": (frozenset(), frozenset()),
    "chapter": (frozenset(), frozenset({"text"})),
    "hotkey": (frozenset({"hotkey"}), frozenset()),
    "event": (frozenset({"event"}), frozenset({"text"})),
}
_OF_DO: Final = frozenset().union(*(needed | allowed for needed, allowed in DO.values()))
_OPPOSITE: Final = {"show": "hide", "hide": "show", "filter_on": "filter_off", "filter_off": "filter_on"}
# OBS runs a hotkey that is named to it in the WebSocket's thread. Its window's own move the window from there, or ask a
# question in it: OBS 29 then never answers again, OBS 32 crashes. These have been tried and are safe.
_WINDOW_HOTKEY: Final = "OBSBasic."
_SAFE_HOTKEYS: Final = frozenset(
    _WINDOW_HOTKEY + name for name in ("Screenshot", "SelectedSourceScreenshot", "SplitFile", "AddChapterMarker")
)
_WORD: Final = re.compile(r"\{(\w*)\}")
_WORDS: Final = frozenset({*EMOTIONS, "top", "viewers"})

Target = tuple[str, ...]
"""What a rule changes in OBS, and could be put back: ("scene",), ("item", scene, source), ("filter", source, filter),
("setting", source, filter, setting) or ("text", source)."""

Wish = str | bool | float
"""What a target should be: a scene's name, on or off, a number, a text."""


class Rule(Struct, frozen=True):
    """A checked reaction. `above` and `release` are shares (0..1), changes of shares, or numbers of viewers."""

    name: str
    when: str
    emotion: str
    above: float
    release: float
    seconds: float
    cooldown: float
    do: str
    back: bool
    target: Target | None
    scene: str = ""
    source: str = ""
    filter: str = ""
    setting: str = ""
    low: float = 0.0
    high: float = 1.0
    text: str = ""
    hotkey: str = ""
    event: str = ""

    @property
    def lasts(self) -> bool:
        """Whether there is an end to it: a change of the leading emotion to any other has none."""
        return self.when != "dominant" or self.emotion != ""

    def wish(self, mood: Mood) -> Wish:
        """What the target should be while the rule holds."""
        if self.do == "scene":
            return self.scene
        if self.do == "text":
            return filled(self.text, mood)
        return self.do in ("show", "filter_on")

    def says(self) -> str:
        """The rule in words, for dashboard and log."""
        return f"{self._when()}: {self.action()}"

    def action(self) -> str:
        """What it does, in words."""
        match self.do:
            case "scene":
                return f"scene {self.scene}"
            case "show" | "hide":
                return f"{self.do} {self.source}"
            case "filter_on" | "filter_off":
                return f"filter {self.filter} of {self.source} {self.do[7:]}"
            case "intensity":
                return f"{self.setting} of {self.filter} on {self.source} follows {self.emotion}"
            case "text":
                return f"text of {self.source}"
            case "replay":
                return "save the replay"
            case "chapter":
                return "chapter in the recording"
            case "hotkey":
                return f"hotkey {self.hotkey}"
            case _:
                return f"event {self.event}"

    def _when(self) -> str:
        held = f" for {self.seconds:g} s" if self.seconds else ""
        match self.when:
            case "dominant":
                return f"{self.emotion or 'another emotion'} leads{held}"
            case "viewers":
                return f"{self.above:g} viewers or more{held}"
            case "share" if self.do == "intensity":
                return "always"
            case "share":
                return f"{self.emotion} at {self.above:.0%} or more{held}"
            case _:
                return f"{self.emotion} {self.when} by {self.above:.0%} or more{held}"


def checked(tables: Iterable[tuple[str, ReactionSettings]]) -> tuple[Rule, ...]:
    """The rules of config.toml's tables, each with its place as errors name it. Raises LeraError."""
    rules: list[Rule] = []
    for place, table in tables:
        if len(rules) == MOST:
            raise LeraError(f"{place} there are more than {MOST} reactions; delete some.")
        number = len(rules) + 1
        rule = _rule(place, number, table)
        for other in rules:
            quarrel = _quarrel(rule, other)
            if quarrel:
                raise LeraError(f"{place} reactions `{other.name}` and `{rule.name}` {quarrel}")
        rules.append(rule)
    return tuple(rules)


def filled(text: str, mood: Mood) -> str:
    """A text with `{happiness}` … as per cent, `{top}` and `{viewers}` filled in; "?" for what isn't known."""

    def word(found: re.Match[str]) -> str:
        name = found[1]
        if name == "viewers":
            return str(mood.viewers)
        if mood.shares is None or name not in _WORDS:
            return "?"
        return str(mood.top) if name == "top" else f"{mood.shares[EMOTIONS.index(name)]:.0%}"

    return _WORD.sub(word, text)


def _rule(place: str, number: int, table: ReactionSettings) -> Rule:
    name = table.name.strip() or f"reaction {number}"
    place = f"{place} reaction `{name}`"
    _one_of(place, "when", table.when, WHEN)
    _one_of(place, "do", table.do, DO)
    _check_emotion(place, table)
    _check_action(place, table)
    above, release = _thresholds(place, table)
    return Rule(
        name=name,
        when=table.when,
        emotion=table.emotion,
        above=above,
        release=release,
        seconds=table.seconds,
        cooldown=table.cooldown,
        do=table.do,
        back=True if table.back is None else table.back,
        target=_target(table),
        scene=table.scene,
        source=table.source,
        filter=table.filter,
        setting=table.setting,
        low=0.0 if table.low is None else table.low,
        high=1.0 if table.high is None else table.high,
        text=table.text,
        hotkey=table.hotkey,
        event=table.event,
    )


def _check_emotion(place: str, table: ReactionSettings) -> None:
    if table.when == "viewers":
        if table.emotion:
            raise LeraError(f'{place}: `when = "viewers"` takes no emotion; delete that line.')
    elif table.emotion or table.when != "dominant":
        _one_of(place, "emotion", table.emotion, EMOTIONS)


def _check_action(place: str, table: ReactionSettings) -> None:
    needed, allowed = DO[table.do]
    said = {key for key in _OF_DO if getattr(table, key) not in ("", None)}
    for key in sorted(needed - said):
        raise LeraError(f'{place}: `do = "{table.do}"` needs `{key}`; add it.')
    for key in sorted(said - needed - allowed):
        raise LeraError(f'{place}: `do = "{table.do}"` has no use for `{key}`; delete it.')
    if table.do == "intensity":
        if table.when != "share":
            raise LeraError(f'{place}: an intensity follows a share; set `when = "share"`.')
        if table.release is not None:
            raise LeraError(f"{place}: an intensity follows its share all the time and has no `release`; delete it.")
        if table.low == table.high:
            raise LeraError(f"{place}: `low` and `high` are the same, so nothing would move; set two numbers.")
    if table.when == "dominant" and not table.emotion and (table.back or ("back" in allowed and table.do != "text")):
        raise LeraError(f"{place}: a change of the leading emotion has no end to go back at; name an `emotion`.")
    if table.do == "event" and not re.fullmatch(r"[\w.-]+", table.event):
        raise LeraError(f"{place}: `event` must be one word of letters, digits, `-`, `_` and `.`; change it.")
    if table.hotkey.startswith(_WINDOW_HOTKEY) and table.hotkey not in _SAFE_HOTKEYS:
        safe = ", ".join(sorted(name.removeprefix(_WINDOW_HOTKEY) for name in _SAFE_HOTKEYS))
        raise LeraError(f"{place}: OBS may crash on the hotkey `{table.hotkey}`; of its own, only {safe} are safe.")
    for word in _WORD.findall(table.text):
        _one_of(place, "text's {word}", word, _WORDS)


def _thresholds(place: str, table: ReactionSettings) -> tuple[float, float]:
    """`above` and `release`, checked."""
    above, release = table.above, table.release
    if table.when == "dominant":
        if above is not None or release is not None:
            raise LeraError(f'{place}: `when = "dominant"` takes no `above` and no `release`; delete them.')
        return 0.0, 0.0
    if table.do == "intensity" and above is None:
        return 0.0, 0.0
    if above is None:
        raise LeraError(f'{place}: `when = "{table.when}"` needs `above`; add it.')
    low, high, unit = (1.0, 1e6, "viewers") if table.when == "viewers" else (0.01, 0.99, "of 1")
    if not low <= above <= high:
        # NaN lands here, too: it is never between.
        because = " It would hold all the time." if above <= 0 else ""
        raise LeraError(
            f"{place}: `above` must be {low:g} to {high:g} {unit}, not {above:g}.{because} Change it there."
        )
    if release is None:
        return above, above * WHEN[table.when]
    if not (math.isfinite(release) and 0 <= release < above):
        raise LeraError(f"{place}: `release` must be under `above`, or the reaction would flicker; lower it.")
    return above, release


def _target(table: ReactionSettings) -> Target | None:
    match table.do:
        case "scene":
            return ("scene",)
        case "show" | "hide":
            return ("item", table.scene, table.source)
        case "filter_on" | "filter_off":
            return ("filter", table.source, table.filter)
        case "intensity":
            return ("setting", table.source, table.filter, table.setting)
        case "text":
            return ("text", table.source)
    return None


def _quarrel(rule: Rule, other: Rule) -> str:
    """Why two rules can't both be, or "". Rules that only may meet take turns instead; see `reactions.py`."""
    if rule.name == other.name:
        return "have the same name; the log couldn't tell them apart. Rename one."
    if rule.target is None or rule.target != other.target:
        return ""
    if rule.do == "intensity":
        return f"both move {rule.setting} of {rule.filter}; keep one."
    if (rule.when, rule.emotion, rule.above) != (other.when, other.emotion, other.above):
        return ""
    if rule.do == "scene" and rule.scene != other.scene:
        return f"fight: both switch the scene when {rule.says().split(':')[0]}. Change `when` of one, or delete it."
    if rule.do == "text" or _OPPOSITE.get(rule.do) == other.do:
        return f"fight over {rule.source}: they want different things at the same moment. Delete one."
    return ""


def _one_of(place: str, key: str, word: str, known: Iterable[str]) -> None:
    names = list(known)
    if word in names:
        return
    close = difflib.get_close_matches(word, names, 1)
    meant = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(sorted(names))}."
    what = f"there is no `{word}`" if word else "it is missing"
    raise LeraError(f"{place}: {key}: {what}; {meant}")
