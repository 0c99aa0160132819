"""What a network of the zoo answers: logits first, then what it was made from."""

from typing import NamedTuple

from torch import Tensor


class Output(NamedTuple):
    """`logits` (B, classes) and the `feature` (B, D) that the last layer read."""

    logits: Tensor
    feature: Tensor


class FusionOutput(NamedTuple):
    """LERA's: `feature` of the face and of its motion, both (B, D), before they join; None without that branch."""

    logits: Tensor
    feature: Tensor
    motion_feature: Tensor | None


class AttentionOutput(NamedTuple):
    """The CA module's: `attention` is the first block's map, (B, H * W), 0..1."""

    logits: Tensor
    attention: Tensor


class IntensityOutput(NamedTuple):
    """IAL's: the logits of the two auxiliary classifiers, (B, classes) each, and the pooled feature (B, D)."""

    logits: Tensor
    auxiliary2: Tensor
    auxiliary3: Tensor
    feature: Tensor
