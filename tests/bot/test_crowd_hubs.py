"""One crowd of several hubs: nobody counts twice, nothing outlives its time, and lost partials cost seconds."""

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.crowd import Crowd
from transport.partial import MAX_VOTING, NOBODY, decode_partial, encode_partial, viewer_hash
from transport.reading import Probabilities, Reading, one_hot
from transport.votes import Votes

HAPPY, SAD = one_hot("happiness"), one_hot("sadness")


def face(viewer: str, time: float, felt: Probabilities = HAPPY, quality: float = 1.0) -> Reading:
    return Reading(viewer, "face", time, felt, quality)


def hub(viewers: int, felt: Probabilities, time: float = 0.0) -> Votes:
    votes = Votes()
    for number in range(viewers):
        votes.take(face(f"away {number}", time, felt), time)
    return votes


def test_the_mood_is_of_all_hubs() -> None:
    crowd, there = Crowd(), hub(6, SAD)
    for number in range(2):
        crowd.take(face(str(number), 0.0), 0.0)
    assert not crowd.mood(0.0).enough
    assert crowd.receive("node", 1, there.partial(0.0), 0.0)
    mood = crowd.mood(0.0)
    assert (mood.viewers, mood.faces.voters) == (8, 8)
    assert mood.shares is not None and mood.shares[:2] == (0.25, 0.75)
    assert "0" in crowd and "away 0" not in crowd


def test_a_hub_that_falls_silent_takes_its_votes_along() -> None:
    crowd, there = Crowd(), hub(6, SAD)
    crowd.receive("node", 1, there.partial(0.0), 0.0)
    assert crowd.mood(2.4).viewers == 6
    assert crowd.mood(2.5).viewers == 0
    assert crowd.receive("node", 2, there.partial(3.0), 3.0)
    assert crowd.mood(3.0).viewers == 6


def test_older_and_doubled_partials_change_nothing() -> None:
    crowd = Crowd()
    assert crowd.receive("node", 2, hub(6, SAD).partial(0.0), 0.0)
    assert not crowd.receive("node", 2, hub(9, HAPPY).partial(0.0), 1.0)
    assert not crowd.receive("node", 1, hub(9, HAPPY).partial(0.0), 1.0)
    assert crowd.mood(1.0).shares == SAD and crowd.mood(2.5).viewers == 0
    assert crowd.receive("anew", 1, hub(9, HAPPY).partial(0.0), 1.0), "a hub that was started anew is another"


def test_a_clock_that_is_set_back_does_not_lengthen_a_partials_life() -> None:
    crowd = Crowd()
    crowd.receive("node", 1, hub(6, SAD).partial(0.0), 1000.0)
    assert crowd.mood(1001.0).viewers == 6
    assert crowd.mood(1.0).viewers == 6, "a second old, as before"
    assert crowd.mood(2.6).viewers == 0


def test_a_linked_chatters_face_counts_also_at_another_hub() -> None:
    pairs = {"chat:ann": "ann", "chat:bob": "bob"}
    crowd, there = Crowd(minimum_viewers=1, viewers=pairs), Votes()
    there.take(face("ann", 0.0), 0.0)
    crowd.take(Reading("chat:ann", "chat", 0.0, SAD), 0.0)
    assert crowd.asked() == [viewer_hash("ann")]
    crowd.receive("node", 1, there.partial(0.0), 0.0)
    assert crowd.mood(0.0).viewers == 2, "it wasn't asked yet"
    there.ask(crowd.asked())
    crowd.receive("node", 2, there.partial(1.0), 1.0)
    mood = crowd.mood(1.0)
    assert (mood.viewers, mood.shares) == (1, HAPPY)
    there.leave("ann")
    crowd.receive("node", 3, there.partial(2.0), 2.0)
    assert crowd.mood(2.0).shares == SAD, "while the face is away, what they wrote counts"
    crowd.take(face("ann", 2.0), 2.0)
    assert crowd.asked() == [], "here it is known without asking"


