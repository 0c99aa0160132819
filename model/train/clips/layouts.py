"""The official layouts of the data sets: what lies where, which list is which part, whose class is which of ours.

FERV39k: Wang et al., CVPR 2022. DFEW: Jiang et al., ACM Multimedia 2020. MAFW: Liu et al., ACM Multimedia 2022.
RAF-DB: Li et al., CVPR 2017. FER+: Barsoum et al., ICMI 2016. Lists of a part are opened only when that part is asked
for, so that training can't see the test part by accident.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lera.errors import LeraError
from model.emotions import EMOTIONS
from model.train.clips.samples import Frames, Sample, frames_at

WORDS: Final = {
    "happy": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "surprised": "surprise",
    "disgusted": "disgust",
    "fearful": "fear",
} | {emotion: emotion for emotion in EMOTIONS}
"""What the data sets call the seven, in lower case."""
DFEW_NUMBERS: Final = ("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear")
RAFDB_NUMBERS: Final = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
MAFW_EXTRA: Final = ("contempt", "anxiety", "helplessness", "disappointment")


@dataclass(frozen=True)
class Part:
    """The samples of one part, and what a reader of the results must know of it."""

    samples: tuple[Sample, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A data set on the disk. `parts` are opened one by one; `groups` says what the source names: person, video."""

    title: str
    parts: Mapping[str, Callable[[], Part]]
    groups: str | None = None

    def part(self, name: str) -> Part:
        """`train`, `val` or `test`. Raises LeraError when it has none, or when what its list names is not there."""
        if name not in self.parts:
            raise LeraError(f"{self.title} has no `{name}` part; it has {', '.join(self.parts)}")
        return self.parts[name]()


def place(data: Path, title: str, *choices: str) -> Path:
    """The first of these that is in `data`. Raises LeraError that says what a folder of `title` holds."""
    for choice in choices:
        if (data / choice).exists():
            return data / choice
    expected = " or ".join(f"`{choice}`" for choice in choices)
    raise LeraError(f"{data} is not the folder of {title}: {expected} is expected in it")


def emotion_of(word: str, where: str) -> int:
    """The place of a data set's word among our seven. Raises LeraError for any other word."""
    if word.lower() not in WORDS:
        raise LeraError(f"{where} has the class `{word}`, which is not one of the seven")
    return EMOTIONS.index(WORDS[word.lower()])


def rows(path: Path, expected: int) -> list[list[str]]:
    """The lines of a list, cut at commas or at the last blanks. Raises LeraError for one of another length."""
    found = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise LeraError(f"the list {path} is missing") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in (line.split(",") if "," in line else line.rsplit(None, expected - 1))]
        if len(cells) < expected:
            raise LeraError(f"{path.name}, line {number}: {expected} columns are expected, `{line.strip()}` has fewer")
        found.append(cells)
    return found


def found_samples(listed: Iterable[tuple[str, int, Path]], source: Path, groups: Mapping[str, str] = {}) -> Part:
    """Samples of (name, label, place). Raises LeraError when some are not on the disk: a part of a part misleads."""
    samples, missing = [], []
    for name, label, where in listed:
        frames: Frames | None = frames_at(where)
        if frames is None:
            missing.append(where)
        else:
            samples.append(Sample(name, label, groups.get(name, name), frames))
    total = len(samples) + len(missing)
    if missing:
        raise LeraError(f"{len(missing)} of {total} that {source.name} lists are not there, first {missing[0]}")
    if not samples:
        raise LeraError(f"{source.name} lists nothing")
    return Part(tuple(samples))


def ferv39k(data: Path, fold: int = 1) -> Layout:
    """All scenes: 31,088 clips to train on, 7,847 to test on. There is one fold; sources are not named."""
    del fold
    title = "FERV39k"
    lists = place(data, title, "4_setups/All_scenes")
    clips = place(data, title, "2_ClipsforFaceCrop")
    place(data, title, "4_setups/All_scenes/train_All.csv")

    def part(name: str) -> Part:
        path = lists / f"{name}_All.csv"
        return found_samples(((n, emotion_of(word, path.name), clips / n) for n, word, *_ in rows(path, 2)), path)

    return Layout(title, {"train": lambda: part("train"), "test": lambda: part("test")})


