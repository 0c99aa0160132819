"""How the voice reader learns, on made-up clips."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (requirements-dev.txt)")
pytest.importorskip("pyarrow", reason="pyarrow reads the packs")
pytest.importorskip("onnx", reason="the export needs onnx")

from model.mel import BANDS  # noqa: E402
from model.speech import RATE  # noqa: E402
from model.train.voice import answers, baselines, judging, learning, rooms  # noqa: E402
from model.train.voice.encoder import STATISTICS, Encoder, statistics  # noqa: E402
from model.train.voice.export import export  # noqa: E402
from model.train.voice.features import Features, described, heard, sessions_of  # noqa: E402
from model.train.voice.learning import Plan  # noqa: E402
from model.train.voice.network import Sizes, VoiceNetwork  # noqa: E402
from model.train.voice.packs import Clips  # noqa: E402
from model.voice import VoiceReader, open_session  # noqa: E402

pytestmark = pytest.mark.torch
PLAN = Plan(epochs=2, drawn=128, batch=32, rate=3e-3)
SIZES = Sizes(members=2, hidden=8)


def clips_of(count: int = 56) -> tuple[Clips, list[Features]]:
    """Two packs, the second without disgust and fear; the emotion shows in a few statistics."""
    random = np.random.default_rng(4)
    labels = np.arange(count) % 7
    source = ((labels < 5) & (np.arange(count) >= count // 2)).astype(np.int64)
    speakers = [f"{pack}:{'ab'[k % 2]}" for k, pack in enumerate(source)]
    clips = Clips([], labels, source, speakers, ["one"] * count)
    found = []
    for _ in range(2):
        table = random.normal(size=(count, STATISTICS + 1)).astype(np.float32)
        table[np.arange(count), labels] += 6
        found.append(Features(table, sessions_of(speakers, 100, random), table[:, : 2 * BANDS]))
    return clips, found


def test_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    clips, versions = clips_of()
    whole = learning.train(clips, versions, tmp_path / "whole", PLAN, SIZES)
    # The plan's length decides the rates, so it is the run that is stopped, not the plan that is shorter.
    state = learning.State(PLAN, SIZES)
    learning.standardise(state.network, versions, learning.weights(clips))
    learning.epoch_of(state, clips, versions, PLAN)
    state.epoch = 1
    (tmp_path / "half").mkdir()
    state.save(tmp_path / "half" / "last.pt")
    rest = learning.train(clips, versions, tmp_path / "half", PLAN, SIZES)
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, rest.state_dict()[name]), name


def test_what_can_be_learnt_is_learnt(tmp_path: Path) -> None:
    clips, versions = clips_of(112)
    network = learning.train(clips, versions, tmp_path, Plan(epochs=6, drawn=512, batch=32, rate=1e-2), SIZES)
    for speakers in (None, clips.speakers):
        scores = answers.recalls(answers.logits_of(network, versions[0], speakers), clips)
        assert min(scores.values()) > 0.6


def test_packs_and_emotions_are_drawn_as_they_should_be() -> None:
    clips, _ = clips_of(140)
    drawn = learning.weights(clips)
    assert drawn.sum() == pytest.approx(1)
    of_first = drawn[clips.source == 0]
    assert of_first.sum() / drawn.sum() == pytest.approx(0.32 / (0.32 + 0.36))
    each = np.bincount(clips.labels[clips.source == 0], of_first, 7)
    assert np.allclose(each, each[0])


def test_an_emotion_that_a_pack_lacks_is_not_unlearnt() -> None:
    clips, _ = clips_of(140)
    prior = learning.priors(clips)[1:2]
    targets = learning.targets_of(np.array([0]), prior, 0.1)
    assert targets[0, 5:].sum() == 0 and targets.sum() == pytest.approx(1)
    sure = torch.zeros(1, 1, 7)
    sure[..., 5] = 4.0  # the network thinks of disgust, which this pack doesn't have
    plain = learning.loss_of(torch.zeros(1, 1, 7), targets, prior)
    assert learning.loss_of(sure, targets, prior).item() == pytest.approx(plain.item(), abs=0.01)


def test_the_file_answers_as_torch_does(tmp_path: Path) -> None:
    torch.manual_seed(1)
    clips, versions = clips_of()
    encoder, network = Encoder(pretrained=False), VoiceNetwork(SIZES).eval()
    path = tmp_path / "voice.onnx"
    told = export(encoder, network, (clips, versions), path)
    assert told["apart"] < 1e-3
    reader = VoiceReader(open_session(path), {})
    sound = np.random.default_rng(2).normal(0, 0.1, RATE).astype(np.float32)
    expected = network.by_clip(torch.from_numpy(described(encoder, [sound]))).mean(0) / told["temperature_clip"]
    assert np.allclose(reader.probabilities([sound])[0], expected.softmax(1).detach().numpy()[0], atol=1e-3)


def test_filling_up_changes_no_statistics() -> None:
    torch.manual_seed(2)
    encoder = Encoder(pretrained=False)
    random = np.random.default_rng(3)
    short, long = (random.random((count, BANDS)).astype(np.float32) for count in (40, 90))
    together = statistics(encoder, [long, short])
    assert np.allclose(together[1], statistics(encoder, [short])[0], atol=1e-5)
    assert together.shape == (2, STATISTICS)


def test_made_up_sessions_change_sound_and_are_the_same_again() -> None:
    random = np.random.default_rng(5)
    sounds = [random.normal(0, 0.1, RATE + 100 * k).astype(np.float32) for k in range(6)]
    clips = Clips(sounds, np.arange(6), np.zeros(6, np.int64), ["a"] * 3 + ["b"] * 3, ["one"] * 6)
    first, sessions = heard(clips, 1)
    again, _ = heard(clips, 1)
    other, _ = heard(clips, 2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(len(a) == len(b) and np.allclose(a, b) for a, b in zip(first, other, strict=True))
    assert sessions[0] == sessions[2] != sessions[3]
    assert all(np.isfinite(one).all() and len(one) > RATE / 3 for one in first)
    assert heard(clips, 0)[0] is sounds


def test_rooms_and_noise_stay_finite_for_silence() -> None:
    random = np.random.default_rng(6)
    for _ in range(20):
        where = rooms.session(random, [np.zeros(RATE, np.float32)])
        assert np.isfinite(rooms.heard(np.zeros(RATE, np.float32), where, random)).all()


def test_baselines_learn_what_is_plain() -> None:
    clips, versions = clips_of(140)
    for beside in (False, True):
        simple = baselines.Linear(clips, versions[0], beside)
        found = simple.probabilities(versions[0].simple, clips.speakers)
        assert (found.argmax(1) == clips.labels).mean() > 0.5
    assert np.allclose(baselines.commonest(clips, 0, 3).sum(1), 1)


def test_a_report_counts_what_it_was_given() -> None:
    answered = np.eye(7, dtype=np.float32)[[0, 1, 1]]
    found = judging.report(answered, np.array([0, 1, 2]))
    assert found["clips"] == 3 and found["war"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["uar_95"][0] <= found["uar"] <= found["uar_95"][1]


def test_every_rule_for_moments_answers_in_probabilities() -> None:
    random = np.random.default_rng(8)
    answered = random.dirichlet(np.ones(7), 5).astype(np.float32)
    for name, made in judging.rules(answered, random.normal(size=5)).items():
        assert made.shape == (7,) and made.sum() == pytest.approx(1), name
