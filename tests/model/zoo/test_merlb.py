"""MERLB: what each fusion reads, and what it is refused."""

import pytest

from lera.errors import LeraError
from tests.model.zoo.conftest import TINY, inputs_of

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
zoo = pytest.importorskip("model.zoo")

pytestmark = pytest.mark.torch

FUSIONS = ("early", "late", "tensor_train")


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_head_reads_every_modality_of_its_own_clip(fusion: str) -> None:
    torch.manual_seed(2)
    sizes = TINY["merlb"] | {"fusion": fusion}
    network = zoo.create("merlb", **sizes).double().eval()
    inputs = [each.double() for each in inputs_of("merlb", batch=2, **sizes)]
    with torch.no_grad():
        both = network(*inputs)
        alone = network(*(each[1:] for each in inputs))
        for index, each in enumerate(inputs):
            changed = [*inputs[:index], each.flip(0) + 1, *inputs[index + 1 :]]
            others = network(*changed)
            for head in ("valence", "arousal", "behaviour"):
                assert not torch.allclose(getattr(others, head), getattr(both, head), rtol=0, atol=1e-9)
    assert [tuple(part.shape) for part in both[:3]] == [(2, 3), (2, 3), (2, 8)]
    for whole, part in zip(both, alone, strict=True):
        assert torch.allclose(whole[1:], part, rtol=1e-9, atol=1e-12)


def test_what_is_no_merlb_is_refused() -> None:
    with pytest.raises(LeraError, match="no fusion `deep`"):
        zoo.create("merlb", fusion="deep")
    with pytest.raises(LeraError, match="at least 804 samples"):
        zoo.create("merlb", **TINY["merlb"] | {"samples": 803})
    with pytest.raises(LeraError, match="none was ever published"):
        zoo.import_checkpoint("merlb", {"anything": torch.ones(1)})
