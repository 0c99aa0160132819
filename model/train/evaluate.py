"""Judges the shipped face reader and writes its model cards: `python -m model.train.evaluate --data ../shared/data`.

It reads the weights just as the agent does, through `model.face`. This is the only place that opens test pictures.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from model.detector import Detector
from model.emotions import EMOTIONS
from model.face import SIDE, WEIGHTS, FaceReader, open_session
from model.framing import EYE_DISTANCE, EYE_HEIGHT
from model.train import card, eyes, learning, packs
from model.train.export import network_of
from model.train.learning import DATA, RUN
from model.train.scores import report

COMMAND: Final = "python -m model.train.face --data ../shared/data"
SUMMARY: Final = (
    "Reads the facial expression of one face: a 64x64 grey crop in, seven probabilities out (happiness, sadness, "
    "neutral, anger, surprise, disgust, fear). It names what a face shows, as other people would name it; it does not "
    "know what the person feels."
)
USE: Final = [
    "Meant for adding up the expressions of many consenting viewers into the mood of a crowd, on their own machines.",
    "Not meant for judging single persons: no hiring, schooling, policing, insurance, health or lie detection.",
    "RAF-DB, one of the two training sets, is for non-commercial research only; whether weights trained on it may be "
    "used commercially is an open question, so ask someone who knows before you try.",
]
LIMITS: Final = [
    "Disgust and fear are rare in the training pictures, and their recall is the lowest: see the tables with their "
    "counts. A recall from 20 pictures is uncertain by about twenty points.",
    "The labels are what annotators saw in pictures from the web, mostly posed, of celebrities and stock models. They "
    "are opinions: even FER+'s own ten annotators often disagree.",
    "It does not travel well: the table for CK+ shows another world than the one trained on. A network of the same "
    "kind, trained on the same pictures, fell to an accuracy of .47 on Japanese women photographed in a laboratory and "
    "found no anger, disgust or fear there at all. Accuracy by age, gender or skin colour was not measured, because "
    "the packs do not name them.",
    "Resting faces are not all alike: some are read as sad or angry for as long as they rest. Compare with the "
    "person's own baseline before you draw a conclusion.",
    "Glasses, beards, masks, hands before the face, headsets, heads turned by more than about 45 degrees, darkness and "
    "coarse video make it worse; by how much was not measured.",
    "FER2013's and RAF-DB's persons are not named, so the same person may be in training and test with other pictures. "
    "Near-duplicates were removed beforehand.",
]
LICENCES: Final = {
    "ferplus": "pictures: FER2013, collected from the web, no explicit licence; votes: FER+, MIT",
    "rafdb": "RAF-DB: non-commercial research only, no redistribution",
}
TITLES: Final = {"ferplus": "FER+", "rafdb": "RAF-DB (training part)"}


def whole_and_aligned(reader: FaceReader, encoded: Sequence[bytes]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities (N, 7) of the pictures as they are, and of the faces that our detector finds in them."""
    whole, aligned = [], []
    for picture in encoded:
        grey = packs.grey(picture)
        frame = np.repeat(grey[..., None], 3, 2)
        whole.append(reader.probabilities(frame[None])[0])
        bordered = eyes.framed(grey)
        faces = reader.find(bordered)
        aligned.append(reader.probabilities(reader.crop(bordered, faces[0])[None])[0] if faces else whole[-1])
    return np.stack(whole), np.stack(aligned)


def judged(reader: FaceReader, encoded: Sequence[bytes], labels: NDArray[np.int64]) -> dict[str, Any]:
    """The card's numbers for one set of pictures, in both framings."""
    whole, aligned = whole_and_aligned(reader, encoded)
    return {"whole": report(whole, labels), "aligned": report(aligned, labels)}


def laboratory(data: Path) -> tuple[list[bytes], NDArray[np.int64]]:
    """All of CK+, none of which is trained on."""
    table = parquet.read_table(data / "face" / "face_ck48.parquet", columns=["image", "label"])
    labels = [EMOTIONS.index(word) for word in table["label"].to_pylist()]
    return table["image"].to_pylist(), np.array(labels, np.int64)


def results(reader: FaceReader, data: Path) -> dict[str, Any]:
    """Every set that the card reports."""
    sets = {"ferplus_val": ("ferplus", "val"), "ferplus_test": ("ferplus", "test"), "rafdb_val": ("rafdb", "val")}
    found = {
        key: judged(reader, packs.images(data, *which), packs.opinions(data, *which)[0]) for key, which in sets.items()
    }
    if (data / "face" / "face_ck48.parquet").exists():
        found["ck48"] = judged(reader, *laboratory(data))
    return found


