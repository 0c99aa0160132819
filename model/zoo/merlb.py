"""MERLB: a broadcaster's face, screen and voice -> valence, arousal and what happens in the game.

Ringer, Walker & Nicolaou, "Multimodal joint emotion and game context recognition in League of Legends livestreams"
(IEEE CoG 2019), in the sizes of MERLB, which renamed it. A clip is 20 steps of a quarter of a second. Three towers make
a feature of each step, recurrent layers one of the clip, and the fusion says where the modalities meet:

    early         the towers' features side by side, step by step, before one recurrence
    late          three recurrences, whose last states stand side by side
    tensor_train  three recurrences, whose last states meet in [1; face] x [1; screen] x [1; voice]

MERLB's text also claims inception modules, spectrograms, a two-way recurrence and key segments. Its code has none of
them, and neither has this. It published no weights.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn

import torch
from torch import Tensor, nn
from torch.nn import functional

from lera.errors import LeraError
from model.zoo.importing import Reference
from model.zoo.tensor_train import TensorFusion, TensorTrainSizes


@dataclass(frozen=True)
class MerlbSizes:
    """As published, with the tensor train."""

    fusion: Literal["early", "late", "tensor_train"] = "tensor_train"
    steps: int = 20  # of 0.25 s
    face: int = 64  # pixels each way
    screen: int = 128
    samples: int = 5512  # of sound in a step: 22,050 Hz
    stem: int = 64  # channels of the pictures' first layer
    face_widths: tuple[int, ...] = (256, 512)
    screen_widths: tuple[int, ...] = (128, 256, 512)
    sound: int = 128  # channels of the sound's layers
    feature: int = 512  # of a step
    units: int = 128  # of each recurrence; early fusion has three times as many in one
    modes: tuple[int, ...] = (3, 43, 129, 43, 3)  # of the tensor train: 129 three times
    outputs: tuple[int, ...] = (2, 4, 4, 4, 3)
    ranks: tuple[int, ...] = (1, 2, 4, 4, 2, 1)
    dropout: float = 0.2
    hidden: int = 128  # of each head
    valence: int = 3
    arousal: int = 3
    behaviour: int = 8


class MerlbOutput(NamedTuple):
    """Logits (B, 3), (B, 3) and (B, 8), and the feature (B, D) that all three read."""

    valence: Tensor
    arousal: Tensor
    behaviour: Tensor
    feature: Tensor


class Merlb(nn.Module):
    """Towers, recurrence, fusion, heads."""

    def __init__(self, sizes: MerlbSizes) -> None:
        super().__init__()
        if sizes.fusion not in ("early", "late", "tensor_train"):
            raise LeraError(f"there is no fusion `{sizes.fusion}`; known are early, late and tensor_train")
        self.sizes = sizes
        self.face = PictureTower(sizes.stem, sizes.face_widths, sizes.feature)
        self.screen = PictureTower(sizes.stem, sizes.screen_widths, sizes.feature)
        self.sound = SoundTower(sizes.samples, sizes.sound, sizes.feature)
        count = 1 if sizes.fusion == "early" else 3
        wide, units = (3 * sizes.feature, 3 * sizes.units) if count == 1 else (sizes.feature, sizes.units)
        self.recurrences = nn.ModuleList(nn.LSTM(wide, units, num_layers=2, batch_first=True) for _ in range(count))
        joined = 3 * sizes.units
        if sizes.fusion == "tensor_train":
            train = TensorTrainSizes(sizes.modes, sizes.outputs, sizes.ranks)
            self.fusion = TensorFusion(train)
            joined = self.fusion.width
        self.settle = nn.Sequential(nn.BatchNorm1d(joined), nn.Dropout(sizes.dropout))
        self.valence = head(joined, sizes.hidden, sizes.valence)
        self.arousal = head(joined, sizes.hidden, sizes.arousal)
        self.behaviour = head(joined, sizes.hidden, sizes.behaviour)

    def forward(self, face: Tensor, screen: Tensor, sound: Tensor) -> MerlbOutput:
        """Face (B, T, 3, 64, 64) and screen (B, T, 3, 128, 128) in 0..1, sound (B, T, 5512) of deviation 1."""
        steps = [
            each_step(tower, modality)  # (B, T, 512)
            for tower, modality in ((self.face, face), (self.screen, screen), (self.sound, sound))
        ]
        if self.sizes.fusion == "early":
            steps = [torch.cat(steps, dim=2)]  # (B, T, 1536)
        ends = [recurrence(each)[0][:, -1] for recurrence, each in zip(self.recurrences, steps, strict=True)]
        meets = self.sizes.fusion == "tensor_train"
        joined = functional.relu(self.fusion(*ends)) if meets else torch.cat(ends, dim=1)  # (B, 384)
        feature = self.settle(joined)
        return MerlbOutput(self.valence(feature), self.arousal(feature), self.behaviour(feature), feature)


class PictureTower(nn.Module):
    """One picture to one feature: a small ResNet of bottlenecks, each width with half the side."""

    def __init__(self, stem: int, widths: tuple[int, ...], feature: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        blocks, last = [], stem
        for index, width in enumerate(widths):
            blocks += [Bottleneck(last, width, stride=1 if index == 0 else 2), Bottleneck(width, width)]
            last = width
        self.blocks = nn.Sequential(*blocks)
        self.project = nn.Identity() if last == feature else nn.Linear(last, feature)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 512)."""
        maps = self.blocks(self.stem(picture))  # (N, 512, H / 8, W / 8) for two widths
        feature: Tensor = self.project(maps.mean(dim=(2, 3)))
        return feature


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 beside the way past them (He et al., CVPR 2016)."""

    def __init__(self, taken: int, given: int, stride: int = 1) -> None:
        super().__init__()
        inner = given // 4
        self.inside = nn.Sequential(
            nn.Conv2d(taken, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, inner, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, given, 1, bias=False),
            nn.BatchNorm2d(given),
        )
        self.past: nn.Module = nn.Identity()
        if taken != given or stride > 1:
            self.past = nn.Sequential(nn.Conv2d(taken, given, 1, stride=stride, bias=False), nn.BatchNorm2d(given))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        return functional.relu(self.inside(maps) + self.past(maps))


class SoundTower(nn.Module):
    """A quarter of a second of raw sound to one feature."""

    def __init__(self, samples: int, channels: int, feature: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(3):
            layers += [nn.Conv1d(channels if index else 1, channels, 5), nn.ReLU(), nn.MaxPool1d(8)]
            layers += [nn.BatchNorm1d(channels)]
            samples = (samples - 4) // 8  # 5512 -> 688 -> 85 -> 10
        if samples < 1:
            raise LeraError("a step needs at least 804 samples of sound to pass three times through a pool of 8")
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(channels * samples, feature)

    def forward(self, sound: Tensor) -> Tensor:
        """(N, 5512) -> (N, 512)."""
        maps = self.layers(sound[:, None])  # (N, 128, 10)
        return functional.relu(self.project(maps.flatten(1)))


def each_step(tower: nn.Module, modality: Tensor) -> Tensor:
    """A tower over every step: (B, T, …) -> (B, T, D)."""
    features: Tensor = tower(modality.flatten(0, 1))
    return features.reshape(*modality.shape[:2], -1)


def head(taken: int, hidden: int, classes: int) -> nn.Sequential:
    """One hidden layer and the logits."""
    return nn.Sequential(nn.Linear(taken, hidden), nn.ReLU(), nn.Linear(hidden, classes))


def sizes_in(reference: Reference) -> NoReturn:
    """MERLB published no weights: always a LeraError that says what to do."""
    raise reference.refusal("none was ever published; `python -m model.train.merlb` trains one")
