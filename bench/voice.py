"""What the voice reader costs: `python -m bench.voice`. Share of one core while somebody talks all the time.

Baseline: the mean of the log-mel bands of the same windows, about the least that anything could do with speech.
Medians of interleaved rounds, in processor time.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.mel import bands
from model.speech import RATE, SpeechFinder
from model.voice import WINDOW, VoiceListener, load

SECONDS: Final = 30
ROUNDS: Final = 7
PIECE: Final = 1600


def talk(seconds: int) -> NDArray[np.float32]:
    """Sound that passes as speech: a buzz whose pitch, loudness and colour go up and down like syllables."""
    time_of = np.arange(seconds * RATE) / RATE
    pitch = 140 + 30 * np.sin(2 * np.pi * 0.4 * time_of)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(len(time_of))
    for harmonic in range(1, 25):
        frequency = harmonic * pitch
        formant = 500 + 250 * np.sin(2 * np.pi * 1.3 * time_of)
        sound += np.sin(harmonic * phase) / (1 + ((frequency - formant) / 200) ** 2)
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3.5 * time_of)
    return np.asarray(0.2 * sound * syllables / np.abs(sound).max(), np.float32)


def main() -> int:
    """Prints the table."""
    reader, sound = load(), talk(SECONDS)
    pieces = [sound[start : start + PIECE] for start in range(0, len(sound), PIECE)]
    answered = 0

    def listen() -> None:
        nonlocal answered
        listener = VoiceListener(reader)
        for number, piece in enumerate(pieces, 1):
            listener.hear(piece, number * PIECE / RATE)
            if number % 5 == 0:
                answered += listener.answer() is not None

    def find() -> None:
        finder = SpeechFinder()
        for piece in pieces:
            finder.hear(piece)

    def mean() -> None:
        size = round(WINDOW * RATE)
        for start in range(0, len(sound) - size + 1, size // 2):
            np.log(bands(sound[start : start + size]) + 1e-5).mean(0)

    calls: dict[str, Callable[[], None]] = {
        "listener: find, choose, read": listen,
        "finding speech alone": find,
        "mean log-mel of the windows": mean,
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    if not answered:
        print("The made-up talk was not taken for speech, so there is nothing to measure.", file=sys.stderr)
        return 1
    for _ in range(ROUNDS):
        for name, call in calls.items():
            used = time.process_time()
            call()
            times[name].append(time.process_time() - used)
    base = statistics.median(times["mean log-mel of the windows"])
    print(f"{'':32} share of one core   times the mean log-mel")
    for name, rounds in times.items():
        middle = statistics.median(rounds)
        print(f"{name:32} {middle / SECONDS:17.2%}   {middle / base:22.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
