"""The bands, against the plain formula."""

import numpy as np

from model.mel import BANDS, HOP, LEVEL, WINDOW, bands, filters, hertz, loudness, mel
from model.speech import RATE


def direct(sound: np.ndarray, row: int) -> np.ndarray:
    """Power of one window by the sum that defines a Fourier transform."""
    sound = np.pad(sound * LEVEL / np.sqrt(np.mean(sound**2)), WINDOW // 2, mode="reflect")
    n = np.arange(WINDOW)
    frame = sound[row * HOP : row * HOP + WINDOW] * (0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW))
    turns = np.exp(-2j * np.pi * np.outer(np.arange(WINDOW // 2 + 1), n) / WINDOW)
    return np.asarray(np.abs(turns @ frame) ** 2)


def test_bands_are_what_the_formula_says() -> None:
    sound = np.random.default_rng(2).normal(0, 0.1, 4000).astype(np.float32)
    found = bands(sound)
    assert found.shape == (1 + 4000 // HOP, BANDS) and found.dtype == np.float32
    for row in (0, 7, len(found) - 1):
        assert np.allclose(found[row], direct(sound.astype(np.float64), row) @ filters(), rtol=1e-3, atol=1e-7)


def test_a_tone_is_loudest_in_its_own_band() -> None:
    for tone in (200, 1000, 4000):
        found = bands(np.sin(np.arange(RATE) * 2 * np.pi * tone / RATE).astype(np.float32)).mean(0)
        ends = hertz(np.linspace(0, mel(np.array(RATE / 2)), BANDS + 2))
        assert abs(int(found.argmax()) - int(np.abs(ends[1:-1] - tone).argmin())) <= 1


def test_scale_goes_there_and_back() -> None:
    tones = np.array([0.0, 100.0, 999.0, 1000.0, 3000.0, 8000.0])
    assert np.allclose(hertz(mel(tones)), tones)
    assert np.isclose(mel(np.array(1000.0)), 15) and np.isclose(mel(np.array(6400.0)), 42)


def test_how_loud_it_is_changes_nothing_but_silence_stays() -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, RATE).astype(np.float32)
    assert np.allclose(bands(sound), bands(sound * np.float32(0.01)), rtol=1e-3)
    assert not bands(np.zeros(RATE, np.float32)).any()
    assert loudness(np.zeros(0, np.float32)) == 0.0


def test_a_little_sound_is_filled_up() -> None:
    for count in (0, 1, 399):
        found = bands(np.full(count, 0.1, np.float32))
        assert found.shape == (3, BANDS) and np.isfinite(found).all()
