"""LERA's fusion and POSTER V2 together: their probabilities, weighted and added.

The report of LERA-BFERT, Table 6, with shares of 0.8 : 0.2 and 0.6 : 0.4. POSTER V2 reads pictures, so it is shown
some frames of the clip (three, by the 26 G of the report's Table 7) and answers with the mean of its probabilities.
The report found no gain over the fusion alone: 40.82 / 50.50 and 40.83 / 50.32 against 42.30 / 52.40 (UAR / WAR).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from lera.errors import LeraError
from model.zoo.importing import Reference
from model.zoo.lera import Lera, LeraSizes
from model.zoo.outputs import Output
from model.zoo.poster_v2 import PosterV2, PosterV2Sizes

# Where each of FERV39k's classes stands among RAF-DB's, by which POSTER V2's own published weights answer:
# surprise, fear, disgust, happiness, sadness, anger, neutral.
RAF_DB_ORDER = (3, 4, 6, 5, 0, 2, 1)


@dataclass(frozen=True)
class EnsembleSizes:
    """Table 6's first mixture, of the published networks."""

    share: float = 0.8  # of the fusion; POSTER V2 has the rest
    pictures: int = 3  # frames that POSTER V2 sees, evenly spread, the first and the last among them
    raf_db: bool = False  # POSTER V2's weights were trained on RAF-DB, whose classes have another order
    classes: int = 7
    frames: int = 16
    image: int = 160


class Ensemble(nn.Module):
    """Both networks; their weights are imported apart, into `fusion` and `poster`."""

    def __init__(self, sizes: EnsembleSizes) -> None:
        super().__init__()
        if not 0.0 <= sizes.share <= 1.0:
            raise LeraError(f"a share lies between 0 and 1, not at {sizes.share}")
        self.sizes = sizes
        self.fusion = Lera(LeraSizes(classes=sizes.classes, frames=sizes.frames, image=sizes.image))
        self.poster = PosterV2(PosterV2Sizes(classes=sizes.classes))

    def forward(self, clip: Tensor) -> Output:
        """A clip (B, 3, 16, 160, 160) -> logits (B, 7), the logarithms of the mixed probabilities, as feature too."""
        count = self.sizes.pictures
        places = [round(step * (clip.shape[2] - 1) / max(count - 1, 1)) for step in range(count)]
        pictures = rearrange(clip[:, :, places], "b c t h w -> (b t) c h w")
        pictures = functional.interpolate(pictures, (224, 224), mode="bilinear", align_corners=False)
        seen = self.poster(pictures).logits.softmax(dim=1).unflatten(0, (-1, count)).mean(dim=1)
        if self.sizes.raf_db:
            seen = seen[:, list(RAF_DB_ORDER)]
        share = self.sizes.share
        probabilities = mixed([self.fusion(clip).logits.softmax(dim=1), seen], [share, 1 - share])
        return Output(probabilities.clamp(min=torch.finfo(probabilities.dtype).tiny).log(), probabilities)


def mixed(members: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Several networks' probabilities (…, classes) as one: each times its share of the weights, added.

    All must be in the same order of classes. Raises LeraError when the weights don't fit.
    """
    if len(members) != len(weights) or not members:
        raise LeraError(f"{len(members)} networks need as many weights, not {len(weights)}")
    if min(weights) < 0 or sum(weights) <= 0:
        raise LeraError("weights are shares: none negative, not all zero")
    shares = torch.tensor(weights, dtype=members[0].dtype, device=members[0].device) / sum(weights)
    return torch.einsum("m,m...->...", shares, torch.stack(list(members)))


def sizes_in(reference: Reference) -> NoReturn:
    """An ensemble was never published: always a LeraError that says what to do."""
    raise reference.refusal("it has none of its own; import `lera` into its `fusion` and `poster_v2` into its `poster`")
