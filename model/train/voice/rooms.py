"""Other microphones, rooms, voices and noises for the same speech, by chance, so that few speakers teach many.

A session is what one person would record in one go: one room, one microphone, one noise. Speed: Ko et al., "Audio
Augmentation for Speech Recognition" (Interspeech 2015), which also makes another vocal tract. Rooms are noise that
dies away, Polack's model (1988).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.speech import RATE

Sound = NDArray[np.float32]
SECONDS: Final = 4.0
"""Of noise that is made for a session, of which each clip gets a part."""


@dataclass(frozen=True)
class Session:
    """What changes sound: `speed` of voice and speech, `room` impulse response or None, `curve` of the microphone in dB
    at `KNOTS`, `pass_band` Hz, `noise` and how much louder than it speech is (dB), `drive` into saturation, `level`
    whether a gain control evens clips out, and whether 8-bit companding (G.711) lies in between."""

    speed: float
    room: Sound | None
    curve: NDArray[np.float64]
    pass_band: tuple[float, float]
    noise: Sound | None
    ratio: float
    drive: float
    level: bool
    companded: bool


KNOTS: Final = np.log(np.array([60.0, 200.0, 500.0, 1200.0, 3000.0, 8000.0]))


def coloured(random: np.random.Generator, count: int) -> Sound:
    """Noise between white and brown, with a slope of 0 to -6 dB an octave, and sometimes mains hum."""
    spectrum = np.fft.rfft(random.normal(size=count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 40)
    sound = np.fft.irfft(spectrum * frequency ** -random.uniform(0, 1), count)
    if random.random() < 0.2:
        tone = np.arange(count) * 2 * np.pi * random.choice([50, 60]) / RATE
        sound += sound.std() * random.uniform(0.3, 1.5) * sum(np.sin(k * tone) / k for k in (1, 2, 3, 5))
    return sound.astype(np.float32)


def babble(random: np.random.Generator, others: Sequence[Sound], count: int) -> Sound:
    """Several people at once."""
    mixed = np.zeros(count, np.float32)
    for k in random.integers(len(others), size=random.integers(3, 8)):
        one = np.resize(others[k], count)
        mixed += np.roll(one / max(float(np.sqrt(np.square(one).mean())), 1e-5), random.integers(count))
    return mixed


def session(random: np.random.Generator, others: Sequence[Sound]) -> Session:
    """One by chance. `others` are clips that may talk in the background."""
    room = None
    if random.random() < 0.5:
        decay = random.uniform(0.1, 0.6)
        count = int(decay * RATE)
        tail = random.normal(size=count) * np.exp(-6.9 * np.arange(count) / count)
        tail[: int(0.002 * RATE)] = 0
        room = (tail / np.sqrt(np.square(tail).sum()) * 10 ** (-random.uniform(0, 15) / 20)).astype(np.float32)
        room[0] = 1
    low, high = 40.0, 8000.0
    chance = random.random()
    if chance < 0.1:
        low, high = 300.0, 3400.0
    elif chance < 0.45:
        low, high = random.uniform(50, 250), random.uniform(3500, 8000)
    noise, count = None, int(SECONDS * RATE)
    if random.random() < 0.65:
        talk = random.random() < 0.3
        noise = babble(random, others, count) if talk else coloured(random, count)
    return Session(
        speed=float(random.uniform(0.88, 1.14)),
        room=room,
        curve=random.uniform(-7, 7, len(KNOTS)),
        pass_band=(low, high),
        noise=noise,
        ratio=float(random.uniform(5, 30)),
        drive=float(random.uniform(1, 4)) if random.random() < 0.15 else 0.0,
        level=bool(random.random() < 0.25),
        companded=bool(random.random() < 0.1),
    )


def heard(sound: Sound, where: Session, random: np.random.Generator) -> Sound:
    """A clip as it would sound in that session, float32, -1..1."""
    speed = where.speed * random.uniform(0.97, 1.03)
    sound = np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound).astype(np.float32)
    if where.noise is not None:
        rms = float(np.sqrt(np.square(sound).mean()))
        start = random.integers(len(where.noise))
        noise = np.resize(np.roll(where.noise, -start), len(sound))
        ratio = where.ratio + random.uniform(-3, 3)
        noise_gain = rms * 10 ** (-ratio / 20) / max(float(np.sqrt(np.square(noise).mean())), 1e-9)
    count = len(sound) + (0 if where.room is None else len(where.room))
    size = 1 << (count - 1).bit_length()
    spectrum = np.fft.rfft(sound, size)
    if where.room is not None:
        spectrum *= np.fft.rfft(where.room, size)
    if where.noise is not None:
        spectrum += np.fft.rfft(noise * noise_gain, size)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    low, high = where.pass_band
    curve = np.interp(np.log(np.maximum(frequency, 30)), KNOTS, where.curve)
    # Second-order slopes at both ends, as analogue stages have them.
    curve -= 10 * np.log10(1 + (low / np.maximum(frequency, 10)) ** 4) + 10 * np.log10(1 + (frequency / high) ** 12)
    changed = np.fft.irfft(spectrum * 10 ** (curve / 20), size)[: len(sound)].astype(np.float32)
    rms = max(float(np.sqrt(np.square(changed).mean())), 1e-6)
    gain = 0.05 / rms if where.level else 10 ** (random.uniform(-2, 2) / 20)
    changed *= np.float32(gain)
    if where.drive:
        peak = max(float(np.abs(changed).max()), 1e-6)
        changed = np.tanh(changed / peak * where.drive) * peak / where.drive
    if where.companded:
        peak = max(float(np.abs(changed).max()), 1e-6)
        curve_of = np.sign(changed) * np.log1p(255 * np.abs(changed) / peak) / np.log(256)
        steps = np.round(curve_of * 127) / 127
        changed = np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255 * peak
    return np.asarray(changed, np.float32)
