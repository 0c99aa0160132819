"""From moods to orders: which rule begins, holds and ends, and what OBS should then show. Pure; time comes in.

Each rule has hysteresis (`above`, `release`), a time it must hold and a cooldown. Rules that want the same thing of OBS
stand on a stack: the one that began last is seen, and what was there before comes back when the last has ended. So two
rules that meet take turns, and nothing they can do makes OBS flicker: scenes are `SCENE_GAP` apart, whoever switches
them, what follows a share is set `FOLLOW_GAP` apart, and only the newest value of it.
"""

import math
from collections.abc import Iterator
from typing import Final

from msgspec import Struct, structs

from bot.crowd import Mood
from bot.obs.rules import Rule, Target, Wish, filled
from model.emotions import EMOTIONS

SCENE: Final[Target] = ("scene",)
SCENE_GAP: Final = 5.0
"""Seconds between two switches of the scene, the streamer's own counted in."""
FOLLOW_GAP: Final = 0.2
TEXT_GAP: Final = 1.0
REPLAY_GAP: Final = 5.0
"""Moments nearer than this are one moment: the replay that was saved shows both."""
FAILED_GAP: Final = 30.0
STEP: Final = 0.01
"""Part of its range that an intensity must have moved before it is sent again."""
LEAD: Final = 0.03
"""What another emotion must have more than the leading one to take its place."""


class Set(Struct, frozen=True):
    """Make a target what a rule wishes. `why` is "" for a value that only goes on following."""

    target: Target
    wish: Wish
    rule: Rule
    why: str


class Restore(Struct, frozen=True):
    """Put a target back to what it was before the first rule changed it."""

    target: Target
    why: str


class Keep(Struct, frozen=True):
    """Leave a target as it is for good: forget what was there before."""

    target: Target
    why: str


class Fire(Struct, frozen=True):
    """Do what is done once. `text` is filled in."""

    rule: Rule
    text: str
    why: str


class Note(Struct, frozen=True):
    """Nothing to do, but the streamer may wonder why."""

    why: str


Order = Set | Restore | Keep | Fire | Note


class _Standing(Struct):
    """Where a rule stands. `leader` is the emotion that a rule on any change knows as leading."""

    since: float | None = None
    active: bool = False
    begun: float = -math.inf
    leader: str | None = None


class _Shown(Struct):
    """What was last ordered for a target, and when. `stale` when OBS may have lost it."""

    rule: Rule
    wish: Wish
    time: float
    stale: bool = False
    # What was there until this was ordered, in case it can't be done.
    before: "_Shown | None" = None


