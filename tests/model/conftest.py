"""What the model's tests share: a reader, and a frame with a face in it."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lera.errors import LeraError
from model import blazeface, face

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "viewer_agent" / "portrait.jpg"
"""Eileen Collins, NASA, public domain."""


@pytest.fixture(scope="session")
def detector_file() -> Path:
    """BlazeFace, fetched if need be; without it and without a network its tests are skipped."""
    try:
        return blazeface.DETECTOR.ensure()
    except LeraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def reader(detector_file: Path) -> Iterator[face.FaceReader]:
    """The shipped reader."""
    assert detector_file.exists()
    with face.load() as loaded:
        yield loaded


@pytest.fixture(scope="session")
def webcam() -> NDArray[np.uint8]:
    """A frame (480, 640, 3) in RGB with one face in it."""
    if not PORTRAIT.exists():
        pytest.skip(f"{PORTRAIT.name} is missing")
    portrait = np.asarray(cv2.imread(str(PORTRAIT)), np.uint8)[..., ::-1]
    height, width = portrait.shape[:2]
    frame = np.full((480, 640, 3), 90, np.uint8)
    frame[100 : 100 + height, 200 : 200 + width] = portrait
    return frame