def test_a_mood_costs_nothing_for_the_linked_who_do_not_write(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(minimum_viewers=1, viewers={f"chat:{number}": str(number) for number in range(5000)})
    crowd.take(Reading("chat:7", "chat", 0.0, SAD), 0.0)
    there = hub(3, HAPPY)
    there.take(face("7", 0.0), 0.0)
    there.ask(crowd.asked())
    crowd.receive("node", 1, there.partial(0.0), 0.0)
    hashed: list[str] = []

    def noted(viewer: str) -> bytes:
        hashed.append(viewer)
        return viewer_hash(viewer)

    monkeypatch.setattr("bot.crowd.viewer_hash", noted)
    assert crowd.mood(0.0).chat.voters == 0
    assert set(hashed) == {"7"}


def test_the_crowd_asks_about_so_many_and_no_more() -> None:
    crowd = Crowd(viewers={f"chat:{number}": str(number) for number in range(MAX_VOTING + 9)})
    for number in range(MAX_VOTING + 9):
        crowd.take(Reading(f"chat:{number}", "chat", 0.0, SAD), 0.0)
    assert len(set(crowd.asked())) == MAX_VOTING


def test_all_votes_can_be_withdrawn_at_once_and_old_partials_stay_old() -> None:
    crowd, there = Crowd(), hub(6, SAD)
    crowd.receive("node", 5, there.partial(0.0), 0.0)
    crowd.clear()
    assert crowd.mood(0.0).viewers == 0
    assert not crowd.receive("node", 4, there.partial(0.0), 0.0)


def test_the_hubs_that_are_known_are_bounded() -> None:
    crowd = Crowd()
    for number in range(Crowd.MAX_NODES + 5):
        assert crowd.receive(f"node {number}", 7, NOBODY, float(number))
    assert not crowd.receive("node 5", 7, NOBODY, 2000.0)
    assert crowd.receive("node 4", 7, NOBODY, 2000.0), "it was forgotten"


VIEWERS = st.integers(0, 7)
LINKED = {0, 1, 2}
HUBS = st.integers(0, 2)
FELT = st.sampled_from([one_hot("happiness"), one_hot("sadness"), (0.25, 0.25, 0.5, 0.0, 0.0, 0.0, 0.0)])


class HubsMachine(RuleBasedStateMachine):
    """Three hubs and one crowd, against a plain list of who is where. Hub 0 is the bot's own.

    The rule of joining, which the bus keeps: whoever joins at a hub is dropped by the hub they were at before, and
    counts at the new one `JOINED` s later, when the old one's last partial has expired. No partial is on its way for
    longer than the difference.
    """

    EXPIRY = 15.0
    JOINED = 3.0

    @initialize(minimum=st.integers(1, 4))
    def begin(self, minimum: int) -> None:
        self.crowd = Crowd(minimum, self.EXPIRY, trim=0.0)
        self.hubs = [self.crowd.votes, Votes(self.EXPIRY), Votes(self.EXPIRY)]
        self.clocks = [1000.0, 50.0, 9e6]
        # Where each viewer is, and since when; what each hub has of whom, and its age; all by no hub's clock.
        self.true = 0.0
        self.places: dict[int, tuple[int, float]] = {}
        self.held: list[dict[int, tuple[float, Probabilities]]] = [{}, {}, {}]
        # All that was published, also what was lost; and what has come of each hub: when, its sequence, whose votes.
        self.sent: list[tuple[int, int, bytes]] = []
        self.heard: dict[int, tuple[float, int, dict[int, Probabilities]]] = {}

    @rule(viewer=VIEWERS, place=HUBS)
    def join(self, viewer: int, place: int) -> None:
        before = self.places.get(viewer)
        if before is None or before[0] != place:
            self.leave(viewer)
            self.places[viewer] = (place, self.true)

    @rule(viewer=VIEWERS, felt=FELT, times=st.integers(1, 3), age=st.sampled_from([0.0, 0.0, 1.0, 14.0, 20.0]))
    def report(self, viewer: int, felt: Probabilities, times: int, age: float) -> None:
        place, since = self.places.get(viewer, (0, math.inf))
        if self.true - since < self.JOINED:
            return
        for _ in range(times):
            clock = self.clocks[place]
            reading = Reading(str(viewer), "face", clock - age, felt, linked=viewer in LINKED)
            self.hubs[place].take(reading, clock)
        known = self.held[place].get(viewer)
        if age < self.EXPIRY and (known is None or self.true - age >= known[0]):
            self.held[place][viewer] = (self.true - age, felt)

    @rule(viewer=VIEWERS)
    def leave(self, viewer: int) -> None:
        if viewer in self.places:
            place, _ = self.places[viewer]
            had = self.held[place].pop(viewer, None)
            assert self.hubs[place].leave(str(viewer)) == (had is not None)

    @rule(place=st.integers(1, 2), lost=st.booleans())
    def publish(self, place: int, lost: bool) -> None:
        sequence = len(self.sent) + 1
        data = encode_partial(self.hubs[place].partial(self.clocks[place]))
        self.sent.append((place, sequence, data))
        if not lost:
            assert self.deliver(-1)
            living = {viewer: felt for viewer, (_, felt) in self.held[place].items()}
            self.heard[place] = (self.true, sequence, living)

    @rule(chosen=st.integers(0, 1000))
    def deliver_what_is_no_news(self, chosen: int) -> None:
        """Once more, or only now that a newer one has come."""
        stale = [
            number
            for number, (place, sequence, _) in enumerate(self.sent)
            if place in self.heard and sequence <= self.heard[place][1]
        ]
        if stale:
            assert not self.deliver(stale[chosen % len(stale)])

    def deliver(self, number: int) -> bool:
        place, sequence, data = self.sent[number]
        return self.crowd.receive(f"hub {place}", sequence, decode_partial(data), self.clocks[0])

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 3.0, 14.0]))
    def wait(self, seconds: float) -> None:
        self.true += seconds
        self.clocks = [clock + seconds for clock in self.clocks]
        self.look()

    @rule(place=HUBS, seconds=st.integers(1, 100_000))
    def set_a_clock_back(self, place: int, seconds: int) -> None:
        self.clocks[place] -= seconds

    @rule(place=HUBS)
    def set_a_clock_far_ahead(self, place: int) -> None:
        self.clocks[place] += 40.0
        self.held[place].clear()
        if place == 0:
            self.heard = {hub: (-math.inf, last, {}) for hub, (_, last, _) in self.heard.items()}

    def look(self) -> None:
        """What is too old is gone."""
        for hub, held in enumerate(self.held):
            self.held[hub] = {v: (time, felt) for v, (time, felt) in held.items() if self.true - time < self.EXPIRY}
        for place, (time, last, _) in self.heard.items():
            if self.true - time >= Crowd.PARTIAL_SECONDS:
                self.heard[place] = (time, last, {})

    @invariant()
    def everybody_counts_once_and_nobody_after_their_time(self) -> None:
        for votes, clock, held in zip(self.hubs[1:], self.clocks[1:], self.held[1:], strict=True):
            assert votes.partial(clock).voters == len(held)
        living = [(viewer, felt) for viewer, (_, felt) in self.held[0].items()]
        for _, _, theirs in self.heard.values():
            living += theirs.items()
        assert len({viewer for viewer, _ in living}) == len(living), "somebody counts twice"
        mood = self.crowd.mood(self.clocks[0])
        assert mood.viewers == mood.faces.voters == len(living)
        assert mood.enough == (len(living) >= self.crowd.minimum_viewers)
        if mood.shares is not None:
            assert math.fsum(mood.shares) == pytest.approx(1.0)
            strangers = sum(viewer not in LINKED for viewer, _ in living) / len(living)
            weights = [1.0 if viewer in LINKED or strangers == 1.0 else strangers**2 for viewer, _ in living]
            for index, share in enumerate(mood.shares):
                mean = sum(weight * felt[index] for weight, (_, felt) in zip(weights, living, strict=True))
                assert share == pytest.approx(mean / sum(weights), abs=1e-6)


TestHubsMachine = HubsMachine.TestCase
TestHubsMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
