"""The layouts of picture sets: RAF-DB and FER+ as their makers hand them out, and our Parquet packs."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lera.errors import LeraError
from model.train.clips.layouts import (
    RAFDB_NUMBERS,
    Layout,
    Part,
    clip_list,
    dfew,
    emotion_of,
    ferv39k,
    found_samples,
    mafw,
    place,
    rows,
)
from model.train.clips.samples import Sample, StillPicture

FERPLUS_PARTS: Final = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}
FERPLUS_FOLDERS: Final = {"train": "FER2013Train", "val": "FER2013Valid", "test": "FER2013Test"}
FERPLUS_VOTES: Final = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip


def rafdb(data: Path, fold: int = 1) -> Layout:
    """The basic emotions: 12,271 pictures to train on, 3,068 to test on, in one list. Persons are not named."""
    del fold
    title = "RAF-DB"
    root = data / "basic" if (data / "basic").is_dir() else data
    path = place(root, title, "EmoLabel/list_patition_label.txt")
    pictures = place(root, title, "Image/aligned", "Image/original")

    def part(name: str) -> Part:
        listed = []
        for file, number, *_ in rows(path, 2):
            if not file.startswith(name):
                continue
            if number not in "1234567":
                raise LeraError(f"{path.name} has the class {number}; RAF-DB's basic ones are 1 to 7")
            stem = Path(file).stem + ("_aligned" if pictures.name == "aligned" else "")
            emotion = emotion_of(RAFDB_NUMBERS[int(number) - 1], path.name)
            listed.append((file, emotion, pictures / (stem + Path(file).suffix)))
        return found_samples(listed, path)

    return Layout(title, {"train": lambda: part("train"), "test": lambda: part("test")})


def ferplus(data: Path, fold: int = 1) -> Layout:
    """Ten votes for each picture of FER2013. Taken by majority, as the paper's first scheme (section 3.1).

    Single votes are struck as slips; then one of the seven must have more than half of the votes that are left.
    """
    del fold
    title = "FER+"
    path = place(data, title, "fer2013new.csv")
    root = data / "data" if (data / "data").is_dir() else data
    place(root, title, FERPLUS_FOLDERS["train"])

    def part(name: str) -> Part:
        listed, left_out = [], Counter[str]()
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("Usage") != FERPLUS_PARTS[name] or not row.get("Image name"):
                    continue
                votes = {word: int(row[word]) for word in FERPLUS_VOTES}
                kept = {word: count for word, count in votes.items() if count > 1}
                top = max(kept, key=lambda word: kept[word], default="unknown")
                if kept.get(top, 0) * 2 <= sum(kept.values()):
                    left_out["without a majority"] += 1
                elif top in FERPLUS_VOTES[7:]:
                    left_out["not a face" if top == "NF" else top] += 1
                else:
                    file_name = row["Image name"]
                    where = root / FERPLUS_FOLDERS[name] / file_name
                    listed.append((file_name, emotion_of(top, path.name), where))
        told = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        note = f"{name}: {left_out.total()} pictures are left out: {told}"
        return Part(found_samples(listed, path).samples, (note,) if left_out else ())

    def opener(name: str) -> Callable[[], Part]:
        return lambda: part(name)

    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    missing = {"Usage", "Image name", *FERPLUS_VOTES} - set(header)
    if missing:
        raise LeraError(f"{path} is not FER+'s list: the column `{sorted(missing)[0]}` is missing")
    return Layout(title, {name: opener(name) for name in FERPLUS_PARTS})


def pack(data: Path, fold: int = 1) -> Layout:
    """A Parquet file with the columns image, label, split; `subject` names the person, where there is one."""
    del fold
    from pyarrow import ArrowException, parquet

    title = f"the pack {data.name}"
    try:
        columns = parquet.read_schema(data).names
        missing = {"image", "label", "split"} - set(columns)
        if missing:
            raise LeraError(f"{data} is not a pack of pictures: the column `{sorted(missing)[0]}` is missing")
        splits = set(parquet.read_table(data, columns=["split"])["split"].to_pylist())
    except (ArrowException, OSError) as error:
        raise LeraError(f"{data} is not a Parquet pack: {str(error).splitlines()[0]}") from None
    person = next((name for name in ("subject", "sequence") if name in columns), None)

    def part(name: str) -> Part:
        wanted = ["image", "label", *([person] if person else [])]
        table = parquet.read_table(data, columns=wanted, filters=[("split", "==", name)])
        people = table[person].to_pylist() if person else [None] * len(table)
        samples = []
        for number, (image, word, group) in enumerate(
            zip(table["image"].to_pylist(), table["label"].to_pylist(), people, strict=True)
        ):
            label = f"{name}/{number}"
            samples.append(Sample(label, emotion_of(word, data.name), str(group or label), StillPicture(image)))
        return Part(tuple(samples))

    def opener(name: str) -> Callable[[], Part]:
        return lambda: part(name)

    names = [name for name in ("train", "val", "test") if name in splits]
    return Layout(title, {name: opener(name) for name in names}, "person" if person else None)


LAYOUTS: Final[dict[str, Callable[[Path, int], Layout]]] = {
    "ferv39k": ferv39k,
    "dfew": dfew,
    "mafw": mafw,
    "rafdb": rafdb,
    "ferplus": ferplus,
    "parquet": pack,
    "list": clip_list,
}
STRIDES: Final = {"dfew": 4, "mafw": 4}
"""Frames between the frames of a clip, as the papers have it; 1 elsewhere."""


def open_layout(name: str, data: Path, fold: int = 1) -> Layout:
    """A data set by the name of its layout. Raises LeraError for an unknown name or a wrong folder."""
    if name not in LAYOUTS:
        raise LeraError(f"there is no layout `{name}`; known are {', '.join(LAYOUTS)}")
    if not data.exists():
        raise LeraError(f"there is no {data}")
    return LAYOUTS[name](data, fold)
