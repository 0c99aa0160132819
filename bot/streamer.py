"""The streamer's own mood: the last reading of face, voice and words, as long as each holds. Pure: time comes in."""

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from model.modalities import Fused, Modality, Sensed, fuse
from transport.reading import Probabilities, Reading, Source
from transport.stage import SOURCES


class Life(Struct, frozen=True):
    """How long a reading holds: it ends after `expiry` s, and its quality halves every `half_life` s (0: never)."""

    expiry: float
    half_life: float = 0.0


LIVES: Final[dict[Modality, Life]] = {"face": Life(5.0), "voice": Life(8.0), "words": Life(30.0, 10.0)}
"""A face is looked at all the time; what somebody said still holds while the next sentence is on its way."""
MINIMUM_QUALITY: Final = 0.05

_MODALITIES: Final[dict[Source, Modality]] = {source: modality for modality, source in SOURCES.items()}


class Streamer:
    """The last reading of each modality."""

    def __init__(self) -> None:
        self._last: dict[Modality, Reading] = {}
        self._now = float("-inf")

    def take(self, reading: Reading, now: float) -> bool:
        """Count a reading. False when it changes nothing: of no modality, or older than the last of its own."""
        self._advance(now)
        modality = _MODALITIES.get(reading.source)
        # The bot's clock decides, as with the crowd: a reading can't come from the future.
        time = min(reading.time, now)
        if modality is None or (modality in self._last and time < self._last[modality].time):
            return False
        if not reading.quality >= MINIMUM_QUALITY:
            return self.lose(reading.source)
        self._last[modality] = Reading("", reading.source, time, reading.probabilities, min(reading.quality, 1.0))
        return True

    def lose(self, source: Source) -> bool:
        """Withdraw what one source said. True when there was something."""
        modality = _MODALITIES.get(source)
        return modality is not None and self._last.pop(modality, None) is not None

    def clear(self) -> None:
        """Withdraw everything."""
        self._last.clear()

    def fused(self, now: float) -> Fused | None:
        """All that holds at `now`, as one; None without any."""
        self._advance(now)
        sensed: dict[Modality, Sensed] = {}
        for modality, reading in list(self._last.items()):
            life, age = LIVES[modality], now - reading.time
            if age >= life.expiry:
                del self._last[modality]
                continue
            fading = 0.5 ** (age / life.half_life) if life.half_life else 1.0
            sensed[modality] = Sensed(_normalized(reading.probabilities), reading.quality * fading)
        return fuse(sensed) if sensed else None

    def _advance(self, now: float) -> None:
        # After a clock that was set back, every age stays what it was.
        if now < self._now:
            jump = self._now - now
            for modality, reading in self._last.items():
                self._last[modality] = Reading(
                    "", reading.source, reading.time - jump, reading.probabilities, reading.quality
                )
        self._now = now


def _normalized(probabilities: Probabilities) -> npt.NDArray[np.float64]:
    values = np.array(probabilities)
    return np.asarray(values / values.sum())
