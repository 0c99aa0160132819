"""Clips with odd looks, simulated from single pictures: how often they flip the label, by mean and by median.

There is no labelled video here. Sixteen looks at one validation picture, each jittered as our detector's points and a
camera jitter, stand in for a clip of a face that keeps its expression; some looks are then replaced. The newest ones
are, because they weigh most: that is the worst case.
"""

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.emotions import EMOTIONS
from model.face import FaceReader
from model.median import geometric_median
from model.train.readings import Readings, colour

LOOKS: Final = 16
RATE: Final = 8.0
SMOOTHING: Final = 1.0
"""Frames a second and seconds of smoothing: the defaults of `viewer_agent.settings`."""
ODD: Final = (1, 2, 3, 4)
OF_EACH: Final = 30
"""Pictures of each class and set."""

Picture = NDArray[np.uint8]
Centre = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def mean(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the agent did before: the weighted mean (7,) of `rows` (N, 7)."""
    return np.asarray(weights @ rows / weights.sum())


CENTRES: Final[dict[str, Centre]] = {"mean": mean, "median": geometric_median}


def looks(crop: Picture, random: np.random.Generator) -> Picture:
    """LOOKS jittered crops (LOOKS, S, S) of one grey crop (S, S): place, scale, angle, light, grain."""
    side = crop.shape[0]
    made = []
    for _ in range(LOOKS):
        scale = float(np.exp(random.normal(0, 0.03)))
        turn = np.asarray(cv2.getRotationMatrix2D((side / 2, side / 2), random.normal(0, 2.0), scale), np.float64)
        turn[:, 2] += random.normal(0, 0.015 * side, 2)
        turned = cv2.warpAffine(crop, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        lit = 255 * (turned / 255.0) ** np.exp(random.normal(0, 0.1))
        made.append(np.clip(lit + random.normal(0, 3.0, lit.shape), 0, 255).astype(np.uint8))
    return np.stack(made)


def spoilt(crop: Picture, random: np.random.Generator) -> Picture:
    """A look in motion behind a hand: blurred along a line by a fifth of the side, the lower half covered."""
    side = crop.shape[0]
    length = max(3, side // 5)
    blurred = cv2.blur(crop, (length, 1))
    top = int(side * random.uniform(0.45, 0.6))
    blurred[top:] = random.integers(90, 170)
    return np.asarray(blurred, np.uint8)


def weights() -> NDArray[np.float64]:
    """Of each look, oldest first, by age alone: every look here would be of the same quality."""
    return np.asarray(np.exp(-np.arange(LOOKS)[::-1] / RATE / SMOOTHING))


def chosen(sets: list[Readings], random: np.random.Generator) -> tuple[Picture, NDArray[np.int64]]:
    """Crops (N, S, S) and labels (N,): up to OF_EACH of every class and set."""
    crops, labels = [], []
    for one in sets:
        for k in range(len(EMOTIONS)):
            rows = random.permutation(np.flatnonzero((one.labels == k) & one.found))[:OF_EACH]
            crops.append(one.crops[rows])
            labels.append(one.labels[rows])
    return np.concatenate(crops), np.concatenate(labels)


def measured(reader: FaceReader, sets: list[Readings], seed: int = 0) -> dict[str, Any]:
    """The card's `clip`: shares of clips whose label flipped, for each kind and number of odd looks.

    `accuracy` is that of undisturbed clips; `delay` how many new looks at another expression turn the label (mean).
    """
    random = np.random.default_rng(seed)
    crops, labels = chosen(sets, random)
    rows = np.stack([reader.probabilities(colour(looks(crop, random))) for crop in crops]).astype(np.float64)
    hidden = np.stack(
        [reader.probabilities(colour(np.stack([spoilt(crop, random) for _ in ODD]))) for crop in crops]
    ).astype(np.float64)  # (N, 4, 7)
    other = np.array([random.choice(np.flatnonzero(labels != label)) for label in labels])
    odd = {"another expression": rows[other][:, -max(ODD) :], "blurred and half covered": hidden}
    share = weights()
    found: dict[str, Any] = {
        "clips": len(labels),
        "weight_of_newest": [round(float(share[-k:].sum() / share.sum()), 4) for k in ODD],
        "accuracy": {},
        "flipped": {kind: {} for kind in odd},
        "delay": {},
    }
    for name, centre in CENTRES.items():
        plain = np.array([centre(clip, share).argmax() for clip in rows])
        found["accuracy"][name] = round(float((plain == labels).mean()), 4)
        for kind, replaced in odd.items():
            flips = []
            for count in ODD:
                clips = np.concatenate([rows[:, :-count], replaced[:, -count:]], 1)
                answers = np.array([centre(clip, share).argmax() for clip in clips])
                flips.append(round(float((answers != plain).mean()), 4))
            found["flipped"][kind][name] = flips
        delays = [_delay(centre, mine, rows[new], share) for mine, new in zip(rows, other, strict=True)]
        found["delay"][name] = round(float(np.mean([delay for delay in delays if delay])), 2)
    return found


def _delay(
    centre: Centre, before: NDArray[np.float64], after: NDArray[np.float64], share: NDArray[np.float64]
) -> int | None:
    """How many looks of `after` (LOOKS, 7) must follow those of `before` until the label is that of `after` alone."""
    old, new = int(centre(before, share).argmax()), int(centre(after, share).argmax())
    if old == new:
        return None
    for count in range(1, LOOKS):
        if int(centre(np.concatenate([before[count:], after[:count]]), share).argmax()) == new:
            return count
    return LOOKS
