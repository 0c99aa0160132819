"""What the voice reader is built on: the first two layers of a speaker encoder, out of a package and frozen.

Resemblyzer (Apache-2.0) ships an encoder that was trained to tell thousands of speakers of LibriSpeech and VoxCeleb
apart (Wan et al., "Generalized End-to-End Loss for Speaker Verification", ICASSP 2018). Its early layers hear how a
voice is used before the last one sums up whose it is. Only training needs the package; nothing fetches it at run time.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.mel import BANDS
from model.package_file import PackageFile

WEIGHTS: Final = PackageFile(
    what="The speaker encoder that training starts from",
    requirement="Resemblyzer==0.1.4",
    member="resemblyzer/pretrained.pt",
    sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
    name="resemblyzer-0.1.4.pt",
)
LAYERS: Final = 2
WIDTH: Final = 256
STATISTICS: Final = 2 * WIDTH
"""Of a segment: mean and deviation over time of the upper layer's units.

Those of the layer below it, of the layer above it and of the bands themselves make it no better for new speakers.
"""
PARTS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Encoder(nn.Module):
    """Bands (B, T, BANDS) -> statistics (B, STATISTICS)."""

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        sizes = (BANDS, *[WIDTH] * LAYERS)
        self.layers = nn.ModuleList(nn.LSTM(sizes[k], WIDTH, batch_first=True) for k in range(LAYERS))
        if pretrained:
            state = torch.load(WEIGHTS.ensure(), map_location="cpu", weights_only=True)["model_state"]
            for k, layer in enumerate(self.layers):
                layer.load_state_dict({f"{part}_l0": state[f"lstm.{part}_l{k}"] for part in PARTS})
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def forward(self, bands: Tensor, lengths: Tensor) -> Tensor:
        """Statistics of the first `lengths` (B,) frames of each."""
        there = (torch.arange(bands.shape[1])[None] < lengths[:, None]).float()[..., None]
        count = lengths[:, None].float()
        found = bands
        for layer in self.layers:
            found, _ = layer(found)
        mean = (found * there).sum(1) / count
        spread = ((found - mean[:, None]).square() * there).sum(1) / count
        return torch.cat([mean, spread.sqrt()], 1)


@torch.no_grad()
def statistics(encoder: Encoder, segments: Sequence[NDArray[np.float32]], batch: int = 64) -> NDArray[np.float32]:
    """Statistics (N, STATISTICS) of the bands (T, BANDS) of N segments."""
    lengths = np.array([len(one) for one in segments])
    found = np.zeros((len(segments), STATISTICS), np.float32)
    order = np.argsort(lengths, kind="stable")
    for rows in np.split(order, range(batch, len(order), batch)):
        table = np.zeros((len(rows), lengths[rows].max(), BANDS), np.float32)
        for place, row in enumerate(rows.tolist()):
            table[place, : lengths[row]] = segments[row]
        found[rows] = encoder(torch.from_numpy(table), torch.from_numpy(lengths[rows])).numpy()
    return found
