"""Masking under whatever happens in whatever order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.transport.test_masking import Crowd
from transport.masking import Masking


class Machine(RuleBasedStateMachine):
    """Whatever comes in whatever order: what the public sees next differs by no one or by two persons or more."""

    @initialize(minimum=st.integers(2, 4), seed=st.integers(0, 1000))
    def begin(self, minimum: int, seed: int) -> None:
        self.crowd = Crowd(minimum=minimum, seed=seed)
        self.last: set[str] | None = None
        self.left: dict[str, float] = {}
        self.quiet = 0.0
        self.fresh = 0
        # Who was ever counted while the bars were shown, or was there when they came up.
        self.met: set[str] = set()

    @rule(person=st.integers(0, 9))
    def join(self, person: int) -> None:
        if f"p{person}" not in self.crowd.here:
            self.quiet = 0.0
        self.crowd.join(f"p{person}")
        self.left.pop(f"p{person}", None)

    @rule()
    def join_anew(self) -> None:
        self.fresh += 1
        self.crowd.join(f"new{self.fresh}")
        self.quiet = 0.0

    @rule(person=st.integers(0, 9), forget=st.booleans())
    def leave(self, person: int, forget: bool) -> None:
        if f"p{person}" in self.crowd.here:
            self.quiet = 0.0
            self.left[f"p{person}"] = self.crowd.now
        self.crowd.leave(f"p{person}")
        if forget:
            self.crowd.masking.forget(f"p{person}")
            self._erase(f"p{person}")

    def _erase(self, person: str) -> None:
        """For all that is known from now on, who comes with this key is somebody else."""
        for name in [name for name, who in self.crowd.frozen.items() if who == person]:
            self.fresh += 1
            erased = self.crowd.frozen[name] = f"erased{self.fresh}"
            self.met.add(erased)
            self.left[erased] = self.left.get(person, self.crowd.now)
            if self.last is not None and person in self.last:
                self.last = self.last - {person} | {erased}

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 5.0]))
    def look(self, seconds: float) -> None:
        was_shown = self.crowd.shown
        seen = self.crowd.look(seconds)
        self.quiet += seconds
        if seen is not None and was_shown:
            assert self.last is not None
            assert len(seen ^ self.last) != 1
            assert len(seen - self.last) != 1 or seen - self.last <= self.met, "a newcomer came in alone"
        self.last = seen
        self.met |= seen or set()
        if seen is not None and not was_shown:
            # Of those who were there when the bars came up, nobody knows who was left out.
            self.met |= self.crowd.here

    @invariant()
    def nobody_is_a_ghost(self) -> None:
        for person in self.crowd.frozen.values():
            # A look may be five seconds late here.
            assert person not in self.left or self.crowd.now - self.left[person] <= Masking.LONGEST + 10.0

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        if self.last is not None and self.quiet > 2 * (Masking.LONGEST + 10.0):
            # One joiner may wait for the next, close to the minimum.
            assert len(self.crowd.here - self.crowd.counted()) <= 3
            assert self.crowd.masking.frozen == 0

    @invariant()
    def numbers_are_right(self) -> None:
        assert self.crowd.masking.present == len(self.crowd.here)
        assert self.crowd.masking.frozen == len(self.crowd.frozen)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
