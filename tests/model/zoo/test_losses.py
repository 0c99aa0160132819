"""IAL's loss and the weighted ensemble, against their formulas."""

import math
from typing import Any

import pytest

from lera.errors import LeraError

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
zoo = pytest.importorskip("model.zoo")
ial = pytest.importorskip("model.zoo.ial")
ensemble = pytest.importorskip("model.zoo.ensemble")
outputs = pytest.importorskip("model.zoo.outputs")

pytestmark = pytest.mark.torch


def test_the_intensity_aware_loss_is_the_target_against_its_strongest_rival() -> None:
    logits = torch.tensor([[1.0, 3.0, -2.0], [0.5, 0.0, 2.5]])
    expected = [-math.log(math.exp(own) / (math.exp(own) + math.exp(rival))) for own, rival in ((1, 3), (2.5, 0.5))]
    found = ial.intensity_aware_loss(logits, torch.tensor([0, 2]))
    assert float(found) == pytest.approx(sum(expected) / 2, abs=1e-6)


def test_the_intensity_aware_loss_stays_finite_and_pulls_the_rival_down() -> None:
    logits = torch.tensor([[-500.0, 500.0, 0.0]], requires_grad=True)
    loss = ial.intensity_aware_loss(logits, torch.tensor([0]))
    loss.backward()
    assert loss.item() == pytest.approx(1000.0)
    assert logits.grad.tolist() == [[-1.0, 1.0, 0.0]]


def test_the_whole_loss_adds_its_parts_by_their_weights() -> None:
    torch.manual_seed(1)
    output = outputs.IntensityOutput(*(torch.randn(5, 7) for _ in range(3)), torch.zeros(5, 4))
    target = torch.tensor([0, 1, 2, 3, 6])
    cross = torch.nn.functional.cross_entropy
    expected = cross(output.logits, target) + 0.1 * ial.intensity_aware_loss(output.logits, target)
    expected = expected + 0.05 * cross(output.auxiliary2, target)
    assert torch.allclose(ial.ial_loss(output, target), expected)


@pytest.mark.parametrize("share", [0.8, 0.6])
def test_an_ensemble_weighs_probabilities(share: float) -> None:
    ours, poster = torch.tensor([[0.7, 0.3]]), torch.tensor([[0.2, 0.8]])
    found = ensemble.mixed([ours, poster], [share, 1 - share])
    assert torch.allclose(found, share * ours + (1 - share) * poster)
    assert torch.allclose(ensemble.mixed([ours, poster], [8, 2]), ensemble.mixed([ours, poster], [0.8, 0.2]))


def test_weights_that_do_not_fit_are_refused() -> None:
    member = torch.tensor([[0.5, 0.5]])
    for weights in ([1.0], [0.0, 0.0], [1.5, -0.5]):
        with pytest.raises(LeraError):
            ensemble.mixed([member, member], weights)
    with pytest.raises(LeraError, match="between 0 and 1"):
        zoo.create("ensemble", share=1.2)
    with pytest.raises(LeraError, match="import `lera` into its `fusion`"):
        zoo.import_checkpoint("ensemble", {"head.weight": torch.ones(1)})


@pytest.mark.slow
def test_the_ensemble_lies_between_its_members() -> None:
    torch.manual_seed(0)
    network: Any = zoo.create("ensemble", share=0.6, raf_db=True).eval()
    clip = torch.randn(1, 3, 16, 160, 160)
    with torch.no_grad():
        found = network(clip).logits.exp()
        network.sizes = ensemble.EnsembleSizes(share=1.0)
        alone = network(clip).logits.exp()
    assert float(found.sum()) == pytest.approx(1.0, abs=1e-5)
    assert torch.allclose(alone, network.fusion(clip).logits.softmax(1), atol=1e-5)


def test_raf_db_classes_are_put_in_the_order_of_ferv39k() -> None:
    raf_db = ["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"]
    from model.emotions import EMOTIONS

    assert [raf_db[place] for place in ensemble.RAF_DB_ORDER] == list(EMOTIONS)
