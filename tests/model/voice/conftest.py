"""Speech to test with: espeak-ng's, which a test skips without."""

import io
import shutil
import subprocess
import wave

import numpy as np
import pytest
from numpy.typing import NDArray

from model.speech import RATE

SAID = "Hello there my friends, this is a test of speech. It goes on for a while, and then it stops."


@pytest.fixture(scope="session")
def speech() -> NDArray[np.float32]:
    """About five seconds of a synthetic voice, float32, RATE."""
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng, which speaks for the tests, is not installed")
    said = subprocess.run([program, "-v", "en", "--stdout", SAID], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(said)) as file:
        # espeak-ng writes to a pipe and so can't tell how long the sound is.
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        rate = file.getframerate()
    found = np.interp(np.arange(0, len(raw), rate / RATE), np.arange(len(raw)), raw)
    return np.asarray(found, np.float32)