def dfew(data: Path, fold: int = 1) -> Layout:
    """Single-labelled clips, five folds for cross-validation. Films are not named in the lists."""
    title = "DFEW"
    lists = place(data, title, "EmoLabel_DataSplit")
    clips = place(data, title, "Clip/clip_224x224", "Clip/jpg_256", "Clip/original", "Clip/clip_224x224_16f")
    place(data, title, f"EmoLabel_DataSplit/train(single-labeled)/set_{fold}.csv")

    def part(name: str) -> Part:
        path = lists / f"{name}(single-labeled)" / f"set_{fold}.csv"
        listed = []
        for number, label, *_ in rows(path, 2):
            if not number.isdigit():
                continue  # the header
            if label not in "1234567":
                raise LeraError(f"{path.name} has the class {label}; DFEW's single labels are 1 to 7")
            emotion = emotion_of(DFEW_NUMBERS[int(label) - 1], path.name)
            names = [clips / f"{int(number):05d}", clips / f"{int(number)}"]
            listed.append((number, emotion, next((each for each in names if frames_at(each)), names[0])))
        found = found_samples(listed, path)
        if clips.name.endswith("_16f"):
            return Part(found.samples, ("these are DFEW's 16 aligned frames of each clip: use --stride 1",))
        return found

    return Layout(f"{title}, fold {fold}", {"train": lambda: part("train"), "test": lambda: part("test")})


def mafw(data: Path, fold: int = 1) -> Layout:
    """Single-labelled clips, five folds. Four of its eleven classes are not among our seven and are left out."""
    title = "MAFW"
    lists = place(data, title, "Train & Test Set/single/no_caption", "split/single/no_caption")
    clips = place(data, title, "data/frames", "data/clips")
    place(lists, title, f"set_{fold}/train.txt")

    def part(name: str) -> Part:
        path = lists / f"set_{fold}" / f"{name}.txt"
        listed, left_out = [], Counter[str]()
        for file, word, *_ in rows(path, 2):
            if word in MAFW_EXTRA:
                left_out[word] += 1
            else:
                listed.append((file, emotion_of(word, path.name), clips / Path(file).stem))
        told = ", ".join(f"{count} {word}" for word, count in left_out.items())
        found = found_samples(listed, path)
        note = f"{name}: {left_out.total()} clips of classes that are not among the seven are left out: {told}"
        return Part(found.samples, (note,) if left_out else ())

    return Layout(f"{title}, fold {fold}", {"train": lambda: part("train"), "test": lambda: part("test")})


def clip_list(data: Path, fold: int = 1) -> Layout:
    """Recordings of your own: `clips.csv` with the columns clip, label, split and perhaps person, beside the clips."""
    del fold
    title = "a list of clips"
    path = place(data, title, "clips.csv")
    header, *cells = rows(path, 3)
    missing = {"clip", "label", "split"} - set(header)
    if missing:
        raise LeraError(f"{path} has no column `{sorted(missing)[0]}`; clip, label, split and perhaps person are read")
    listed = [dict(zip(header, line, strict=False)) for line in cells]
    parts_of: dict[str, set[str]] = {}
    for row in listed:
        parts_of.setdefault(row.get("person") or row["clip"], set()).add(row["split"])
    twice = sorted(name for name, parts in parts_of.items() if len(parts) > 1)
    notes = (f"{len(twice)} are in more than one part, first `{twice[0]}`: figures will flatter",) if twice else ()

    def part(name: str) -> Part:
        mine = [row for row in listed if row["split"] == name]
        groups = {row["clip"]: row["person"] for row in mine if row.get("person")}
        labelled = ((row["clip"], emotion_of(row["label"], path.name), data / row["clip"]) for row in mine)
        return Part(found_samples(labelled, path, groups).samples, notes)

    def opener(name: str) -> Callable[[], Part]:
        return lambda: part(name)

    names = [name for name in ("train", "val", "test") if any(row["split"] == name for row in listed)]
    return Layout(title, {name: opener(name) for name in names}, "person" if "person" in header else None)
