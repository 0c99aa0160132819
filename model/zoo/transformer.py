"""What the transformers of the zoo share: attention, the two-layer perceptron, the pre-norm block, positions.

Attention is Vaswani et al., "Attention is all you need" (NeurIPS 2017), equation 1; the block is the pre-norm one of
Dosovitskiy et al., "An image is worth 16x16 words" (ICLR 2021), equations 2 and 3. The networks differ in which of
query, key and value have a bias, in the width of a head, and in the GELU.
"""

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

Biases = Literal["qkv", "qv", ""]


class Attention(nn.Module):
    """Multi-head attention of `x` to `context`, or to itself.

    `biases` names which of the query, key and value projections have one; the output projection always has.
    """

    def __init__(self, dim: int, heads: int, *, biases: Biases = "qkv", head_dim: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        inner = heads * (head_dim or dim // heads)
        # The order matters to the importer: fused projections of the papers' files are cut in this order.
        self.query = nn.Linear(dim, inner, bias="q" in biases)
        self.key = nn.Linear(dim, inner, bias="k" in biases)
        self.value = nn.Linear(dim, inner, bias="v" in biases)
        self.output = nn.Linear(inner, dim)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """(B, N, D) and perhaps (B, M, D) -> (B, N, D)."""
        context = x if context is None else context
        query, key, value = (
            rearrange(projected, "b n (h d) -> b h n d", h=self.heads)
            for projected in (self.query(x), self.key(context), self.value(context))
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)  # (B, H, N, D/H)
        out: Tensor = self.output(rearrange(mixed, "b h n d -> b n (h d)"))
        return out


class Mlp(nn.Module):
    """Two linear layers with a GELU between: exact (erf), or the tanh approximation of the older networks."""

    def __init__(self, dim: int, hidden: int, *, tanh: bool = False) -> None:
        super().__init__()
        self.up = nn.Linear(dim, hidden)
        self.down = nn.Linear(hidden, dim)
        self.approximation = "tanh" if tanh else "none"

    def forward(self, x: Tensor) -> Tensor:
        """(…, D) -> (…, D)."""
        out: Tensor = self.down(functional.gelu(self.up(x), approximate=self.approximation))
        return out


class DropPath(nn.Module):
    """Stochastic depth: in training, a whole residual branch of a sample is dropped with probability `rate`."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(B, …) -> (B, …), unchanged outside training."""
        if not self.training or self.rate == 0.0:
            return x
        kept = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(1.0 - self.rate)
        return x * kept / (1.0 - self.rate)


class Block(nn.Module):
    """x += attention(norm(x)); x += mlp(norm(x))."""

    def __init__(
        self,
        dim: int,
        heads: int,
        hidden: int,
        *,
        biases: Biases = "qkv",
        head_dim: int | None = None,
        eps: float = 1e-6,
        tanh: bool = False,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim, eps=eps)
        self.attention = Attention(dim, heads, biases=biases, head_dim=head_dim)
        self.mlp_norm = nn.LayerNorm(dim, eps=eps)
        self.mlp = Mlp(dim, hidden, tanh=tanh)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, D) -> (B, N, D)."""
        x = x + self.drop_path(self.attention(self.attention_norm(x)))
        out: Tensor = x + self.drop_path(self.mlp(self.mlp_norm(x)))
        return out


def sinusoids(positions: int, dim: int) -> Tensor:
    """The fixed position table, (positions, dim): sines in the even columns, cosines in the odd ones.

    Vaswani et al., section 3.5, over all tokens of a clip as one line (as VideoMAE has it).
    """
    position = torch.arange(positions, dtype=torch.float64)[:, None]
    angle = position / 10_000.0 ** (torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    return torch.stack((angle.sin(), angle.cos()), dim=2).flatten(1)[:, :dim].float()


def drop_rates(highest: float, depth: int) -> list[float]:
    """The stochastic depth of each block: rising from 0 to `highest`."""
    return [highest * index / max(depth - 1, 1) for index in range(depth)]


def initialise(module: nn.Module) -> None:
    """Fresh weights as ViT starts: linear layers from a truncated normal of 0.02, norms as identity."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.trunc_normal_(part.weight, std=0.02)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.LayerNorm):
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)
