"""The crowd against a plain model of who should be counted, whatever comes in whatever order."""

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.crowd import Crowd
from model.emotions import EMOTIONS
from transport.masking import Masking
from transport.reading import Probabilities, Reading, Source

viewers = st.sampled_from([f"viewer-{number}" for number in range(6)])
chatters = st.sampled_from([f"chat:{number}" for number in range(6)])
sevens = st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda seven: sum(seven) > 1e-3)


class CrowdMachine(RuleBasedStateMachine):
    """Joins, leaves, late and doubled readings, clock jumps: against a plain model of who should be counted."""

    EXPIRY = 15.0

    @initialize(minimum=st.integers(1, 4))
    def begin(self, minimum: int) -> None:
        self.pairs: dict[str, str] = {}
        self.crowd = Crowd(minimum, self.EXPIRY, viewers=self.pairs)
        self.now = 1000.0
        self.ages: dict[str, float] = {}
        self.votes: dict[str, tuple[Probabilities, float]] = {}
        self.shown = self.was_shown = False
        self.last_shown = self.now

    def expiry(self, viewer: str) -> float:
        return 60.0 if viewer.startswith("chat:") else self.EXPIRY

    def count(self, viewer: str, seven: list[float], quality: float, age: float) -> None:
        total = sum(seven)
        a, b, c, d, e, f, g = (value / total for value in seven)
        source: Source = "chat" if viewer.startswith("chat:") else "face"
        self.crowd.take(Reading(viewer, source, self.now - age, (a, b, c, d, e, f, g), quality), self.now)
        if age < self.expiry(viewer) and age <= self.ages.get(viewer, math.inf):
            self.ages[viewer] = age
            self.votes[viewer] = ((a, b, c, d, e, f, g), quality)

    @rule(viewer=viewers, seven=sevens, quality=st.floats(0.05, 1.0))
    def report(self, viewer: str, seven: list[float], quality: float) -> None:
        self.count(viewer, seven, quality, age=0.0)

    @rule(viewer=viewers, seven=sevens, quality=st.floats(0.05, 1.0), times=st.integers(2, 4))
    def report_twice(self, viewer: str, seven: list[float], quality: float, times: int) -> None:
        for _ in range(times):
            self.count(viewer, seven, quality, age=0.0)

    @rule(viewer=chatters, seven=sevens, quality=st.floats(0.001, 1.0), age=st.integers(0, 80))
    def write(self, viewer: str, seven: list[float], quality: float, age: int) -> None:
        self.count(viewer, seven, quality, float(age))

    @rule(chatter=chatters, viewer=viewers)
    def link(self, chatter: str, viewer: str) -> None:
        """One chatter, one viewer, as `transport.identities` keeps it."""
        for other in [other for other, tied in self.pairs.items() if tied == viewer]:
            del self.pairs[other]
        self.pairs[chatter] = viewer

    @rule(chatter=chatters)
    def unlink(self, chatter: str) -> None:
        self.pairs.pop(chatter, None)

    @rule()
    def clear(self) -> None:
        self.crowd.clear()
        self.ages.clear()
        self.votes.clear()

    @rule(viewer=chatters)
    def forget(self, viewer: str) -> None:
        self.leave(viewer)

    @rule(viewer=viewers, seven=sevens, age=st.integers(1, 40))
    def report_late(self, viewer: str, seven: list[float], age: int) -> None:
        self.count(viewer, seven, 1.0, float(age))

    @rule(viewer=viewers)
    def leave(self, viewer: str) -> None:
        assert self.crowd.leave(viewer) == (self.ages.pop(viewer, None) is not None)
        self.votes.pop(viewer, None)

    @rule(seconds=st.integers(0, 20))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.ages = {v: age + seconds for v, age in self.ages.items() if age + seconds < self.expiry(v)}
        self.votes = {viewer: self.votes[viewer] for viewer in self.ages}
        self.crowd.mood(self.now)

    @rule(seconds=st.integers(1, 100_000))
    def set_clock_back(self, seconds: int) -> None:
        self.now -= seconds

    @rule()
    def set_clock_far_ahead(self) -> None:
        self.now += 86_400
        self.ages.clear()
        self.votes.clear()
        self.crowd.mood(self.now)

    @invariant()
    def the_mood_is_the_mean_of_the_living_votes(self) -> None:
        mood = self.crowd.mood(self.now)
        faces = [vote for viewer, vote in self.votes.items() if not viewer.startswith("chat:")]
        minimum = self.crowd.minimum_viewers
        # After they were hidden, faces are shown again from one more on, until it is forgotten that they ever were.
        if self.shown or self.now < self.last_shown:
            self.last_shown = self.now
        elif self.now - self.last_shown >= Masking.FORGOTTEN:
            self.was_shown = False
        needed = minimum + (self.was_shown and not self.shown and minimum > 1)
        self.shown = len(faces) >= needed
        self.was_shown |= self.shown
        chat = [
            (seven, 0.5 * quality * 0.5 ** (self.ages[viewer] / 20.0))
            for viewer, (seven, quality) in self.votes.items()
            if viewer.startswith("chat:")
            # Who is known to be one of the faces that count has one vote, and that is the face's.
            and not (self.shown and self.pairs.get(viewer) in self.votes)
        ]
        assert (mood.faces.voters, mood.chat.voters) == (len(faces), len(chat))
        assert mood.enough == (self.shown or len(chat) >= minimum)
        if mood.shares is None:
            assert {mood.intervals, mood.valence, mood.arousal, mood.top, mood.trend} == {None}
            assert mood.viewers == max(len(faces), len(chat)) and mood.faces.shares is mood.chat.shares is None
            return
        counted = chat + (faces if self.shown else [])
        assert mood.viewers == len(counted)
        weights = sum(weight for _, weight in counted)
        for index in range(len(EMOTIONS)):
            mean = sum(seven[index] * weight for seven, weight in counted) / weights
            assert mood.shares[index] == pytest.approx(mean, abs=1e-9)
        assert mood.faces.part + mood.chat.part == pytest.approx(1.0)
        assert mood.chat.part == pytest.approx(sum(weight for _, weight in chat) / weights)
        for part in (mood.faces, mood.chat):
            assert part.shares is None or part.voters >= minimum
        assert math.fsum(mood.shares) == pytest.approx(1.0, abs=1e-9)
        assert mood.intervals is not None and mood.valence is not None and mood.arousal is not None
        for share, (low, high) in zip(mood.shares, mood.intervals, strict=True):
            assert 0.0 <= low <= share <= high <= 1.0
        assert -1.0 <= mood.valence <= 1.0 and -1.0 <= mood.arousal <= 1.0


TestCrowdMachine = CrowdMachine.TestCase
TestCrowdMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
