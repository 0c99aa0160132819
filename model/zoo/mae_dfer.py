"""MAE-DFER: the LGI-Former, which reads a clip of a face through 8 regions instead of 800 tokens against 800.

Sun et al., "MAE-DFER: Efficient masked autoencoder for self-supervised dynamic facial expression recognition"
(ACM Multimedia 2023). A clip is cut into 800 space-time patches; 8 regions of 100 patches each get a token S that
speaks for them. A block is three attentions and a perceptron, each on normed input and added to what it read:

    1. local intra-region:        [S_r; X_r] += attention of [S_r; X_r] to itself, in each region r
    2. global inter-region:       S += attention of S to itself
    3. local-global interaction:  X += attention of X to S
    4.                            [S; X] += mlp([S; X])

The classifier reads the mean of the region tokens. Input: RGB faces squeezed to 160x160, ImageNet mean and deviation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from lera.errors import LeraError
from model.zoo.importing import Reference, Renames
from model.zoo.outputs import Output
from model.zoo.transformer import Attention, DropPath, Mlp, drop_rates, initialise, sinusoids


@dataclass(frozen=True)
class MaeDferSizes:
    """The published network by default: 84,878,343 parameters, 49.65 G multiply-accumulates."""

    classes: int = 7
    frames: int = 16
    image: int = 160
    tubelet: int = 2  # frames in a patch
    patch: int = 16  # pixels on a side of a patch
    dim: int = 512
    depth: int = 16
    heads: int = 8
    mlp_ratio: float = 4.0
    region: tuple[int, int, int] = (2, 5, 10)  # patches of a region: time, height, width
    drop_path: float = 0.0  # training: stochastic depth of the last block (the papers use 0.1)
    trim: bool = False  # leave out what the classifier never reads in the last block: same logits, 5 % less work

    @property
    def grid(self) -> tuple[int, int, int]:
        """Patches of a clip: time, height, width."""
        return self.frames // self.tubelet, self.image // self.patch, self.image // self.patch

    @property
    def regions(self) -> tuple[int, int, int]:
        """Regions of a clip: time, height, width. Raises LeraError when they don't divide the patches."""
        if any(patches % size or patches < size for patches, size in zip(self.grid, self.region, strict=True)):
            raise LeraError(f"regions of {self.region} patches do not divide a clip of {self.grid} patches")
        time, height, width = (patches // size for patches, size in zip(self.grid, self.region, strict=True))
        return time, height, width


class LgiBlock(nn.Module):
    """The three attentions and the perceptron. Tokens are (B, R, 1 + L, D), the region's own token first."""

    def __init__(self, dim: int, heads: int, hidden: int, drop_path: float) -> None:
        super().__init__()
        self.intra_norm = nn.LayerNorm(dim, eps=1e-6)
        self.intra = Attention(dim, heads, biases="qv")
        self.inter_norm = nn.LayerNorm(dim, eps=1e-6)
        self.inter = Attention(dim, heads, biases="qv")
        self.local_norm = nn.LayerNorm(dim, eps=1e-6)
        self.region_norm = nn.LayerNorm(dim, eps=1e-6)
        self.interaction = Attention(dim, heads, biases="qv")
        self.mlp_norm = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, hidden)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """(B, R, 1 + L, D) -> (B, R, 1 + L, D)."""
        regions = x.shape[1]
        x = rearrange(x, "b r n d -> (b r) n d")
        x = x + self.drop_path(self.intra(self.intra_norm(x)))
        x = rearrange(x, "(b r) n d -> b r n d", r=regions)
        region, local = x[:, :, 0], rearrange(x[:, :, 1:], "b r n d -> b (r n) d")  # (B, R, D), (B, R * L, D)
        region = region + self.drop_path(self.inter(self.inter_norm(region)))
        local = local + self.drop_path(self.interaction(self.local_norm(local), self.region_norm(region)))
        x = torch.cat((region[:, :, None], rearrange(local, "b (r n) d -> b r n d", r=regions)), dim=2)
        out: Tensor = x + self.drop_path(self.mlp(self.mlp_norm(x)))
        return out

    def only_regions(self, x: Tensor) -> Tensor:
        """(B, R, 1 + L, D) -> (B, R, D): the region tokens that `forward` gives, without the work for the others."""
        regions = x.shape[1]
        normed = rearrange(self.intra_norm(x), "b r n d -> (b r) n d")
        heard = self.intra(normed[:, :1], normed)  # (B * R, 1, D)
        region = x[:, :, 0] + self.drop_path(rearrange(heard, "(b r) 1 d -> b r d", r=regions))
        region = region + self.drop_path(self.inter(self.inter_norm(region)))
        out: Tensor = region + self.drop_path(self.mlp(self.mlp_norm(region)))
        return out


