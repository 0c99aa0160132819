"""How often each reader is right, as its model card has it."""

import json
from pathlib import Path
from typing import Any, Final

from model.modalities import Modality

_WEIGHTS: Final = Path(__file__).parents[1] / "model" / "weights"
_NOISY: Final = "the same clips in made-up rooms, microphones and noise: by the clip alone"
_PLACES: Final[dict[Modality, tuple[str, tuple[str, ...]]]] = {
    "face": ("face.json", ("results", "ferplus_test", "aligned", "accuracy")),
    "voice": ("voice.json", ("results", "ravdess_test", _NOISY, "war")),
    "words": ("text.json", ("results", "goemotions_test", "LERA", "war")),
}


def accuracy(modality: Modality) -> float | None:
    """The share (0..1) of test samples that it answered rightly; None where the card doesn't tell."""
    name, places = _PLACES[modality]
    try:
        found: Any = json.loads((_WEIGHTS / name).read_text("utf-8"))
        for place in places:
            found = found[place]
        return float(found)
    except (OSError, ValueError, KeyError, TypeError):
        return None
