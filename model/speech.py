"""Where speech is in sound: 16 kHz in, utterances out. Pure but for the detector that it carries.

The detector is the WebRTC project's, a mixture of Gaussians over six bands for each 30 ms, as the wheel of pocketsphinx
brings it. A single frame's word is not taken: an utterance begins where most of a window is speech, and ends where
most of a longer one is not. Sound is kept only while it may still belong to an utterance.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Vad

__all__ = ["RATE", "SpeechFinder", "Utterance", "clean", "is_voice"]

RATE: Final = 16_000
"""Samples a second that everything here hears."""
STRICTNESS: Final = Vad.MEDIUM_STRICT
"""How sure the detector must be, 0 to 3. Keyboards and fans pass as speech at the loose end."""
BEGIN: Final = (10, 7)
"""An utterance begins when so many of the last frames are speech: (window, needed)."""
END: Final = (17, 15)
"""It ends when so many of the last frames are not: half a second, longer than the pauses within a sentence."""
LEAD: Final = 0.15
"""Seconds kept from before the first frame of speech: soft consonants come before the detector's word."""
LONGEST: Final = 12.0
"""Seconds after which an utterance is cut, so that an answer doesn't wait for a talker's pause."""
SHORTEST: Final = 0.3
"""Seconds of speech below which an utterance is a cough or a click, and is dropped."""


FRAME: Final = 800
"""Samples in which `is_voice` looks for a pitch: 50 ms, three and a half periods of the lowest."""
PITCH: Final = (RATE // 400, RATE // 70)
"""Periods of a voice in samples, 400 to 70 Hz."""
PERIODIC: Final = 0.45
"""Autocorrelation (0 to 1) from which a frame has a pitch. Noise stays below 0.2."""
VOICED: Final = 0.12
"""Share of the loud frames that must have a pitch. Keys and fans have none, and hardly a syllable has none."""
MOVING: Final = 1.0
"""Deviation of the level over time in dB below which sound is a hum or a held chord: syllables go up and down."""


class Utterance(NamedTuple):
    """A piece of speech: `samples` float32 (N,), -1..1, mono, RATE; `start` and `end` in seconds since the first sample
    heard."""

    samples: NDArray[np.float32]
    start: float
    end: float


def clean(samples: NDArray[np.floating]) -> NDArray[np.float32]:
    """Any samples (N,) as float32 within -1..1: not-a-number is silence, what is louder is clipped.

    Raises ValueError for anything but one channel.
    """
    if samples.ndim != 1:
        raise ValueError("samples must be one channel, shape (N,)")
    return np.clip(np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)


def is_voice(samples: NDArray[np.float32]) -> bool:
    """Whether sound (N,) that the detector took for speech has a pitch now and then and a level that moves.

    The detector listens to bands only, and so takes keyboards and hums for speech. Pitch by autocorrelation
    (Rabiner, "On the use of autocorrelation analysis for pitch detection", IEEE Trans. ASSP 25, 1977).
    """
    count = len(samples) // (FRAME // 2) - 1
    if count < 2:
        return False
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[:: FRAME // 2][:count]
    frames = frames - frames.mean(1, keepdims=True)
    energy = np.square(frames).sum(1)
    if not energy.max() > 0:
        return False
    loud = energy > energy.max() * 1e-3
    frames, energy = frames[loud], energy[loud]
    spectrum = np.fft.rfft(frames, 2 * FRAME)
    alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, PITCH[0] : PITCH[1]]
    # Longer lags have fewer samples to agree in.
    alike = alike / energy[:, None] * (FRAME / (FRAME - np.arange(*PITCH)))
    voiced = float((alike.max(1) > PERIODIC).mean())
    return voiced >= VOICED and float(np.std(10 * np.log10(energy))) >= MOVING


class SpeechFinder:
    """Finds utterances in sound as it comes, in pieces of any length."""

    def __init__(self) -> None:
        self._vad = Vad(STRICTNESS, RATE)
        self._size = self._vad.frame_bytes // 2
        self._rest = np.empty(0, np.float32)
        self._place = 0  # samples that made whole frames so far
        self._recent: deque[bool] = deque(maxlen=END[0])
        self._lead: deque[NDArray[np.float32]] = deque(maxlen=BEGIN[0] + round(LEAD * RATE / self._size))
        self._kept: list[NDArray[np.float32]] = []
        self._start = 0
        self._spoken = 0  # frames of speech in the utterance
        self.speaking = False
        """Whether an utterance is going on."""

    def hear(self, samples: NDArray[np.floating]) -> list[Utterance]:
        """The utterances that ended within `samples` float (N,). Raises ValueError for anything but one channel."""
        sound = np.concatenate([self._rest, clean(samples)])
        whole = len(sound) // self._size * self._size
        self._rest = sound[whole:]
        found = [self._frame(sound[at : at + self._size]) for at in range(0, whole, self._size)]
        return [one for one in found if one is not None]

    def flush(self) -> list[Utterance]:
        """The utterance that was going on, if one was: the sound is over, or the microphone is paused."""
        last = self._ended() if self._kept else None
        self.speaking = False
        self._rest = self._rest[:0]
        self._recent.clear()
        self._lead.clear()
        return [] if last is None else [last]

    def so_far(self) -> Utterance | None:
        """The utterance that is going on, as far as it was heard; None when nobody speaks."""
        if not self._kept:
            return None
        samples = np.concatenate(self._kept)
        return Utterance(samples, self._start / RATE, (self._start + len(samples)) / RATE)

    def _frame(self, frame: NDArray[np.float32]) -> Utterance | None:
        speech = bool(self._vad.is_speech((frame * 32767).astype("<i2").tobytes()))
        self._place += self._size
        self._recent.append(speech)
        if not self.speaking:
            self._lead.append(frame)
            if sum(list(self._recent)[-BEGIN[0] :]) >= BEGIN[1]:
                self.speaking, self._kept = True, list(self._lead)
                self._start = self._place - sum(map(len, self._kept))
                self._spoken = sum(self._recent)
                self._lead.clear()
            return None
        self._kept.append(frame)
        self._spoken += speech
        quiet = len(self._recent) - sum(self._recent)
        if len(self._kept) * self._size >= LONGEST * RATE:
            return self._ended(goes_on=quiet < END[1])
        return self._ended() if quiet >= END[1] else None

    def _ended(self, goes_on: bool = False) -> Utterance | None:
        """What was kept, and forgets it; where the talker goes on, the next utterance begins right here."""
        samples = np.concatenate(self._kept)
        spoken, start = self._spoken * self._size / RATE, self._start
        self._kept, self._spoken, self.speaking = [], 0, goes_on
        self._start = self._place
        if not goes_on:
            self._recent.clear()
        if spoken < SHORTEST or not is_voice(samples):
            return None
        return Utterance(samples, start / RATE, (start + len(samples)) / RATE)
