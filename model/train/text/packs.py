"""The text packs as what the network reads and is asked: GoEmotions, MELD, Twitch chat, CARER, and the lexicons.

GoEmotions: Demszky et al., "GoEmotions: A Dataset of Fine-Grained Emotions" (ACL 2020). MELD: Poria et al. (ACL 2019).
Twitch: Kobs et al., "Emote-Controlled" (ACM TSC 2020). EmoTag: Shoeb & de Melo (EMNLP 2020). Emoji sentiment: Kralj
Novak et al. (PLoS ONE 2015). The parts named test are read by nobody but `model.train.text.evaluate`.
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from model.emotions import EMOTIONS

FILES: Final = {
    "goemotions": "goemotions_ekman7.parquet",
    "meld": "meld_train_val.parquet",
    "twitch": "twitch_chat_sentiment.parquet",
    "carer": "aux_carer_twitter_distant.parquet",
}
LEXICONS: Final = {
    "emotag": "lexicon_emoji_emotion_emotag1200.csv",
    "emoji": "lexicon_emoji_sentiment_kralj_novak.csv",
    "emotes_2018": "lexicon_emotes_kobs2018.csv",
    "emotes_2026": "lexicon_emotes_vader2026.csv",
}
SENTIMENTS: Final = ("negative", "neutral", "positive")
FOLDS: Final = 10
"""A tenth of Twitch train is never trained on: it decides what its validation part, which only judges, must not."""
DOUBT: Final = 0.2
"""This much of a chat label is spread over all three: most are one person's word, and others would say otherwise."""
# How the seven become three. Surprise is pleasant or not, so half of it counts as pleasant and half as neither.
SUMS: Final = np.array(
    [[0, 1, 0, 1, 0, 1, 1], [0, 0, 1, 0, 0.5, 0, 0], [1, 0, 0, 0, 0.5, 0, 0]],
    np.float32,
)
"""(3, 7): SUMS @ probabilities are the shares of negative, neutral, positive."""


@dataclass(frozen=True)
class Pack:
    """N texts with what is known of them. `emotions` float32 (N, 7) and `sentiments` float32 (N, 3), rows sum to 1, or
    to 0 where the pack doesn't tell; `labels` int64 (N,) into EMOTIONS or SENTIMENTS, -1 for several at once."""

    name: str
    texts: list[str]
    emotions: NDArray[np.float32]
    sentiments: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, chosen: NDArray[np.bool_]) -> "Pack":
        """The rows that `chosen` bool (N,) marks."""
        texts = [text for text, keep in zip(self.texts, chosen, strict=True) if keep]
        return Pack(self.name, texts, self.emotions[chosen], self.sentiments[chosen], self.labels[chosen])

    def single(self) -> "Pack":
        """The rows with one label."""
        return self.rows(self.labels >= 0)


def file_of(data: Path, file: str) -> Path:
    """A file of the text packs; FileNotFoundError says which folder was looked into."""
    path = data / "text" / file
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; --data must name the folder that holds text/{file}")
    return path


def emotional(name: str, texts: list[str], emotions: NDArray[np.float32]) -> Pack:
    """A pack of emotions; the label is the one emotion where there is only one."""
    labels = np.where((emotions > 0).sum(1) == 1, emotions.argmax(1), -1)
    return Pack(name, texts, emotions, np.zeros((len(texts), 3), np.float32), labels)


def sentimental(name: str, texts: list[str], sentiments: NDArray[np.float32]) -> Pack:
    """A pack of sentiments."""
    return Pack(name, texts, np.zeros((len(texts), len(EMOTIONS)), np.float32), sentiments, sentiments.argmax(1))


