"""The streamer's side of the show: the agent's readings, whether the crowd follows, and where they disagree.

All of it may be absent, half there, or gone in mid-show; then there is nothing to tell, and all else goes on.
"""

from typing import Any, Final

import msgspec

from bot.crowd import Mood, seven
from bot.disagreement import Disagreement, Disagreements
from bot.feed import stage_frame
from bot.history import Dispute, StreamerSecond, dispute_at
from bot.resonance import Resonance, ResonanceState
from bot.streamer import Streamer
from transport.reading import Reading, Source

MOST_REMEMBERED: Final = 200
"""Disagreements of one stream."""


class StreamerSide:
    """What a `StageHost` feeds, and what the show asks for. Nothing here waits; time comes in."""

    def __init__(self, shown: bool) -> None:
        """`shown`: whether overlay, chat and stories may see the streamer's own mood (`[streamer] show`)."""
        self.shown = shown
        self.streamer = Streamer()
        self.resonance = Resonance()
        # Whether the agent is here, has been here, and has said something new since the show last looked.
        self.present = self.seen = self.changed = False
        self.disputes: list[Dispute] = []
        self._disagreements = Disagreements()
        self._found: list[Disagreement] = []
        self._resting = False

    # What the stage feeds (transport.stage_host.StageAudience).

    def sense(self, reading: Reading) -> None:
        """Count a checked reading of the streamer, at the time that the stage gave it by the show's own clock."""
        if not self._resting:
            self.changed |= self.streamer.take(reading, reading.time)

    def lose(self, source: Source) -> None:
        """Withdraw what one source said."""
        self.changed |= self.streamer.lose(source)

    def attend(self, present: bool) -> None:
        """The agent has come or gone; either way, what an earlier one said holds no more."""
        self.present, self.seen, self.changed = present, self.seen or present, True
        self.streamer.clear()

    # What the show does.

    def look(self, now: float, mood: Mood) -> None:
        """Once a second: compare the two sides."""
        # Before an agent has ever come there is nothing to compare, and no work for it.
        if not self.seen:
            return
        fused = None if self._resting else self.streamer.fused(now)
        streamer = None if fused is None else fused.probabilities.tolist()
        self.resonance.add(now, streamer, mood.shares)
        self._found = self._disagreements.look(now, fused, mood)
        for each in self._told(self.shown):
            self._remember(Dispute(each, now))
        self.changed = True

    def pause(self, paused: bool) -> None:
        """Let it rest: what comes is dropped at the door, and what was known of this moment is forgotten."""
        self._resting = paused
        self.streamer.clear()
        self._disagreements.clear()
        self._found = []

    def clear(self) -> None:
        """Forget all that is known."""
        self.pause(self._resting)
        self.resonance.clear()
        self.disputes.clear()

    def begin(self) -> None:
        """Another stream begins: what was disputed in the last one is no part of it."""
        self.disputes.clear()

    # What is told of it.

    def frames(self, now: float) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Its part of the overlay's frame; and of the dashboard's, where the streamer alone may see more."""
        if not self.seen:
            return stage_frame(None, None, None), None
        fused, state = self.streamer.fused(now), self.resonance.state(now)
        private, public = (self._told(with_streamer) for with_streamer in (True, False))
        whole = stage_frame(fused, state, private[0] if private else None)
        if self.shown:
            return whole, None
        # Which emotions were followed tells which were shown.
        hidden = msgspec.structs.replace(state, emotions=None)
        return stage_frame(None, hidden, public[0] if public else None), whole

    def resonating(self, now: float) -> ResonanceState | None:
        """How the crowd follows; None where no agent reads the streamer."""
        return self.resonance.state(now) if self.present else None

    def kept(self, now: float) -> tuple[StreamerSecond | None, list[Dispute]]:
        """What the history keeps of this second; nothing while no agent is here."""
        if not self.present or self._resting:
            return None, []
        fused = self.streamer.fused(now) if self.shown else None
        shares = parts = None
        if fused is not None:
            shares = seven(map(float, fused.probabilities))
            parts = (fused.parts.get("face", 0.0), fused.parts.get("voice", 0.0), fused.parts.get("words", 0.0))
        state = self.resonance.state(now)
        second = StreamerSecond(now, shares, parts, state.score, state.low, state.high, state.lag)
        return second, [Dispute(each, now) for each in self._told(self.shown)]

    def dispute_at(self, time: float) -> Disagreement | None:
        """What was disputed around a moment of this stream, if anything was."""
        return dispute_at(self.disputes, time)

    def _told(self, with_streamer: bool) -> list[Disagreement]:
        return [each for each in self._found if with_streamer or "streamer" not in each.between]

    def _remember(self, dispute: Dispute) -> None:
        known = self.disputes
        for place, each in enumerate(known):
            if each.disagreement == dispute.disagreement:
                known[place] = dispute
                return
        if len(known) < MOST_REMEMBERED:
            known.append(dispute)
