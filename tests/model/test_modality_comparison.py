"""What compares modalities: sounds as statistics, takes joined, actors apart, rules chosen, intervals drawn."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lera.errors import LeraError
from model.emotions import EMOTIONS
from model.train import late_fusion, modality_scores
from model.train.voice_statistics import COUNT, RATE, statistics
from tests.conftest import SHARED

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is in requirements-dev.txt")
takes = pytest.importorskip("model.train.takes")
networks = pytest.importorskip("model.train.modality_networks")
comparison = pytest.importorskip("model.train.modalities")

pytestmark = pytest.mark.torch

DATA = SHARED / "data"


def tone(hertz: float, seconds: float = 1.0, loudness: float = 0.3) -> np.ndarray:
    """A few harmonics that waver by some percent from period to period, as a voice's do."""
    steps = int(RATE * seconds)
    drift = np.interp(np.arange(steps), np.arange(0, steps + 100, 100), _wavering(steps // 100 + 1))
    phase = 2 * np.pi * np.cumsum(hertz * drift) / RATE
    return np.asarray(loudness * sum(np.sin(k * phase) / k for k in range(1, 6)))


def _wavering(count: int) -> np.ndarray:
    return 1 + 0.03 * np.random.default_rng(6).normal(size=count)


@pytest.mark.parametrize("hertz", [90.0, 150.0, 300.0])
def test_the_melody_is_found(hertz: float) -> None:
    assert np.exp(statistics(tone(hertz))[0]) == pytest.approx(hertz, rel=0.03)


def test_how_loud_a_recording_is_does_not_count() -> None:
    assert statistics(tone(120)) == pytest.approx(statistics(tone(120, loudness=0.003)), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("samples", [np.zeros(RATE), np.zeros(1), np.ones(700), np.full(3, 1e-30)])
def test_silence_and_clicks_give_finite_numbers(samples: np.ndarray) -> None:
    found = statistics(samples)
    assert found.shape == (COUNT,) and np.isfinite(found).all()


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="N > 0"):
        statistics(np.zeros(0))


def ogg(samples: np.ndarray) -> bytes:
    """A sound file as the packs have it."""
    av = pytest.importorskip("av")
    written = io.BytesIO()
    with av.open(written, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], format="flt", layout="mono")
        frame.sample_rate = RATE
        for part in av.AudioResampler("flt", "mono", 48_000, 960).resample(frame):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return written.getvalue()


def packs(folder: Path, faces: list[dict[str, Any]], voices: list[dict[str, Any]]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    for name, rows in ((takes.FACES, faces), (takes.VOICES, voices)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), folder / name)
    return folder


def face(name: str, label: str, value: float, split: str = "train") -> dict[str, Any]:
    return dict.fromkeys(takes.COLUMNS, value) | {"name": f"01-{name}", "label": label, "split": split}


def voice(name: str, label: str, hertz: float, split: str = "train") -> dict[str, Any]:
    return {"audio": ogg(tone(hertz)), "file": f"03-{name}.wav", "label": label, "split": split}


def test_face_and_voice_of_a_take_are_joined_by_name(tmp_path: Path) -> None:
    first, second, lonely = "01-03-01-01-01-07", "01-05-01-01-01-12", "01-06-01-01-01-12"
    data = packs(
        tmp_path,
        [face(second, "anger", 2.0), face(lonely, "fear", 9.0), face(first, "happiness", 1.0)],
        [voice(first, "happiness", 110), voice(second, "anger", 220)],
    )
    for _ in range(2):  # the second time from the cache
        found = takes.read_takes(data, tmp_path / "cache.npz")
        assert found.names == (first, second) and found.actors.tolist() == [7, 12]
        assert [EMOTIONS[label] for label in found.labels] == ["happiness", "anger"]
        assert found.face[:, 0].tolist() == [1.0, 2.0]
        assert np.exp(found.voice[:, 0]) == pytest.approx([110, 220], rel=0.03)


def test_packs_that_contradict_or_share_nothing_are_refused(tmp_path: Path) -> None:
    name = "01-03-01-01-01-07"
    data = packs(tmp_path, [face(name, "fear", 1.0)], [voice(name, "anger", 110)])
    with pytest.raises(LeraError, match=f"disagree about take {name}"):
        takes.read_takes(data)
    data = packs(tmp_path, [face("01-03-01-01-01-08", "anger", 1.0)], [voice(name, "anger", 110)])
    with pytest.raises(LeraError, match="no take of the voice pack"):
        takes.read_takes(data)
    with pytest.raises(LeraError, match="--data must name the folder"):
        takes.read_takes(tmp_path / "elsewhere")
    with pytest.raises(LeraError, match="can't be decoded"):
        takes.decoded(b"no sound")


def made_up(actors: int = 20, each: int = 14, clear: float = 1.0) -> Any:
    """Takes whose face tells some emotions from others, and whose voice the rest."""
    chance = np.random.default_rng(5)
    labels = np.tile(np.arange(7), actors * each // 7)
    people = np.repeat(np.arange(1, actors + 1), each)
    signs = np.eye(7)[labels] * 3 * clear
    seen, heard = signs.copy(), signs.copy()
    seen[:, 4:] = 0
    heard[:, :3] = 0
    rest = [chance.normal(size=(len(labels), 10)) for _ in range(2)]
    splits = np.where(people > actors - 2, "test", np.where(people > actors - 4, "val", "train"))
    voices, faces = np.hstack((heard, rest[1])), np.hstack((seen, rest[0]))
    return takes.Takes(
        faces + chance.normal(size=faces.shape), voices + chance.normal(size=voices.shape), labels, people, splits,
        tuple(map(str, range(len(labels)))),
    )  # fmt: skip


def test_actors_are_apart_and_test_actors_only_judge_the_official_split() -> None:
    told = made_up()
    judged: dict[int, list[int]] = {}
    for cut in comparison.splits(told, 3):
        parts = [set(told.actors[rows].tolist()) for rows in (cut.train, cut.val, cut.test)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        if cut.fold is None:
            assert parts[2] == {19, 20}
        else:
            assert not {19, 20} & set.union(*parts)
            judged.setdefault(cut.seed, []).extend(parts[2])
    assert all(sorted(actors) == list(range(1, 19)) for actors in judged.values()) and len(judged) == 3
    with pytest.raises(LeraError, match="6 folds need as many actors"):
        comparison.splits(made_up(actors=6), 1)


def test_each_persons_own_mean_is_taken_out_without_labels() -> None:
    found = made_up().by_person()
    mine = found.actors == 4
    assert found.face[mine].mean(0) == pytest.approx(np.zeros(17), abs=1e-9)
    assert found.voice[mine].std(0) == pytest.approx(np.ones(17), abs=0.01)


@pytest.mark.parametrize("kind", ["early", "towers", "tensor_train"])
def test_networks_of_both_modalities_learn_what_one_alone_cannot_see(kind: str) -> None:
    told = made_up()
    train, test = (np.flatnonzero(part) for part in (told.actors <= 14, told.actors > 14))
    uar = {}
    for name in (kind, "face"):
        trained = networks.fit(networks.Recipe(name, epochs=25, batch=48), told, [train, train[:150]])
        found = trained.probabilities(told, [test, test])
        assert found.shape == (2, len(told), 7) and found[:, test].sum(2) == pytest.approx(1, abs=1e-5)
        assert not found[:, train].any()
        uar[name] = modality_scores.drawn(found[:1, test], told.labels[test], told.actors[test]).uar.mean()
    assert uar[kind] > uar["face"] + 0.1


def test_networks_that_are_trained_together_do_not_touch_each_other() -> None:
    told = made_up()
    rows = [np.flatnonzero(told.actors <= 10), np.flatnonzero(told.actors > 10)]
    recipe = networks.Recipe("tensor_train", epochs=1)
    one, other = (networks.fit(recipe, told, [rows[0], second]) for second in (rows[1], rows[1][:100]))
    assert one.state.keys() == other.state.keys()
    # The second's takes neither set the scale of the first nor its weights' start.
    assert torch.equal(one.scales[0][0][0], other.scales[0][0][0])
    assert not torch.equal(one.scales[0][0][1], other.scales[0][0][1])


def test_a_missing_modality_tells_nothing() -> None:
    told = made_up()
    rows = [np.arange(len(told))]
    trained = networks.fit(networks.Recipe("face", epochs=2), told, rows)
    blind = trained.probabilities(told, rows, without="face")[0]
    assert np.ptp(blind, axis=0).max() < 1e-6
    assert np.ptp(trained.probabilities(told, rows, without="voice")[0], axis=0).max() > 0.05


def test_the_rule_leans_on_the_modality_that_knows() -> None:
    chance = np.random.default_rng(1)
    labels = chance.integers(0, 7, 400)
    knows = 0.6 * np.eye(7)[labels] + 0.4 * chance.dirichlet(np.ones(7), 400)
    guesses = chance.dirichlet(np.ones(7), 400)
    one, other = (late_fusion.chosen(*pair, labels, {}) for pair in ((knows, guesses), (guesses, knows)))
    assert one.weights["face"] > 1.5 > 0.5 > other.weights["face"]
    assert all(rule.pooling == "linear" for rule in late_fusion.rules({"pooling": "linear"}))
    assert len(late_fusion.rules({"share": 0.5, "pooling": "log"})) == 6


def test_pooling_for_the_comparison_is_the_live_one() -> None:
    from model.modalities import Sensed, fuse

    chance = np.random.default_rng(3)
    face_rows, voice_rows = chance.dirichlet(np.ones(7), 20), chance.dirichlet(np.ones(7), 20)
    for rule in late_fusion.rules({"share": 0.7}):
        told, parts = late_fusion.together(rule, face_rows, voice_rows)
        for index in range(20):
            live = fuse({"face": Sensed(face_rows[index], 1.0), "voice": Sensed(voice_rows[index], 1.0)}, rule)
            assert live and live.probabilities == pytest.approx(told[index], abs=1e-6)
            assert list(live.parts.values()) == pytest.approx(parts[index].tolist())


def test_doubt_is_how_far_disagreement_costs_accuracy() -> None:
    apart = np.repeat(np.linspace(0, 1, 11), 1000)
    labels = np.zeros(len(apart), np.int64)
    right = np.random.default_rng(0).uniform(size=len(apart)) < 0.8 * (1 - 0.6 * apart)
    answers = np.where(right[:, None], np.eye(7)[0], np.eye(7)[1])
    assert late_fusion.doubt(answers, apart, labels) == pytest.approx(0.6, abs=0.05)
    assert late_fusion.doubt(answers, 1 - apart, labels) == 0


def test_intervals_hold_the_truth_and_differences_are_paired() -> None:
    chance = np.random.default_rng(7)
    held = 0
    for _ in range(60):
        people, labels = np.repeat(np.arange(20), 21), np.tile(np.arange(7), 60)
        skill = np.clip(chance.normal(0.6, 0.1, 20), 0, 1)[people]
        answers = np.where(chance.uniform(size=420) < skill, labels, (labels + 1) % 7)
        found = modality_scores.summary(modality_scores.drawn(np.eye(7)[answers][None], labels, people))
        held += found["uar"][1] <= 0.6 <= found["uar"][2]
    assert 49 <= held <= 60  # 95 % of 60 is 57
    drawn = modality_scores.drawn(np.eye(7)[answers][None], labels, people)
    assert modality_scores.difference(drawn, drawn)["uar"] == [0.0, 0.0, 0.0]


def test_uar_over_seeds_is_each_seeds_own() -> None:
    labels = np.tile(np.arange(7), 4)
    answers = np.stack([np.eye(7)[labels], np.eye(7)[np.zeros(28, int)]])
    found = modality_scores.drawn(answers, labels, np.repeat(np.arange(4), 7))
    assert found.uar.tolist() == pytest.approx([1.0, 1 / 7]) and found.accuracy.tolist() == pytest.approx([1.0, 1 / 7])
    assert modality_scores.over_seeds(np.array([1.0, 3.0])) == pytest.approx(12.706)
    assert modality_scores.over_seeds(np.array([1.0])) == 0


@pytest.mark.slow
def test_the_packs_hold_the_takes_that_the_card_counts() -> None:
    if not DATA.exists():
        pytest.skip(f"the packs are not at {DATA}")
    faces = parquet.read_table(DATA / takes.FACES, columns=["name", "split"]).to_pydict()
    voices = parquet.read_table(DATA / takes.VOICES, columns=["file", "split"]).to_pydict()
    names = {name[3:]: split for name, split in zip(faces["name"], faces["split"], strict=True)}
    joined = [names[name[3:-4]] for name in voices["file"] if name[3:-4] in names]
    assert {part: joined.count(part) for part in ("train", "val", "test")} == {"train": 959, "val": 120, "test": 120}
