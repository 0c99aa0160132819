"""The tensor train against the matrix that it stands for, and the fusion against the outer product."""

import math
from itertools import product
from typing import Any

import pytest

from lera.errors import LeraError

torch = pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
tensor_train = pytest.importorskip("model.zoo.tensor_train")

pytestmark = pytest.mark.torch

SIZES = [
    ((4,), (3,), (1, 1)),
    ((2, 3, 4), (3, 1, 2), (1, 2, 3, 1)),
    ((3, 5, 5, 3), (2, 2, 2, 2), (1, 4, 1, 2, 1)),
    ((1, 6, 1), (2, 3, 2), (1, 2, 2, 1)),  # modes of 1
]


def drawn(*shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


@pytest.mark.parametrize(("inputs", "outputs", "ranks"), SIZES)
def test_the_layer_is_its_full_matrix(
    inputs: tuple[int, ...], outputs: tuple[int, ...], ranks: tuple[int, ...]
) -> None:
    sizes = tensor_train.TensorTrainSizes(inputs, outputs, ranks)
    layer = tensor_train.TensorTrain(sizes).double()
    torch.nn.init.normal_(layer.bias)
    layer.requires_grad_(False)
    matrix = layer.matrix()
    assert matrix.shape == (math.prod(inputs), math.prod(outputs))
    # Entry by entry, as the definition has it.
    places = [list(product(*(range(mode) for mode in modes))) for modes in (inputs, outputs)]
    for row, many in enumerate(places[0]):
        for column, others in enumerate(places[1]):
            value = torch.eye(1, dtype=torch.float64)
            for core, i, j in zip(layer.cores, many, others, strict=True):
                value = value @ core[:, i, j, :]
            assert float(matrix[row, column]) == pytest.approx(float(value))
    x = drawn(2, 3, math.prod(inputs))
    assert torch.allclose(layer(x), x @ matrix + layer.bias)
    one = drawn(math.prod(inputs))
    assert layer(one).shape == (math.prod(outputs),)


@pytest.mark.parametrize(("inputs", "outputs", "ranks"), SIZES)
def test_the_count_of_parameters_is_the_formulas(
    inputs: tuple[int, ...], outputs: tuple[int, ...], ranks: tuple[int, ...]
) -> None:
    sizes = tensor_train.TensorTrainSizes(inputs, outputs, ranks)
    trained = sum(value.numel() for value in tensor_train.TensorTrain(sizes).parameters())
    weights = sum(r * m * n * s for r, m, n, s in zip(ranks, inputs, outputs, ranks[1:], strict=False))
    assert trained == sizes.parameters == weights + math.prod(outputs)


def test_merlbs_layer_has_the_published_count() -> None:
    sizes = tensor_train.TensorTrainSizes()
    assert math.prod(sizes.inputs) == 129**3 and sizes.parameters == 11_038 + 384


def test_factors_stand_for_their_outer_product() -> None:
    layer = tensor_train.TensorTrain(tensor_train.TensorTrainSizes((2, 3, 4, 5), (2, 1, 3, 2), (1, 2, 3, 2, 1)))
    layer = layer.double()
    a, b, c = drawn(7, 6), drawn(7, 4), drawn(7, 5)
    outer = torch.einsum("bi,bj,bk->bijk", a, b, c).flatten(1)
    assert torch.allclose(layer(a, b, c), layer(outer))
    assert torch.allclose(layer(a, b, c), outer @ layer.matrix() + layer.bias)


def test_the_fusion_keeps_each_feature_alone() -> None:
    fusion = tensor_train.TensorFusion(tensor_train.TensorTrainSizes((4, 6), (3, 2), (1, 4, 1))).double()
    a, b = drawn(5, 3), drawn(5, 5)
    ones = torch.ones(5, 1, dtype=torch.float64)
    outer = torch.einsum("bi,bj->bij", torch.cat((ones, a), 1), torch.cat((ones, b), 1)).flatten(1)
    assert torch.allclose(fusion(a, b), fusion.joint(outer))
    # With one of them silent, the answer still depends on the other.
    assert not torch.allclose(fusion(a, 0 * b), fusion(0 * a, 0 * b))


def test_the_outer_product_of_merlb_is_never_built() -> None:
    fusion = tensor_train.TensorFusion(tensor_train.TensorTrainSizes())
    largest = 0

    def seen(_: Any, function: Any, __: Any, arguments: Any = (), named: Any = None) -> Any:
        nonlocal largest
        made = function(*arguments, **(named or {}))
        if isinstance(made, torch.Tensor):
            largest = max(largest, made.numel())
        return made

    mode = pytest.importorskip("torch.utils._python_dispatch").TorchDispatchMode
    watch = type("Watch", (mode,), {"__torch_dispatch__": seen})
    with torch.no_grad(), watch():
        assert fusion(*(torch.randn(2, 128) for _ in range(3))).shape == (2, 384)
    assert 0 < largest < 2 * 129 * 384 < 129**3


@pytest.mark.parametrize("ranks", [(1, 1, 1, 1), (1, 2, 5, 1), (1, 8, 8, 1)])
def test_the_matrix_begins_with_hes_variance_whatever_the_ranks(ranks: tuple[int, ...]) -> None:
    torch.manual_seed(3)
    sizes = tensor_train.TensorTrainSizes((4, 5, 6), (2, 3, 4), ranks)
    entries = torch.stack([tensor_train.TensorTrain(sizes).matrix().detach() for _ in range(300)])
    assert float(entries.var()) == pytest.approx(2 / 120, rel=0.15)


@pytest.mark.parametrize(
    ("inputs", "outputs", "ranks", "message"),
    [
        ((2, 3), (2,), (1, 2, 1), "as many output modes"),
        ((2, 3), (2, 2), (1, 2), "one rank more"),
        ((), (), (1,), "as many output modes"),
        ((2, 3), (2, 2), (2, 2, 1), "first and last rank are 1"),
        ((2, 0), (2, 2), (1, 2, 1), "at least 1"),
    ],
)
def test_sizes_that_are_no_train_are_refused(
    inputs: tuple[int, ...], outputs: tuple[int, ...], ranks: tuple[int, ...], message: str
) -> None:
    with pytest.raises(LeraError, match=message):
        tensor_train.TensorTrainSizes(inputs, outputs, ranks)


@pytest.mark.parametrize("lengths", [(5,), (7,), (6, 2), (2,), (4, 3)])
def test_inputs_that_do_not_fill_the_modes_are_refused(lengths: tuple[int, ...]) -> None:
    layer = tensor_train.TensorTrain(tensor_train.TensorTrainSizes((2, 3), (2, 2), (1, 2, 1)))
    with pytest.raises(LeraError, match="don't fill the modes"):
        layer(*(torch.ones(1, length) for length in lengths))