def load(data: Path, name: str, split: str) -> Pack:
    """One split of one of FILES. GoEmotions' training rows that also stand in val or test are left out."""
    table = parquet.read_table(file_of(data, FILES[name]), filters=[("split", "==", split)])
    rows: list[dict[str, Any]] = table.to_pylist()
    if name == "goemotions":
        rows = [row for row in rows if split != "train" or not row["dup_of_eval"]]
        marks = np.array([[row[f"y_{emotion}"] for emotion in EMOTIONS] for row in rows], np.float32)
        return emotional(name, [row["text"] for row in rows], marks / marks.sum(1, keepdims=True))
    words = [row["sentiment" if name == "twitch" else "label"] for row in rows]
    kinds = SENTIMENTS if name == "twitch" else EMOTIONS
    known = np.eye(len(kinds), dtype=np.float32)[[kinds.index(word) for word in words]]
    made = sentimental if name == "twitch" else emotional
    return made(name, [row["text"] for row in rows], known.reshape(-1, len(kinds)))


def held_out(pack: Pack) -> NDArray[np.bool_]:
    """Which rows belong to the tenth that isn't trained on, by the text, so that it stays the same."""
    return np.array([hashlib.sha256(text.encode()).digest()[0] % FOLDS == 0 for text in pack.texts], bool)


def lexicons(data: Path) -> list[Pack]:
    """Emoji and emotes with the feelings that people gave them, as packs of very short texts."""
    return [
        _emotag(data),
        *(_shares(data, *which) for which in (("emoji", "word"), ("emotes_2018", "emote"))),
        _vader(data),
    ]


def _emotag(data: Path) -> Pack:
    """Emoji with eight emotions, each 0..1 on its own; six are among the seven. What none of them says is neutral."""
    rows = _rows(data, "emotag")
    columns = ["joy" if emotion == "happiness" else emotion for emotion in EMOTIONS]
    seven = np.array([[float(row.get(column, 0)) for column in columns] for row in rows], np.float32)
    seven[:, EMOTIONS.index("neutral")] = np.maximum(0.05, 1 - seven.max(1)) / 2
    return emotional("emotag", [row["emoji"] for row in rows], seven / seven.sum(1, keepdims=True))


def _shares(data: Path, name: str, column: str) -> Pack:
    """Emoji or emotes with the shares of people who called them negative, neutral, positive."""
    rows = _rows(data, name)
    three = np.array([[float(row[sentiment]) for sentiment in SENTIMENTS] for row in rows], np.float32)
    return sentimental(name, [row[column] for row in rows], three / three.sum(1, keepdims=True))


def _vader(data: Path) -> Pack:
    """Emotes with a mean score, -4..4: the further from 0, the surer; a tenth is left to doubt."""
    rows = _rows(data, "emotes_2026")
    score = np.array([float(row["vader_score_-4..4"]) for row in rows], np.float32) / 4
    three = np.stack([np.maximum(0, -score), 1 - np.abs(score), np.maximum(0, score)], 1) * 0.9 + np.float32(1 / 30)
    return sentimental("emotes_2026", [row["emote"] for row in rows], three.astype(np.float32))


def _rows(data: Path, name: str) -> list[dict[str, str]]:
    with file_of(data, LEXICONS[name]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def join(name: str, packs: Iterable[Pack]) -> Pack:
    """All rows of several packs, in order."""
    parts = list(packs)
    texts = [text for part in parts for text in part.texts]
    arrays = (
        np.concatenate([getattr(part, field) for part in parts]) for field in ("emotions", "sentiments", "labels")
    )
    return Pack(name, texts, *arrays)


def training(data: Path, chat: int = 1) -> Pack:
    """Everything that is trained on, GoEmotions first; Twitch chat and the lexicons `chat` times."""
    twitch = load(data, "twitch", "train")
    twitch = twitch.rows(~held_out(twitch))
    doubted = sentimental("twitch", twitch.texts, twitch.sentiments * (1 - DOUBT) + np.float32(DOUBT / len(SENTIMENTS)))
    small = [doubted, *lexicons(data)]
    return join("training", [load(data, "goemotions", "train"), load(data, "meld", "train"), *(small * chat)])
