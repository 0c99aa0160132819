"""POSTER V2: one picture, seen as texture and as landmarks at three scales.

Mao et al., "POSTER V2: A simpler and stronger facial expression recognition network" (2023). At each scale
the landmark map asks and the picture's map answers, in window-based cross-attention,

    softmax(q_landmarks k_picture^T / sqrt(d) + b) v_picture,   b by how far apart two places are;

a window is as large as the map, so there is one. Two transformer blocks read the tokens of the three scales and a
class token. Input: RGB 224x224, ImageNet mean and deviation; both trunks read it at 112x112, by nearest neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from model.zoo.face_backbones import BACKBONE_SPARES, IR50_NAMES, MOBILE_NAMES, Ir50, MobileFaceNet
from model.zoo.importing import Reference, Renames
from model.zoo.outputs import Output
from model.zoo.spare import Spare
from model.zoo.transformer import Block, DropPath, Mlp, initialise

SCALES = ((64, 2, 28), (128, 4, 14), (256, 8, 7))  # channels, heads and side of each scale's map
TOKENS = 3 * 7 * 7 + 1


@dataclass(frozen=True)
class PosterV2Sizes:
    """58,316,594 parameters, of which 43.75 M are ever read; 8.6 G multiply-accumulates for a picture."""

    classes: int = 7
    image: int = 224
    dim: int = 768
    depth: int = 2
    heads: int = 8
    drop_path: float = 0.0  # training: of the third scale (the published code uses 0.25)
    spare: bool = True


class CrossFusion(nn.Module):
    """One scale: the landmark map asks the picture's map, then a perceptron; both scaled and added."""

    places: Tensor

    def __init__(self, dim: int, heads: int, side: int, drop_path: float) -> None:
        super().__init__()
        self.heads = heads
        self.shrink = nn.Conv2d(dim, dim, 3, 2, 1)
        self.norm = nn.LayerNorm(dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.output = nn.Linear(dim, dim)
        self.bias = nn.Parameter(torch.zeros((2 * side - 1) ** 2, heads))
        self.register_buffer("places", relative_places(side), persistent=False)
        self.attention_scale = nn.Parameter(torch.full((dim,), 1e-5))
        self.mlp_norm = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, 4 * dim)
        self.mlp_scale = nn.Parameter(torch.full((dim,), 1e-5))
        self.drop_path = DropPath(drop_path)
        nn.init.trunc_normal_(self.bias, std=0.02)

    def forward(self, picture: Tensor, landmarks: Tensor) -> Tensor:
        """(B, D, 2S, 2S) and (B, D, S, S) -> (B, D, S, S)."""
        side = landmarks.shape[-1]
        x = self.norm(self.shrink(picture).flatten(2).transpose(1, 2))  # (B, S S, D)
        query = rearrange(landmarks, "b (h d) y x -> b h (y x) d", h=self.heads)
        key = rearrange(self.key(x), "b n (h d) -> b h n d", h=self.heads)
        value = rearrange(self.value(x), "b n (h d) -> b h n d", h=self.heads)
        bias = self.bias[self.places].permute(2, 0, 1)[None]  # (1, H, S S, S S)
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        heard = self.output(rearrange(heard, "b h n d -> b n (h d)"))
        x = x + self.drop_path(self.attention_scale * heard)
        x = x + self.drop_path(self.mlp_scale * self.mlp(self.mlp_norm(x)))
        out: Tensor = rearrange(x, "b (y x) d -> b d y x", y=side)
        return out


class PosterV2(nn.Module):
    """Two trunks, three fusions, a small transformer, a gate and the classifier."""

    def __init__(self, sizes: PosterV2Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        dim = sizes.dim
        rates = [sizes.drop_path * step / 2 for step in range(3)]
        self.fusions = nn.ModuleList(CrossFusion(*scale, rate) for scale, rate in zip(SCALES, rates, strict=True))
        # Each scale becomes 7x7 tokens, with as many halvings as it needs.
        self.embeds = nn.ModuleList(
            (
                nn.Sequential(nn.Conv2d(64, dim, 3, 2, 1), nn.Conv2d(dim, dim, 3, 2, 1)),
                nn.Sequential(nn.Conv2d(128, dim, 3, 2, 1)),
                nn.Sequential(nn.Conv2d(256, dim, 1)),
            )
        )
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, TOKENS, dim))
        self.blocks = nn.Sequential(*(Block(dim, sizes.heads, 4 * dim) for _ in range(sizes.depth)))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.gate = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim), nn.Sigmoid())
        self.head = nn.Linear(dim, sizes.classes)
        initialise(self)
        nn.init.trunc_normal_(self.positions, std=0.02)
        nn.init.trunc_normal_(self.class_token, std=0.02)
        self.landmarks = MobileFaceNet()
        # The landmark trunk comes trained and stays as it is.
        self.landmarks.requires_grad_(False)
        self.narrow = nn.Conv2d(512, 256, 3, 1, 1)
        self.picture = Ir50()
        if sizes.spare:
            self.spare = Spare(BACKBONE_SPARES | vit_spares(dim, sizes.depth))

    def forward(self, image: Tensor) -> Output:
        """A picture (B, 3, 224, 224) -> logits (B, 7) and feature (B, 768)."""
        small = functional.interpolate(image, (112, 112), mode="nearest")
        asked, answers = self.landmarks(small), self.picture(small)
        asked[2] = self.narrow(asked[2])
        x = torch.cat([self.class_token.expand(image.shape[0], -1, -1), *self.tokens(answers, asked)], dim=1)
        x = self.norm(self.blocks(x + self.positions))[:, 0]  # (B, 148, D) -> (B, D)
        feature = x * self.gate(x)
        return Output(self.head(feature), feature)

    def tokens(self, answers: Sequence[Tensor], asked: Sequence[Tensor]) -> list[Tensor]:
        """The three scales' maps of both trunks -> three times (B, 49, D)."""
        return [
            embed(fusion(picture, landmarks)).flatten(2).transpose(1, 2)
            for embed, fusion, picture, landmarks in zip(self.embeds, self.fusions, answers, asked, strict=True)
        ]


