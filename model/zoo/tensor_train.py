"""A dense layer as a tensor train, and modalities that meet in the outer product of their features.

The weight matrix of M inputs and N outputs, with M = m_1 … m_K and N = n_1 … n_K, is never built. It is K small cores,
core k of shape (r_{k-1}, m_k, n_k, r_k) with r_0 = r_K = 1 (Oseledets, "Tensor-train decomposition", SIAM Journal on
Scientific Computing 33(5), 2011; Novikov et al., "Tensorizing neural networks", NeurIPS 2015):

    W[(i_1 … i_K), (j_1 … j_K)] = core_1[:, i_1, j_1, :] core_2[:, i_2, j_2, :] … core_K[:, i_K, j_K, :]

so it costs sum of r_{k-1} m_k n_k r_k weights instead of M N. Where the input is an outer product, as of [1; face] and
[1; voice] (Zadeh et al., "Tensor fusion network", EMNLP 2017), `forward` takes its factors one by one, and the outer
product is never built either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from lera.errors import LeraError


@dataclass(frozen=True)
class TensorTrainSizes:
    """MERLB's layer by default: 129^3 = 2,146,689 inputs, 384 outputs, and 11,038 weights instead of 824 million."""

    inputs: tuple[int, ...] = (3, 43, 129, 43, 3)  # m_k
    outputs: tuple[int, ...] = (2, 4, 4, 4, 3)  # n_k
    ranks: tuple[int, ...] = (1, 2, 4, 4, 2, 1)  # r_0 … r_K
    bias: bool = True

    def __post_init__(self) -> None:
        count = len(self.inputs)
        if not count or len(self.outputs) != count or len(self.ranks) != count + 1:
            raise LeraError(
                f"a tensor train of {count} input modes needs as many output modes and one rank more, not "
                f"{len(self.outputs)} and {len(self.ranks)}"
            )
        if min(*self.inputs, *self.outputs, *self.ranks) < 1 or self.ranks[0] != 1 or self.ranks[-1] != 1:
            raise LeraError("modes and ranks of a tensor train are at least 1, and its first and last rank are 1")

    @property
    def shapes(self) -> tuple[tuple[int, int, int, int], ...]:
        """Of the cores."""
        return tuple(zip(self.ranks[:-1], self.inputs, self.outputs, self.ranks[1:], strict=True))

    @property
    def parameters(self) -> int:
        """How many it trains."""
        return sum(prod(shape) for shape in self.shapes) + (prod(self.outputs) if self.bias else 0)


class TensorTrain(nn.Module):
    """x -> x W + b, of any number of leading dimensions."""

    def __init__(self, sizes: TensorTrainSizes) -> None:
        super().__init__()
        self.sizes = sizes
        # An entry of W sums over prod of ranks products of K entries, all independent: so its variance is that many
        # times the product of theirs. He's 2 / M of W is shared evenly by the cores.
        each = (2 / prod(sizes.inputs) / prod(sizes.ranks)) ** (0.5 / len(sizes.inputs))
        self.cores = nn.ParameterList(torch.randn(shape) * each for shape in sizes.shapes)
        self.bias = nn.Parameter(torch.zeros(prod(sizes.outputs))) if sizes.bias else None

    def forward(self, *factors: Tensor) -> Tensor:
        """The input (…, M) -> (…, N). Several factors (…, M_1), (…, M_2), … stand for their outer product.

        Each factor is as long as the product of one or more whole modes, in order; the first one's place varies
        slowest. Raises LeraError when they don't fill the modes.
        """
        lead = factors[0].shape[:-1]
        told = factors[0].new_ones(prod(lead), 1, 1)  # (B, N so far, rank)
        left = list(zip(self.cores, self.sizes.inputs, strict=True))
        for factor in factors:
            # Only one factor at a time is multiplied out.
            state = told[..., None] * factor.reshape(-1, 1, 1, factor.shape[-1])  # (B, N, r, M_g)
            while state.shape[-1] > 1:
                if not left or state.shape[-1] % left[0][1]:
                    raise self._misfit(factors)
                state = _through(state, *left.pop(0))
            told = state[..., 0]
        for core, mode in left:
            if mode > 1:
                raise self._misfit(factors)
            told = _through(told[..., None], core, mode)[..., 0]
        answer: Tensor = told[..., 0] if self.bias is None else told[..., 0] + self.bias
        return answer.reshape(*lead, prod(self.sizes.outputs))

    def matrix(self) -> Tensor:
        """W, (M, N), built in full: for tests and small sizes."""
        built: Tensor = self.cores[0].new_ones(1, 1, 1)
        for core in self.cores:
            built = torch.einsum("mnr,rabs->manbs", built, core).flatten(2, 3).flatten(0, 1)
        return built[..., 0]

    def _misfit(self, factors: Sequence[Tensor]) -> LeraError:
        lengths = ", ".join(str(factor.shape[-1]) for factor in factors)
        return LeraError(f"inputs of lengths {lengths} don't fill the modes {self.sizes.inputs} of the tensor train")


def _through(state: Tensor, core: Tensor, mode: int) -> Tensor:
    """(B, N, r, M) and a core (r, m, n, s) -> (B, N n, s, M / m)."""
    joined = torch.einsum("bnrmk,rmos->bnosk", state.reshape(*state.shape[:-1], mode, -1), core)
    return joined.flatten(1, 2)


class TensorFusion(nn.Module):
    """Several features into one: [1; a] x [1; b] x … through a tensor train.

    The 1 keeps each feature alone, and each pair of features, beside the product of all.
    """

    def __init__(self, sizes: TensorTrainSizes) -> None:
        super().__init__()
        self.joint = TensorTrain(sizes)
        self.width = prod(sizes.outputs)

    def forward(self, *features: Tensor) -> Tensor:
        """Features (…, D_1), (…, D_2), … -> (…, N), before any activation."""
        joined: Tensor = self.joint(*(functional.pad(feature, (1, 0), value=1.0) for feature in features))
        return joined
