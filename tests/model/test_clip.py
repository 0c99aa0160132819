"""The clip that a network reads, against the numbers of the networks' own test code."""

import importlib.util
import json
import zlib
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from model import clip
from tests.conftest import SHARED

PARITY = SHARED / "parity"


@pytest.fixture(scope="module")
def parity() -> ModuleType:
    if not PARITY.exists():
        pytest.skip(f"the parity kit is not at {PARITY}")
    spec = importlib.util.spec_from_file_location("parity", PARITY / "parity.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def expected() -> Any:
    if not PARITY.exists():
        pytest.skip(f"the parity kit is not at {PARITY}")
    return json.loads((PARITY / "preproc.json").read_text("utf-8"))


def test_faces_are_squeezed_and_scaled_as_in_mae_dfer(parity: ModuleType, expected: Any) -> None:
    told = expected["maedfer_test"]
    small = clip.resized(frames(parity, told["frames"]), 160)
    assert small.sum() == told["uint8_sum"]
    assert zlib.crc32(small.tobytes()) == told["uint8_crc32"]
    assert small[0, 0, :4].tolist() == told["uint8_first"]
    found = clip.face_clip(frames(parity, told["frames"]))
    assert_summary(parity.summary(found[None]), told["normalized"])
    assert_summary(parity.summary(clip.motion_image(found)[None]), expected["lera_motion"])


def test_small_faces_are_enlarged_alike(parity: ModuleType, expected: Any) -> None:
    large = clip.resized(frames(parity, expected["upscale"]["frames"]), 160)
    assert large.sum() == expected["upscale"]["uint8_sum"]
    assert zlib.crc32(large.tobytes()) == expected["upscale"]["uint8_crc32"]


def test_former_dfer_reads_plain_pixels(parity: ModuleType, expected: Any) -> None:
    faces = frames(parity, expected["maedfer_test"]["frames"])
    assert_summary(parity.summary(clip.frames_first(clip.resized(faces, 112))), expected["former_dfer_test"])


def test_every_sampler_takes_the_published_frames(expected: Any) -> None:
    told = expected["sampling"]
    for name, views in told["mae_dfer_test"].items():
        count, stride = name.removeprefix("n").split("_sr")
        assert clip.dense_views(int(count), int(stride)) == views, name
    for sampler, frames_of in (("former_dfer_test", clip.former_dfer_frames), ("ial_test", clip.ial_frames)):
        for name, places in told[sampler].items():
            assert frames_of(int(name.removeprefix("n"))) == places, name
    assert list(clip.APP_FRAMES) == told["lera_app"]


@pytest.mark.parametrize("count", [1, 2, 15, 16, 31, 500])
def test_a_sampler_never_leaves_the_video(count: int) -> None:
    picked = [*clip.dense_views(count, 3), clip.former_dfer_frames(count), clip.ial_frames(count)]
    assert all(len(places) == 16 and min(places) >= 0 and max(places) < count for places in picked)
    assert all(places == sorted(places) for places in clip.dense_views(count, 1, views=5))


def test_a_video_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="no views"):
        clip.dense_views(0, 1)
    with pytest.raises(ValueError, match="no segments"):
        clip.ial_frames(0)


def test_views_are_averaged_as_probabilities() -> None:
    logits = np.array([[2.0, 0.0], [-1.0, 3.0]])
    shares = [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(4))]
    assert clip.over_views(logits) == pytest.approx([np.mean(shares), 1 - np.mean(shares)])
    assert clip.over_views(np.array([[1000.0, 0.0]])).tolist() == [1.0, 0.0]


def frames(parity: ModuleType, told: dict[str, Any]) -> Any:
    return parity.make_frames(told["name"], told["t"], told["h"], told["w"])


def assert_summary(found: dict[str, Any], told: dict[str, Any]) -> None:
    assert found["shape"] == told["shape"]
    for key in ("mean", "std", "l2", "first", "last"):
        assert found[key] == pytest.approx(told[key], rel=1e-6, abs=1e-6)