def relative_places(side: int) -> Tensor:
    """(S S, S S): the row of the bias table for each pair of places, by how far apart they are in y and in x."""
    line = torch.arange(side)
    place = torch.stack(torch.meshgrid(line, line, indexing="ij")).flatten(1)  # (2, S S)
    apart = place[:, :, None] - place[:, None, :] + side - 1  # (2, S S, S S), from 0
    return apart[0] * (2 * side - 1) + apart[1]


def vit_spares(dim: int, depth: int) -> dict[str, tuple[int, ...]]:
    """What the published transformer has from an older design and never calls."""
    blocks = {f"VIT.blocks.{index}.conv.weight": (TOKENS, TOKENS, 1) for index in range(depth)}
    biases = {f"VIT.blocks.{index}.conv.bias": (TOKENS,) for index in range(depth)}
    return {
        "VIT.patch_embed.proj.weight": (dim, 256, 1, 1),
        "VIT.patch_embed.proj.bias": (dim,),
        "VIT.eca_block.conv.weight": (1, 1, 5),
        "VIT.CON1.weight": (dim, 256, 1, 1),
        "VIT.IRLinear1.weight": (768, 1024),
        "VIT.IRLinear1.bias": (768,),
        "VIT.IRLinear2.weight": (512, 768),
        "VIT.IRLinear2.bias": (512,),
        **blocks,
        **biases,
    }


# ---- the published files -------------------------------------------------------------------------------------------

UNREAD = (
    r"(face_landback\.output_layer\.|ir_back\.output_layer\."
    r"|VIT\.(patch_embed|eca_block|CON1|IRLinear[12]|blocks\.\d+\.conv)\.)"
)
# The published code counts its scales from 1.
NAMES: Renames = (
    *((rf"^fusions\.{index}\.", f"fusions.{index + 1}.") for index in (2, 1, 0)),
    (r"^fusions\.(\d)\.shrink\.", r"conv\1."),
    (r"^fusions\.(\d)\.norm\.", r"window\1.norm."),
    (r"^fusions\.(\d)\.(?:key|value)\.", r"attn\1.qkv."),
    (r"^fusions\.(\d)\.output\.", r"attn\1.proj."),
    (r"^fusions\.(\d)\.bias$", r"attn\1.relative_position_bias_table"),
    (r"^fusions\.(\d)\.attention_scale$", r"ffn\1.gamma1"),
    (r"^fusions\.(\d)\.mlp_scale$", r"ffn\1.gamma2"),
    (r"^fusions\.(\d)\.mlp_norm\.", r"ffn\1.norm."),
    (r"^fusions\.(\d)\.mlp\.up\.", r"ffn\1.mlp.fc1."),
    (r"^fusions\.(\d)\.mlp\.down\.", r"ffn\1.mlp.fc2."),
    (r"^embeds\.0\.", "embed_q."),
    (r"^embeds\.1\.", "embed_k."),
    (r"^embeds\.2\.0\.", "embed_v.proj."),
    (r"^class_token$", "VIT.cls_token"),
    (r"^positions$", "VIT.pos_embed"),
    (r"^blocks\.", "VIT.blocks."),
    (r"^norm\.", "VIT.norm."),
    (r"^gate\.0\.", "VIT.se_block.linear1."),
    (r"^gate\.2\.", "VIT.se_block.linear2."),
    (r"^head\.", "VIT.head.linear."),
    (r"^narrow\.", "last_face_conv."),
    (r"(^VIT\..*)\.attention_norm\.", r"\1.norm1."),
    (r"(^VIT\..*)\.mlp_norm\.", r"\1.norm2."),
    (r"(^VIT\..*)\.attention\.(?:query|key|value)\.", r"\1.attn.qkv."),
    (r"(^VIT\..*)\.attention\.output\.", r"\1.attn.proj."),
    (r"(^VIT\..*)\.mlp\.up\.", r"\1.mlp.fc1."),
    (r"(^VIT\..*)\.mlp\.down\.", r"\1.mlp.fc2."),
    *IR50_NAMES,
    *MOBILE_NAMES,
)


def sizes_in(reference: Reference) -> dict[str, object]:
    """What a published POSTER V2 file tells about its sizes (its transformer always has 8 heads)."""
    return {
        "dim": reference.shape("VIT.pos_embed", 3)[2],
        "depth": reference.count(r"VIT\.blocks\.(\d+)\."),
    } | reference.classes("VIT.head.linear.weight")