def packs_used(data: Path) -> list[dict[str, Any]]:
    """How many pictures of each pack went where; parts of a pack that are not trained on count as 0."""
    used = []
    for name in packs.FILES:
        table = parquet.read_table(packs.file_of(data, name), columns=["split"])
        parts = table["split"].to_pylist()
        counts = {part: parts.count(part) for part in ("train", "val", "test")}
        used.append({"name": TITLES[name], "licence": LICENCES[name], **counts})
    return used


def describe(run: Path, data: Path) -> dict[str, Any]:
    """The whole card, with everything measured anew."""
    notes = learning.note(run)
    network, epoch = network_of(run / "best.pt")
    content = WEIGHTS.read_bytes()
    with FaceReader(Detector(eyes.CONFIDENCE), open_session(WEIGHTS), {}) as reader:
        measured = results(reader, data)
    framings = {TITLES[n]: eyes.framing_of(eyes.points_of(data, n, "train", run)) for n in packs.FILES}
    plan = notes["plan"]
    return {
        "name": "LERA face reader",
        "summary": SUMMARY,
        "emotions": list(EMOTIONS),
        "file": WEIGHTS.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {"name": "grey", "shape": ["batch", 1, SIDE, SIDE], "type": "float32", "range": [0, 1]},
        "output": {"name": "probabilities", "shape": ["batch", len(EMOTIONS)], "type": "float32", "sum": 1},
        "intended_use": USE,
        "limits": LIMITS,
        "results": measured,
        "calibration": {
            "how": "Training makes the classes equal (logit adjustment for each pack's own prior). A share of the "
            "common log prior is added back and the logits are divided by a temperature; both were fitted on "
            "validation pictures of both packs and are part of the ONNX file.",
            "temperature": round(notes["temperature"], 4),
            "prior_share": round(notes["prior_share"], 4),
        },
        "data": packs_used(data),
        "split": "Splits are those of the prepared packs, from which near-duplicates across splits had been removed; "
        "FER+ numbers are therefore not comparable with papers that use the original, contaminated split. Test "
        "pictures trained nothing, tuned nothing and chose nothing. No picture is shipped, only weights and numbers.",
        "framing": {
            "how": "Live crops turn the face until the eyes are level and put them at a fixed place and distance, in "
            "shares of the crop's side. Half of the training crops are framed like that by our own detector, half are "
            "the pack's picture; both are jittered in scale, place and angle. What our detector sees in the training "
            "pictures (medians):",
            "eye_distance": EYE_DISTANCE,
            "eye_height": EYE_HEIGHT,
            "packs": {name: {k: round(v, 4) for k, v in one.items()} for name, one in framings.items()},
        },
        "network": {
            "network": "residual network with squeeze-and-excitation (He 2016, Hu 2018)",
            "widths": ", ".join(map(str, network.sizes.widths)),
            "blocks": ", ".join(map(str, network.sizes.depths)),
            "parameters": f"{sum(p.numel() for p in network.parameters()):,}",
        },
        "training": {
            "start": "from scratch, no pretraining",
            "targets": "shares of the annotators' votes (FER+), labels smoothed by 0.1 (RAF-DB)",
            "epochs": f"{plan['epochs']}, of which {epoch} validated best",
            "optimizer": f"SGD with Nesterov momentum {plan['momentum']}, rate {plan['rate']}, decay {plan['decay']}, "
            f"batch {plan['batch']}, averaged weights {plan['average']}",
            "augmentation": "jitter of the framing, mirror, gamma, light from a side, blur, coarse sampling, grain, "
            "blocks, cutout",
            "precision": "bf16 autocast on the CPU",
            "this_run": notes.get("history", "in one go, just as the command does it"),
        },
        "command": COMMAND,
        "reproduction": "It takes about an hour on two CPU cores. Another processor or another number of threads adds "
        "up in another order, so the weights differ in the last digits and the results by the chance of a run.",
    }


def main(arguments: list[str] | None = None) -> int:
    """Measures and writes `model/weights/face.json` and `face.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds face/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder of the training run")
    options = parser.parse_args(arguments)
    made = describe(options.run, options.data)
    card.write(made)
    for key, views in made["results"].items():
        for view, one in views.items():
            numbers = " ".join(f"{n} {one[n]:.4f}" for n in card.NUMBERS)
            print(f"{key} {view}: {numbers} ({one['pictures']} pictures)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
