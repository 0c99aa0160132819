"""VideoMAE: a plain vision transformer over the space-time patches of a clip.

Tong et al., "VideoMAE: Masked autoencoders are data-efficient learners for self-supervised video pre-training"
(NeurIPS 2022): tube patches of 2x16x16, all of them in joint attention, fixed sinusoidal positions. The
classifier reads the mean of all tokens. Input: RGB, ImageNet mean and deviation, any size that the patches divide.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from model.zoo.importing import Renames
from model.zoo.mae_dfer import new_head
from model.zoo.mae_dfer import sizes_in as sizes_in  # its published files tell their sizes alike
from model.zoo.outputs import Output
from model.zoo.transformer import Block, drop_rates, initialise, sinusoids


@dataclass(frozen=True)
class VideoMaeSizes:
    """ViT-B on 160x160 by default (the report's row): 86,232,583 parameters, 80.7 G multiply-accumulates."""

    classes: int = 7
    frames: int = 16
    image: int = 160
    tubelet: int = 2
    patch: int = 16
    dim: int = 768
    depth: int = 12
    heads: int = 12
    mlp_ratio: float = 4.0
    drop_path: float = 0.0


class VideoMae(nn.Module):
    """Vision transformer for clips, with its classifier."""

    positions: Tensor

    def __init__(self, sizes: VideoMaeSizes) -> None:
        super().__init__()
        self.sizes = sizes
        kernel = (sizes.tubelet, sizes.patch, sizes.patch)
        self.patches = nn.Conv3d(3, sizes.dim, kernel, stride=kernel)
        count = (sizes.frames // sizes.tubelet) * (sizes.image // sizes.patch) ** 2
        self.register_buffer("positions", sinusoids(count, sizes.dim), persistent=False)
        hidden = int(sizes.dim * sizes.mlp_ratio)
        self.blocks = nn.Sequential(
            *(
                Block(sizes.dim, sizes.heads, hidden, biases="qv", drop_path=rate)
                for rate in drop_rates(sizes.drop_path, sizes.depth)
            )
        )
        self.norm = nn.LayerNorm(sizes.dim, eps=1e-6)
        initialise(self)
        self.head = new_head(sizes.dim, sizes.classes)

    def forward(self, clip: Tensor) -> Output:
        """A clip (B, 3, 16, 160, 160) -> logits (B, 7) and feature (B, 768)."""
        x = self.patches(clip).flatten(2).transpose(1, 2)  # (B, T/2 H/16 W/16, D)
        # The table depends on the number of tokens only, so a clip of another size needs no other weights.
        fits = x.shape[1] == len(self.positions)
        x = x + (self.positions if fits else sinusoids(x.shape[1], x.shape[2]).to(x))
        x = self.blocks(x)
        feature = self.norm(x.mean(dim=1))
        return Output(self.head(feature), feature)


# ---- the published files -------------------------------------------------------------------------------------------

NAMES: Renames = (
    (r"^norm\.", "fc_norm."),
    (r"^patches\.", "patch_embed.proj."),
    (r"\.attention_norm\.", ".norm1."),
    (r"\.mlp_norm\.", ".norm2."),
    (r"\.attention\.query\.bias$", ".attn.q_bias"),
    (r"\.attention\.value\.bias$", ".attn.v_bias"),
    (r"\.attention\.(query|key|value)\.weight$", ".attn.qkv.weight"),
    (r"\.attention\.output\.", ".attn.proj."),
    (r"\.mlp\.up\.", ".mlp.fc1."),
    (r"\.mlp\.down\.", ".mlp.fc2."),
)
