"""The reader's public API: find, crop, probabilities."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lera.errors import LeraError
from model import face
from model.emotions import EMOTIONS
from model.face import SIDE, Face, FaceReader
from model.framing import EYE_DISTANCE, EYE_HEIGHT

ROOT = Path(__file__).parents[2]
sizes = st.tuples(st.integers(0, 3), st.integers(1, 90), st.integers(1, 90), st.just(3))
few = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def face_at(left: tuple[float, float], right: tuple[float, float], mouth: tuple[float, float]) -> Face:
    """A face with its eyes and mouth at these places."""
    return Face((0.0, 0.0, 1.0, 1.0), 1.0, (left, right, mouth, mouth, left, right))


@few
@given(crops=sizes.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 255), fill=st.just(7))))
def test_any_crops_give_rows_that_sum_to_one(reader: FaceReader, crops: NDArray[np.uint8]) -> None:
    seven = reader.probabilities(crops)
    assert seven.shape == (len(crops), len(EMOTIONS))
    assert seven.dtype == np.float32
    assert np.isfinite(seven).all()
    assert (seven >= 0).all()
    assert seven.sum(1) == pytest.approx(np.ones(len(crops)), abs=1e-5)


def test_crops_in_one_batch_answer_as_they_do_alone(reader: FaceReader) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (face.BATCH + 2, 8, 8, 3), np.uint8)
    together = reader.probabilities(crops)
    for row in (0, 1, face.BATCH - 1, face.BATCH, face.BATCH + 1):
        assert together[row] == pytest.approx(reader.probabilities(crops[row : row + 1])[0], abs=1e-5)


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((1, 64, 64, 3), np.float32),
        np.zeros((64, 64, 3), np.uint8),
        np.zeros((1, 64, 64), np.uint8),
        np.zeros((1, 64, 64, 4), np.uint8),
        np.zeros((1, 0, 64, 3), np.uint8),
        [[1, 2, 3]],
        None,
    ],
)
def test_what_is_no_crop_is_refused(reader: FaceReader, crops: object) -> None:
    with pytest.raises(ValueError, match="crops must"):
        reader.probabilities(crops)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "frame", [np.zeros((9, 9, 3), np.float32), np.zeros((9, 9), np.uint8), np.zeros((0, 9, 3), np.uint8), "frame"]
)
def test_what_is_no_frame_is_refused(reader: FaceReader, frame: object) -> None:
    someone = face_at((3, 3), (6, 3), (4, 6))
    with pytest.raises(ValueError, match="a frame must"):
        reader.find(frame)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a frame must"):
        reader.crop(frame, someone)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 900, 3), (480, 640, 3)])
def test_no_face_in_an_empty_room(reader: FaceReader, shape: tuple[int, ...]) -> None:
    assert reader.find(np.full(shape, 60, np.uint8)) == []


def test_the_face_in_a_frame_is_found(reader: FaceReader, webcam: NDArray[np.uint8]) -> None:
    (found,) = reader.find(webcam)
    left, top, right, bottom = found.box
    assert 200 <= left < right <= 416
    assert 100 <= top < bottom <= 316
    assert 0.5 <= found.score <= 1
    assert np.isfinite(found.points).all()
    assert found.left_eye[0] < found.right_eye[0]
    assert found.mouth[1] > found.left_eye[1]


def test_a_view_of_a_frame_is_as_good_as_a_copy(reader: FaceReader, webcam: NDArray[np.uint8]) -> None:
    mirrored = webcam[:, ::-1]
    (found,) = reader.find(mirrored)
    (copied,) = reader.find(mirrored.copy())
    assert found == copied
    assert (reader.crop(mirrored, found) == reader.crop(mirrored.copy(), found)).all()


@few
@given(angle=st.floats(-180, 180), apart=st.floats(6, 220), x=st.floats(150, 450), y=st.floats(150, 350))
def test_eyes_land_where_they_should(reader: FaceReader, angle: float, apart: float, x: float, y: float) -> None:
    turn = np.deg2rad(angle)
    across = np.array([np.cos(turn), np.sin(turn)]) * apart / 2
    left, right = (x - across[0], y - across[1]), (x + across[0], y + across[1])
    mouth = (x - across[1] * 2, y + across[0] * 2)
    frame = np.zeros((500, 600, 3), np.uint8)
    for channel, eye in enumerate((left, right)):
        patch = np.zeros((500, 600), np.uint8)
        # Sixteenths of a pixel, because drawing on whole pixels would be off by half of one.
        cv2.circle(patch, (round(eye[0] * 16 - 8), round(eye[1] * 16 - 8)), round(apart * 1.6), 255, -1, cv2.LINE_AA, 4)
        frame[..., channel] = patch
    crop = reader.crop(frame, face_at(left, right, mouth)).astype(float)
    assert crop.shape == (SIDE, SIDE, 3)
    grid = np.arange(SIDE) + 0.5
    for channel, side in enumerate((-1, 1)):
        weight = crop[..., channel]
        place = np.array([(weight.sum(0) @ grid) / weight.sum(), (weight.sum(1) @ grid) / weight.sum()])
        expected = np.array([0.5 + side * EYE_DISTANCE / 2, EYE_HEIGHT]) * SIDE
        # A drawn disc of a pixel's size is itself off by up to a fifth of one, which a small face's crop magnifies.
        assert place == pytest.approx(expected, abs=max(0.6, 0.2 * EYE_DISTANCE * SIDE / apart))


@pytest.mark.parametrize("angle", [-30, -12, 15, 30])
@pytest.mark.parametrize("scale", [1.5, 2.2])
def test_the_eyes_of_a_tilted_face_are_brought_level(
    reader: FaceReader, webcam: NDArray[np.uint8], angle: float, scale: float
) -> None:
    (upright,) = reader.find(webcam)
    matrix = cv2.getRotationMatrix2D((308, 208), angle, scale)
    turned = np.asarray(cv2.warpAffine(webcam, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    (found,) = reader.find(turned)
    frame = found.frame()
    for side, eye in ((-1, upright.left_eye), (1, upright.right_eye)):
        place = np.linalg.solve(frame[:, :2], matrix @ [*eye, 1] - frame[:, 2])
        # BlazeFace's points move by up to a fifth of the eyes' distance when the picture turns.
        assert place == pytest.approx([0.5 + side * EYE_DISTANCE / 2, EYE_HEIGHT], abs=0.09)


@pytest.mark.parametrize("eye", [(-10.0, -10.0), (0.0, 0.0), (630.0, 470.0), (900.0, 200.0)])
def test_faces_at_and_beyond_the_border_still_give_a_crop(
    reader: FaceReader, webcam: NDArray[np.uint8], eye: tuple[float, float]
) -> None:
    crop = reader.crop(webcam, face_at(eye, (eye[0] + 60, eye[1]), (eye[0] + 30, eye[1] + 60)))
    assert crop.shape == (SIDE, SIDE, 3)
    assert crop.dtype == np.uint8


def test_beyond_the_border_the_edge_goes_on(reader: FaceReader) -> None:
    frame = np.full((100, 100, 3), 200, np.uint8)
    crop = reader.crop(frame, face_at((-20.0, 50.0), (20.0, 50.0), (0.0, 90.0)))
    assert (crop == 200).all()


def test_large_faces_are_averaged_not_skipped(reader: FaceReader) -> None:
    board = ((np.add.outer(np.arange(640), np.arange(640)) % 2) * 255).astype(np.uint8)
    frame = np.repeat(board[..., None], 3, 2)
    crop = reader.crop(frame, face_at((200.0, 250.0), (440.0, 250.0), (320.0, 490.0)))
    assert np.abs(crop.astype(int) - 128).max() < 24


def test_a_smile_reads_as_happiness(reader: FaceReader, webcam: NDArray[np.uint8]) -> None:
    (found,) = reader.find(webcam)
    seven = reader.probabilities(reader.crop(webcam, found)[None])[0]
    assert EMOTIONS[int(seven.argmax())] == "happiness"


def test_light_and_colour_of_the_room_hardly_matter(reader: FaceReader, webcam: NDArray[np.uint8]) -> None:
    (found,) = reader.find(webcam)
    crop = reader.crop(webcam, found)
    dim = (crop * 0.5).astype(np.uint8)
    given = reader.probabilities(np.stack([crop, dim]))
    assert np.abs(given[0] - given[1]).max() < 0.05


def test_closing_twice_is_fine_and_finding_after_it_is_not(detector_file: Path) -> None:
    assert detector_file.exists()
    loaded = face.load()
    loaded.close()
    loaded.close()
    with pytest.raises(ValueError, match="closed"):
        loaded.find(np.zeros((9, 9, 3), np.uint8))


def test_starting_and_stopping_is_silent(detector_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert detector_file.exists()
    with face.load() as loaded:
        loaded.find(np.zeros((48, 64, 3), np.uint8))
    assert capfd.readouterr().err == ""


def test_a_machine_on_which_mediapipe_does_not_load_is_told_why(
    detector_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediapipe.tasks.python import vision

    def missing(_: object) -> None:
        raise OSError("libGLESv2.so.2: cannot open shared object file")

    assert detector_file.exists()
    monkeypatch.setattr(vision.FaceDetector, "create_from_options", missing)
    with pytest.raises(LeraError, match="libgles2"):
        face.load()


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(face, "WEIGHTS", tmp_path / "face.onnx")
    with pytest.raises(LeraError, match="get LERA anew"):
        face.load()


def test_foreign_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    foreign = tmp_path / "face.onnx"
    foreign.write_bytes(face.WEIGHTS.read_bytes()[:-1])
    monkeypatch.setattr(face, "WEIGHTS", foreign)
    with pytest.raises(LeraError, match="not those of their card"):
        face.load()


@pytest.mark.usefixtures("detector_file")
def test_a_first_start_tells_nobody_of_fonts(tmp_path: Path) -> None:
    say = "import logging; logging.basicConfig(level='INFO'); from model.detector import Detector; Detector().close()"
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", say], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert "font" not in done.stderr
