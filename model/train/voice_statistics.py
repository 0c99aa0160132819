"""How a voice sounds over one take, as 214 numbers: melody, loudness, timbre and how they move. Pure, numpy only.

For comparisons that must train anew on every split; the shipped voice reader is another thing. Bands and cepstra as in
Davis & Mermelstein (IEEE ASSP 28(4), 1980); melody by autocorrelation divided by the window's (Boersma, 1993); such
means and deviations over a take are what GeMAPS is made of (Eyben et al., IEEE Transactions on Affective Computing
7(2), 2016).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
HOP: Final = 160
FRAME: Final = 400
MELODY_FRAME: Final = 640
BANDS: Final = 40
CEPSTRA: Final = 13
MELODY: Final = (65.0, 550.0)
"""Hz between which a melody is looked for."""
SPEAKING: Final = 7.0
"""Frames this far (natural log of power) below the loudest say nothing."""
VOICED: Final = 0.6
"""Autocorrelation from which on a frame has a melody."""
COUNT: Final = 15 + 4 * BANDS + 3 * CEPSTRA
Floats = NDArray[np.float64]


def statistics(samples: NDArray[np.floating]) -> Floats:
    """Mono sound (N,) at 16 kHz -> (214,). How loud the recording is doesn't count. Silence gives finite numbers, too.

    Raises ValueError when there are no samples.
    """
    if samples.ndim != 1 or not len(samples):
        raise ValueError("a take has samples (N,), N > 0")
    sound = np.asarray(samples, np.float64)
    sound = sound / (np.sqrt(np.square(sound).mean()) + 1e-9)
    power = np.abs(np.fft.rfft(_frames(sound, FRAME) * np.hanning(FRAME), 512)) ** 2
    loud = np.log(power.sum(1) + 1e-6)
    speaks = loud > loud.max() - SPEAKING
    bands = np.log(power @ _filters().T + 1e-6)  # (T, 40)
    cepstra = bands @ _cosines().T  # (T, 13)
    heard = bands[speaks]
    rest = np.diff(loud[speaks])
    return np.concatenate(
        [
            _melody(sound, speaks),
            [
                np.log(len(sound) / RATE),
                speaks.mean(),
                loud[speaks].std(),
                np.abs(rest).mean() if len(rest) else 0.0,
                _slope(loud[speaks]),
                heard.max(1).mean(),
            ],
            heard.mean(0),
            heard.std(0),
            _movement(bands, speaks),
            np.percentile(heard, 90, axis=0) - np.median(heard, axis=0),
            cepstra[speaks].mean(0),
            cepstra[speaks].std(0),
            _movement(cepstra, speaks),
        ]
    )


def _melody(sound: Floats, speaks: NDArray[np.bool_]) -> list[float]:
    """Nine numbers of the fundamental frequency (natural log of Hz) and of how clear it is.

    A voice is most like itself one period ago; a tone that never wavers may be heard octaves too low.
    """
    window = np.hanning(MELODY_FRAME)
    frames = _frames(sound, MELODY_FRAME)
    frames = (frames - frames.mean(1, keepdims=True)) * window
    alike = np.fft.irfft(np.abs(np.fft.rfft(frames, 2048)) ** 2)
    ideal = np.fft.irfft(np.abs(np.fft.rfft(window, 2048)) ** 2)
    low, high = int(RATE / MELODY[1]), int(RATE / MELODY[0])
    lags = alike[:, low:high] / (alike[:, :1] + 1e-9) / (ideal[low:high] / ideal[0])
    count = min(len(lags), len(speaks))
    clear, spoken = lags[:count].max(1), speaks[:count]
    pitch = np.log(RATE / (lags[:count].argmax(1) + low))
    voiced = spoken & (clear > VOICED)
    if voiced.sum() < 5:
        voiced = spoken if spoken.any() else np.ones(count, bool)
    line = pitch[voiced]
    steps = np.abs(np.diff(line))
    said = clear[spoken] if spoken.any() else clear
    return [
        float(np.median(line)),
        float(line.std()),
        *(float(value) for value in np.percentile(line, (10, 90))),
        _slope(line),
        float(steps.mean()) if len(steps) else 0.0,
        float(voiced.mean()),
        float(said.mean()),
        float(said.std()),
    ]


def _slope(line: Floats) -> float:
    """Of values over a time from -1 to 1."""
    time = np.linspace(-1, 1, len(line))
    return float((line * time).mean() / max(float(np.square(time).mean()), 1e-9)) if len(line) > 1 else 0.0


def _movement(rows: Floats, speaks: NDArray[np.bool_]) -> Floats:
    """Mean change from frame to frame while speaking, (T, K) -> (K,)."""
    steps = np.abs(np.diff(rows, axis=0))[speaks[1:]]
    return np.asarray(steps.mean(0)) if len(steps) else np.zeros(rows.shape[1])


def _frames(sound: Floats, size: int) -> Floats:
    """(T, size), one every HOP; a short sound is filled with silence."""
    filled = np.pad(sound, (0, max(0, size - len(sound))))
    return np.lib.stride_tricks.sliding_window_view(filled, size)[::HOP]


def _filters(low: float = 50.0, high: float = 7600.0) -> Floats:
    """Triangles on the mel scale, (40, 257)."""
    first, last = (float(2595 * np.log10(1 + hertz / 700)) for hertz in (low, high))
    edges = np.linspace(first, last, BANDS + 2)
    corners = 700 * (10 ** (edges / 2595) - 1)
    places = np.fft.rfftfreq(512, 1 / RATE)
    up = (places - corners[:-2, None]) / np.diff(corners)[:-1, None]
    down = (corners[2:, None] - places) / np.diff(corners)[1:, None]
    return np.asarray(np.maximum(0, np.minimum(up, down)))


def _cosines() -> Floats:
    """The first cosines but the constant one, (13, 40)."""
    return np.asarray(np.cos(np.pi / BANDS * np.outer(np.arange(1, CEPSTRA + 1), np.arange(BANDS) + 0.5)))
