"""What a good text reader must beat, in the same run: the commonest class, TF-IDF with logistic regression, lexicons.

TF-IDF: words and pairs of neighbours that at least two texts have, 1 + log of their count, times the log of their
rarity, rows of length 1 (Salton & Buckley, 1988), then one linear layer with a softmax.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.train.text import packs
from model.train.text.packs import SENTIMENTS, Pack

WORD: Final = re.compile(r"\w+|[^\w\s]+")
EPOCHS: Final = 25
RATE: Final = 0.05
DECAY: Final = 0.5
CERTAIN: Final = 0.05
"""Mean scores nearer to 0 than this are neutral, as VADER has it (Hutto & Gilbert, ICWSM 2014)."""


def terms(text: str) -> Counter[str]:
    """How often each word and each pair of neighbours stands in a text."""
    words = WORD.findall(text.lower())
    return Counter(words + [f"{a} {b}" for a, b in pairwise(words)])


class Weighing:
    """TF-IDF as it was learnt from some texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = Counter(term for text in texts for term in terms(text))
        kept = [term for term, count in counts.items() if count > 1]
        self.places = {term: place for place, term in enumerate(kept)}
        self.rarity = [math.log((1 + len(texts)) / (1 + counts[term])) + 1 for term in kept]

    def rows(self, texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """Places and weights of each text's terms."""
        found = []
        for text in texts:
            known = [(self.places[term], count) for term, count in terms(text).items() if term in self.places]
            weights = np.array([(1 + math.log(count)) * self.rarity[place] for place, count in known], np.float32)
            weights /= max(float(np.linalg.norm(weights)), 1e-9)
            found.append((torch.tensor([place for place, _ in known], dtype=torch.long), torch.from_numpy(weights)))
        return found


def regression(training: Pack, texts: Sequence[str], classes: int) -> NDArray[np.float32]:
    """Probabilities (N, classes) of `texts`, after learning from the single labels of `training`."""
    weighing = Weighing(training.texts)
    torch.manual_seed(3)
    weights = nn.EmbeddingBag(len(weighing.places) + 1, classes, mode="sum")
    bias = nn.Parameter(torch.zeros(classes))
    nn.init.zeros_(weights.weight)
    optimizer = torch.optim.Adam([weights.weight, bias], lr=RATE)
    rows, labels = weighing.rows(training.texts), torch.from_numpy(training.labels)
    balance = len(labels) / (classes * torch.bincount(labels, minlength=classes).clamp_min(1))
    for _ in range(EPOCHS):
        order = torch.randperm(len(rows))
        for chosen in torch.tensor_split(order, max(1, min(20, len(rows) // 64))):
            loss = nn.functional.cross_entropy(
                weights(*_bags([rows[k] for k in chosen.tolist()])) + bias, labels[chosen], balance
            )
            loss = loss + DECAY * weights.weight.square().sum() / len(rows)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        asked = weighing.rows(texts)
        parts = [weights(*_bags(asked[start : start + 512])) + bias for start in range(0, len(asked), 512)]
        seven: NDArray[np.float32] = torch.cat(parts).softmax(1).numpy()
    return seven


def _bags(rows: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    starts = np.cumsum([0, *(len(places) for places, _ in rows[:-1])])
    return torch.cat([p for p, _ in rows]), torch.from_numpy(starts), torch.cat([w for _, w in rows])


def majority(training: Pack, count: int, classes: int) -> NDArray[np.float32]:
    """The shares of the classes in `training`, for every one of `count` texts."""
    labels = training.labels[training.labels >= 0]
    shares = np.bincount(labels, minlength=classes).astype(np.float32) / len(labels)
    return np.tile(shares, (count, 1))


def by_lexicon(data: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """Sentiments (N, 3) from the emotes and emoji alone: the packs' lexicons, mean score of those in the text."""
    score: dict[str, float] = {}
    for pack in packs.lexicons(data):
        if pack.sentiments.any():
            score |= dict(zip(pack.texts, pack.sentiments @ [-1, 0, 1], strict=True))
    rows = []
    for text in texts:
        found = [score[word] for word in text.split() if word in score] + [score[c] for c in text if c in score]
        mean = float(np.mean(found)) if found else 0.0
        kind = "neutral" if abs(mean) < CERTAIN else "positive" if mean > 0 else "negative"
        rows.append([0.9 if kind == name else 0.05 for name in SENTIMENTS])
    return np.array(rows, np.float32)