class Reactions:
    """All rules of a show. `step` at least a few times a second."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._reset()

    def _reset(self) -> None:
        self._standings = [_Standing() for _ in self.rules]
        self._stacks: dict[Target, list[Rule]] = {}
        self._shown: dict[Target, _Shown] = {}
        self._switched = -math.inf
        self._saved = -math.inf
        self._leader: str | None = None
        self._waits = False
        # Targets whose rule has begun anew since they were last set.
        self._renewed: set[Target] = set()
        # When a rule's order for a target last failed.
        self._failed: dict[tuple[Target, str], float] = {}

    @property
    def active(self) -> list[str]:
        """The names of the rules that hold now."""
        return [rule.name for rule, standing in zip(self.rules, self._standings, strict=True) if standing.active]

    def shows(self, target: Target) -> Wish | None:
        """What was last ordered for a target, or None when it is the streamer's own."""
        shown = self._shown.get(target)
        return None if shown is None else shown.wish

    def step(self, mood: Mood, now: float) -> list[Order]:
        """Look at the mood; returns what is to be done now, in this order."""
        self._follow_leader(mood)
        orders: list[Order] = []
        for rule, standing in zip(self.rules, self._standings, strict=True):
            if rule.do == "intensity":
                self._push(rule)
            else:
                orders += self._advance(rule, standing, mood, now)
        for target in list(self._stacks):
            orders += self._settle(target, mood, now)
        return orders

    def saw_scene(self, scene: str, now: float) -> list[Order]:
        """The scene was switched, by anybody. One that no rule wanted is the streamer's: it stays."""
        self._switched = max(self._switched, now)
        shown = self._shown.get(SCENE)
        if shown is None or shown.wish == scene:
            return []
        return [self._leave(SCENE, f"{shown.rule.name}: somebody switched to scene {scene}, which stays")]

    def failed(self, order: Set, now: float) -> None:
        """An order could not be done: its rule wants it no more. What other rules have made of the target holds."""
        target, stack = order.target, self._stacks.get(order.target, [])
        if order.rule in stack:
            stack.remove(order.rule)
        shown = self._shown.pop(target, None)
        if shown is not None and shown.before is not None:
            self._shown[target] = shown.before
        self._failed[target, order.rule.name] = now

    def resume(self) -> None:
        """OBS is back after it was away: what holds is ordered again, and nothing counts as held in between."""
        for shown in self._shown.values():
            shown.stale = True
        for standing in self._standings:
            standing.since = None

    def stop(self) -> list[Order]:
        """Forget everything; returns what puts OBS back. The scene stays: from here on it is the streamer's alone."""
        orders: list[Order] = [
            (Keep if target == SCENE else Restore)(target, f"{shown.rule.name}: reactions stop")
            for target, shown in self._shown.items()
        ]
        self._reset()
        return orders

    def _follow_leader(self, mood: Mood) -> None:
        if mood.shares is None or mood.top is None:
            self._leader = None
            return
        leads = 0.0 if self._leader is None else mood.shares[EMOTIONS.index(self._leader)]
        if self._leader is None or max(mood.shares) - leads >= LEAD:
            self._leader = mood.top

    def _advance(self, rule: Rule, standing: _Standing, mood: Mood, now: float) -> Iterator[Order]:
        """One rule's next step: begin, hold or end."""
        if not rule.lasts:
            yield from self._advance_change(rule, standing, mood, now)
            return
        level = self._level(rule, mood)
        if standing.active:
            if level < rule.release or (rule.when == "dominant" and level < 1):
                standing.active, standing.since = False, None
                yield from self._end(rule, mood)
        elif self._held(rule, standing, level >= rule.above if rule.when != "dominant" else level >= 1, now):
            standing.active = True
            yield from self._begin(rule, standing, mood, now)

    def _advance_change(self, rule: Rule, standing: _Standing, mood: Mood, now: float) -> Iterator[Order]:
        """A rule on any change of the leading emotion; the first one that leads is no change."""
        changed = self._leader is not None and self._leader != standing.leader
        if self._held(rule, standing, changed, now):
            first, standing.leader, standing.since = standing.leader is None, self._leader, None
            if not first:
                yield from self._begin(rule, standing, mood, now)

    def _held(self, rule: Rule, standing: _Standing, over: bool, now: float) -> bool:
        """Whether the condition has held for long enough, and the rule has cooled down."""
        if not over:
            standing.since = None
            return False
        if standing.since is None or standing.since > now:
            standing.since = now
        return now - standing.since >= rule.seconds and now - standing.begun >= rule.cooldown

    def _level(self, rule: Rule, mood: Mood) -> float:
        """What the rule compares with its thresholds; without a mood, less than any of them."""
        if rule.when == "viewers":
            return float(mood.viewers)
        if rule.when == "dominant":
            return 1.0 if self._leader == rule.emotion else -1.0
        values = mood.shares if rule.when == "share" else mood.trend
        if values is None:
            return -math.inf
        value = values[EMOTIONS.index(rule.emotion)]
        return -value if rule.when == "falling" else value

    def _begin(self, rule: Rule, standing: _Standing, mood: Mood, now: float) -> Iterator[Order]:
        standing.begun = now
        if rule.target is not None:
            self._push(rule)
            self._renewed.add(rule.target)
            return
        if rule.do == "replay":
            if now - self._saved < REPLAY_GAP:
                yield Note(f"{rule.name}: a replay was saved {now - self._saved:.0f} s ago, which shows this as well")
                return
            self._saved = now
        yield Fire(rule, filled(rule.text, mood), f"{rule.name}: {self._fact(rule, mood)}: {rule.action()}")

    def _end(self, rule: Rule, mood: Mood) -> Iterator[Order]:
        stack = self._stacks.get(rule.target, []) if rule.target else []
        if rule not in stack:
            return
        assert rule.target is not None
        why = f"{rule.name}: {self._fact(rule, mood)}"
        if not rule.back and stack[-1] is rule and rule.target in self._shown:
            yield self._leave(rule.target, f"{why}: {rule.action()} stays")
            return
        stack.remove(rule)

    def _push(self, rule: Rule) -> None:
        assert rule.target is not None
        stack = self._stacks.setdefault(rule.target, [])
        if rule not in stack:
            stack.append(rule)

    def _leave(self, target: Target, why: str) -> Keep:
        self._stacks.pop(target, None)
        self._shown.pop(target, None)
        return Keep(target, why)

    def _settle(self, target: Target, mood: Mood, now: float) -> Iterator[Order]:
        """Bring a target to what the top of its stack wishes, as soon as it may be touched."""
        stack, shown = self._stacks[target], self._shown.get(target)
        if not stack:
            if shown is None:
                del self._stacks[target]
            elif self._claim(target, shown, now):
                del self._stacks[target], self._shown[target]
                yield Restore(target, f"{shown.rule.name}: {self._fact(shown.rule, mood)}: back to what was there")
            return
        rule = stack[-1]
        news = shown is None or shown.rule is not rule or (target in self._renewed and not rule.lasts)
        # What has no end says what was so when it began.
        wish = shown.wish if shown and not news and not rule.lasts else self._wish(rule, mood)
        if shown is not None and not news and not shown.stale and not self._differs(rule, shown.wish, wish):
            return
        if 0 <= now - self._failed.get((target, rule.name), -math.inf) < FAILED_GAP:
            return
        if not self._claim(target, shown, now):
            if target == SCENE and not self._waits:
                self._waits = True
                yield Note(f"{rule.name}: scene {wish} waits until {SCENE_GAP:g} s after the last switch")
            return
        why = ""
        if news:
            held = f" for {rule.seconds:g} s" if rule.seconds and rule.do != "intensity" else ""
            why = f"{rule.name}: {self._fact(rule, mood)}{held}: {rule.action()}"
        elif shown is not None and shown.stale:
            why = f"{rule.name}: OBS is back: {rule.action()}"
        self._renewed.discard(target)
        before = None if shown is None else structs.replace(shown, before=None)
        self._shown[target] = _Shown(rule, wish, now, before=before)
        yield Set(target, wish, rule, why)

    def _claim(self, target: Target, shown: _Shown | None, now: float) -> bool:
        """Whether a target may be touched now; a scene that may is taken as switched."""
        if target == SCENE:
            if now - self._switched < SCENE_GAP:
                return False
            self._switched, self._waits = now, False
            return True
        gap = {"setting": FOLLOW_GAP, "text": TEXT_GAP}.get(target[0], 0.0)
        return shown is None or shown.stale or not 0 <= now - shown.time < gap

    @staticmethod
    def _wish(rule: Rule, mood: Mood) -> Wish:
        if rule.do != "intensity":
            return rule.wish(mood)
        share = 0.0 if mood.shares is None else mood.shares[EMOTIONS.index(rule.emotion)]
        part = min(max((share - rule.above) / (1 - rule.above), 0.0), 1.0)
        return rule.low + (rule.high - rule.low) * part

    @staticmethod
    def _differs(rule: Rule, shown: Wish, wish: Wish) -> bool:
        if isinstance(shown, float) and isinstance(wish, float):
            # The ends are always reached: a filter that stays on at one per cent looks like a fault.
            step = STEP * abs(rule.high - rule.low)
            return wish != shown and (abs(wish - shown) >= step or wish in (rule.low, rule.high))
        return shown != wish

    def _fact(self, rule: Rule, mood: Mood) -> str:
        """What the crowd looks like, as far as this rule looks at it."""
        if rule.when == "viewers":
            return f"{mood.viewers} viewers"
        if mood.shares is None:
            return "too few viewers to tell"
        if rule.when == "dominant":
            return f"{self._leader} leads"
        index = EMOTIONS.index(rule.emotion)
        if rule.when == "share" or mood.trend is None:
            return f"{rule.emotion} {mood.shares[index]:.0%}"
        return f"{rule.emotion} {mood.trend[index]:+.0%}"
