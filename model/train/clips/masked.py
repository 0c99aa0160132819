"""MAE-DFER's pre-training network: it sees a tenth of a clip's patches and tells what is in the others.

Sun et al., "MAE-DFER" (ACM Multimedia 2023), section 3, and Tong et al., "VideoMAE" (NeurIPS 2022) for the tubes. The
encoder is LGI-Former over the visible patches only, as many in every region; the decoder is a small plain transformer
over all patches. Of each pair of frames, the first is told as it looks (each patch in its own mean and deviation), the
second as how it differs from the first: appearance and motion at once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from lera.errors import LeraError
from model.clip import IMAGENET_DEVIATION, IMAGENET_MEAN
from model.zoo.mae_dfer import LgiFormer, MaeDferSizes
from model.zoo.transformer import Block, sinusoids

IN_REGIONS: Final = "b (rt t rh h rw w) d -> b (rt rh rw) (t h w) d"


@dataclass(frozen=True)
class MaskedSizes(MaeDferSizes):
    """The published network by default: 92,760,192 parameters."""

    hidden_share: float = 0.9  # of the patches
    decoder_dim: int = 384
    decoder_depth: int = 4
    decoder_heads: int = 6

    @property
    def hidden(self) -> int:
        """Hidden patches in each window, which is a region at one time. Raises LeraError when none is left to see."""
        count = int(self.hidden_share * self.region[1] * self.region[2])
        if not 0 < count < self.region[1] * self.region[2]:
            raise LeraError(
                f"windows of {self.region[1:]} patches can't hide {self.hidden_share:.0%} and show the rest"
            )
        return count


class MaskedAutoencoder(nn.Module):
    """Encoder, decoder and the tokens that stand for what is hidden."""

    places: Tensor

    def __init__(self, sizes: MaskedSizes) -> None:
        super().__init__()
        if sizes.tubelet != 2:
            raise LeraError("the motion target is made of pairs of frames: tubelet must be 2")
        self.sizes = sizes
        self.trunk = LgiFormer(sizes)
        self.trunk.norm = nn.Identity()  # type: ignore[assignment]
        self.norm = nn.LayerNorm(sizes.dim, eps=1e-6)
        self.narrow = nn.Linear(sizes.dim, sizes.decoder_dim, bias=False)
        self.mask_token = nn.Parameter(torch.zeros(sizes.decoder_dim))
        hidden = int(sizes.decoder_dim * sizes.mlp_ratio)
        self.decoder = nn.Sequential(
            *(Block(sizes.decoder_dim, sizes.decoder_heads, hidden, biases="qv") for _ in range(sizes.decoder_depth))
        )
        self.decoder_norm = nn.LayerNorm(sizes.decoder_dim, eps=1e-6)
        self.pixels = nn.Linear(sizes.decoder_dim, 3 * sizes.tubelet * sizes.patch**2)
        count = sizes.grid[0] * sizes.grid[1] * sizes.grid[2]
        table = sinusoids(count, sizes.decoder_dim)[None]
        self.register_buffer("places", rearrange(table, IN_REGIONS, **region_axes(sizes))[0], persistent=False)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)
        nn.init.trunc_normal_(self.mask_token, std=0.02)

    def forward(self, clip: Tensor, mask: Tensor) -> Tensor:
        """A clip (B, 3, T, H, W) and what is hidden, (B, R, L) -> the hidden patches (B, R * M, 3 * 2 * P * P)."""
        batch = clip.shape[0]
        x = self.encoded(clip, mask)  # (B, R, V, D)
        x = self.narrow(self.norm(x)).flatten(1, 2)  # (B, R * V, D')
        places = self.places.expand(batch, -1, -1, -1)
        seen = places[~mask].view(batch, -1, self.sizes.decoder_dim)
        hidden = places[mask].view(batch, -1, self.sizes.decoder_dim)
        x = self.decoder(torch.cat((x + seen, self.mask_token + hidden), dim=1))
        told: Tensor = self.pixels(self.decoder_norm(x[:, -hidden.shape[1] :]))
        return told

    def encoded(self, clip: Tensor, mask: Tensor) -> Tensor:
        """The visible patches after the encoder, (B, R, V, D)."""
        sizes, trunk = self.sizes, self.trunk
        x = trunk.patches(clip).flatten(2).transpose(1, 2) + trunk.positions
        x = rearrange(x, IN_REGIONS, **region_axes(sizes))  # (B, R, L, D)
        x = x[~mask].view(*x.shape[:2], -1, sizes.dim)  # (B, R, V, D)
        own = trunk.region_tokens[None, :, None].expand(x.shape[0], -1, -1, -1)
        x = torch.cat((own, x), dim=2)
        for block in trunk.blocks:
            x = block(x)
        visible: Tensor = x[:, :, 1:]
        return visible

    def loss(self, clip: Tensor, mask: Tensor) -> Tensor:
        """The mean squared error of the hidden patches."""
        with torch.no_grad():
            wanted = targets(clip, self.sizes)  # (B, R, L, C)
            wanted = wanted[mask].view(clip.shape[0], -1, wanted.shape[-1])
        return functional.mse_loss(self(clip, mask).float(), wanted)


def region_axes(sizes: MaeDferSizes) -> dict[str, int]:
    """How many regions there are along time, height and width, and how long each is."""
    lengths = dict(zip(("rt", "rh", "rw"), sizes.regions, strict=True))
    return lengths | dict(zip(("t", "h", "w"), sizes.region, strict=True))


def tube_mask(sizes: MaskedSizes, batch: int, chance: np.random.Generator) -> Tensor:
    """What is hidden, bool (B, R, L): a window hides the same patches at all times."""
    time, height, width = sizes.regions
    long, window = sizes.region[0], sizes.region[1] * sizes.region[2]
    order = chance.random((batch, height * width, window)).argsort(axis=2)
    hidden = torch.from_numpy(order < sizes.hidden)  # (B, windows, patches of a window)
    tubes = hidden[:, None, :, None, :].expand(batch, time, height * width, long, window)
    return tubes.reshape(batch, time * height * width, long * window)


def targets(clip: Tensor, sizes: MaeDferSizes) -> Tensor:
    """A normalised clip (B, 3, T, H, W) -> what each patch should be told as, (B, R, L, 2 * P * P * 3)."""
    shape = (1, 3, 1, 1, 1)
    mean, deviation = (clip.new_tensor(values).view(shape) for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    pixels = clip.float() * deviation + mean
    side = sizes.patch
    patches = rearrange(pixels, "b c (t f) (h p) (w q) -> b (t h w) (f p q) c", f=2, p=side, q=side)
    spread, middle = torch.std_mean(patches, dim=2, keepdim=True)
    patches = rearrange((patches - middle) / (spread + 1e-6), "b n (f p) c -> b n f p c", f=2)
    first, second = patches.unbind(dim=2)
    told = torch.stack((first, second - first), dim=2)
    return rearrange(told.flatten(2), IN_REGIONS, **region_axes(sizes))