class LgiFormer(nn.Module):
    """The trunk: a clip becomes one feature."""

    positions: Tensor

    def __init__(self, sizes: MaeDferSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.regions = sizes.regions
        time, height, width = self.regions
        kernel = (sizes.tubelet, sizes.patch, sizes.patch)
        self.patches = nn.Conv3d(3, sizes.dim, kernel, stride=kernel)
        self.region_tokens = nn.Parameter(torch.zeros(time * height * width, sizes.dim))
        count = sizes.grid[0] * sizes.grid[1] * sizes.grid[2]
        self.register_buffer("positions", sinusoids(count, sizes.dim), persistent=False)
        hidden = int(sizes.dim * sizes.mlp_ratio)
        rates = drop_rates(sizes.drop_path, sizes.depth)
        self.blocks = nn.ModuleList(LgiBlock(sizes.dim, sizes.heads, hidden, rate) for rate in rates)
        self.norm = nn.LayerNorm(sizes.dim, eps=1e-6)
        initialise(self)
        nn.init.trunc_normal_(self.region_tokens, std=0.02)

    def forward(self, clip: Tensor) -> Tensor:
        """(B, C, T, H, W) -> (B, D)."""
        x = self.tokens(clip)
        blocks: Sequence[nn.Module] = list(self.blocks)
        for block in blocks[:-1]:
            x = block(x)
        last = blocks[-1]
        assert isinstance(last, LgiBlock)
        region = last.only_regions(x) if self.sizes.trim else last(x)[:, :, 0]  # (B, R, D)
        feature: Tensor = self.norm(region.mean(dim=1))
        return feature

    def tokens(self, clip: Tensor) -> Tensor:
        """(B, C, T, H, W) -> (B, R, 1 + L, D): what the first block reads."""
        time, height, width = self.regions
        x = self.patches(clip)  # (B, D, T / 2, H / 16, W / 16)
        x = x.flatten(2).transpose(1, 2) + self.positions  # (B, T' H' W', D)
        grid = dict(zip(("t", "h", "w"), self.sizes.region, strict=True))
        pattern = "b (rt t rh h rw w) d -> b (rt rh rw) (t h w) d"
        x = rearrange(x, pattern, rt=time, rh=height, rw=width, **grid)  # (B, R, L, D)
        # Region tokens have no position: the patches around them tell where they are.
        own = self.region_tokens[None, :, None].expand(x.shape[0], -1, -1, -1)  # (B, R, 1, D)
        return torch.cat((own, x), dim=2)


class MaeDfer(nn.Module):
    """LGI-Former with its classifier."""

    def __init__(self, sizes: MaeDferSizes) -> None:
        super().__init__()
        self.trunk = LgiFormer(sizes)
        self.head = new_head(sizes.dim, sizes.classes)

    def forward(self, clip: Tensor) -> Output:
        """A clip (B, 3, 16, 160, 160) -> logits (B, 7) and feature (B, 512)."""
        feature = self.trunk(clip)
        return Output(self.head(feature), feature)


def new_head(dim: int, classes: int) -> nn.Linear:
    """A classifier that starts near zero (the papers' init_scale 0.001), so that fine-tuning starts from even odds."""
    head = nn.Linear(dim, classes)
    nn.init.trunc_normal_(head.weight, std=0.02 * 0.001)
    nn.init.zeros_(head.bias)
    return head


# ---- the published files -------------------------------------------------------------------------------------------

TRUNK_NAMES: Renames = (
    (r"^trunk\.region_tokens$", "lg_region_tokens"),
    (r"^trunk\.norm\.", "fc_norm."),
    (r"^trunk\.patches\.", "patch_embed.proj."),
    (r"^trunk\.blocks\.", "blocks."),
    (r"\.intra_norm\.", ".first_attn_norm0."),
    (r"\.inter_norm\.", ".second_attn_norm0."),
    (r"\.local_norm\.", ".third_attn_norm0."),
    (r"\.region_norm\.", ".third_attn_norm1."),
    (r"\.mlp_norm\.", ".norm2."),
    (r"\.intra\.", ".first_attn."),
    (r"\.inter\.", ".second_attn."),
    (r"\.interaction\.", ".third_attn."),
    (r"\.query\.bias$", ".q_bias"),
    (r"\.value\.bias$", ".v_bias"),
    (r"\.query\.weight$", ".q.weight"),
    (r"\.(key|value)\.weight$", ".kv.weight"),
    (r"\.output\.", ".proj."),
    (r"\.mlp\.up\.", ".mlp.fc1."),
    (r"\.mlp\.down\.", ".mlp.fc2."),
)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a published MAE-DFER or VideoMAE file tells about its sizes (a head is 64 wide; the clip is not told)."""
    dim, _, tubelet, patch, _ = reference.shape("patch_embed.proj.weight", 5)
    return {
        "dim": dim,
        "tubelet": tubelet,
        "patch": patch,
        "heads": max(dim // 64, 1),
        "depth": reference.count(r"blocks\.(\d+)\."),
        "mlp_ratio": reference.shape("blocks.0.mlp.fc1.weight", 2)[0] / dim,
    } | reference.classes("head.weight")
