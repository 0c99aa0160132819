"""Where the shipped face weights come from, for their card: data, framing, network, training, calibration."""

from pathlib import Path
from typing import Any

from model.emotions import EMOTIONS
from model.face import SIDE, WEIGHTS
from model.framing import EYE_DISTANCE, EYE_HEIGHT
from model.train import eyes, learning, packs
from model.train.notes import note
from model.train.statements import COMMAND, LICENCES, TITLES


def packs_used(data: Path) -> list[dict[str, Any]]:
    """How many pictures of each pack went where."""
    used = []
    for name in packs.FILES:
        counts = {part: packs.rows(data, name, part, ["split"]).num_rows for part in ("train", "val", "test")}
        used.append({"name": TITLES[name], "licence": LICENCES[name], **counts})
    return used


def told(run: Path, data: Path) -> dict[str, Any]:
    """The parts of the card that only the run knows which the weights are of."""
    notes = note(run)
    network, epoch = learning.network_of(run / "best.pt")
    framings = {TITLES[n]: eyes.framing_of(eyes.points_of(data, n, "train", run)) for n in packs.FILES}
    plans = notes["plans"]
    integers = notes["integers"]
    return {
        "name": "LERA face reader",
        "emotions": list(EMOTIONS),
        "file": WEIGHTS.name,
        "input": {"name": "grey", "shape": ["batch", 1, SIDE, SIDE], "type": "float32", "range": [0, 1]},
        "output": {"name": "probabilities", "shape": ["batch", len(EMOTIONS)], "type": "float32", "sum": 1},
        "calibration": {
            "how": "Training makes the classes equal (logit adjustment for each pack's own prior). A share of the "
            "common log prior is added back, and neutral gets a little more (calm), so that at most 15 % of any pack's "
            "neutral faces are answered as an emotion and the rare ones are recalled as often as accuracy allows. The "
            "logits, averaged over a picture and its mirror image, are divided by a temperature whose logarithm is "
            "warmth + rise x fineness (how much of the picture's edges is its finest detail, as a logarithm). All four "
            "were fitted on validation pictures of the packs with all seven classes, and are part of the ONNX file.",
            "warmth": round(notes["warmth"], 4),
            "rise": round(notes["rise"], 4),
            "prior_share": round(notes["prior_share"], 4),
            "calm": round(notes["calm"], 4),
        },
        "data": packs_used(data),
        "split": "Splits are those of the prepared packs, from which near-duplicates across splits had been removed; "
        "FER+ numbers are therefore not comparable with papers that use the original, contaminated split. Test "
        "pictures trained nothing, tuned nothing and chose nothing. No picture is shipped, only weights and numbers.",
        "framing": {
            "how": "Live crops turn the face until the eyes are level and put them at a fixed place and distance, in "
            f"shares of the crop's side. Of the training crops {plans[-1]['whole']:.0%} are the pack's picture, "
            "the others are framed as live ones are, by our own detector; all are jittered in scale, place and angle. "
            "What our detector sees in the training pictures (medians):",
            "eye_distance": EYE_DISTANCE,
            "eye_height": EYE_HEIGHT,
            "packs": {name: {k: round(v, 4) for k, v in one.items()} for name, one in framings.items()},
        },
        "network": {
            "network": "the trunk of dlib's face recognition network (public domain), read at several depths by one "
            "linear layer",
            "widths": ", ".join(map(str, network.sizes.widths)),
            "parameters": f"{sum(p.numel() for p in network.parameters()):,}",
            "integers": "shipped in 8-bit integers, which give the answer of the exact network to "
            f"{integers['same_answer']:.2%} of the validation pictures",
        },
        "training": {
            "targets": f"shares of the annotators' votes (FER+), labels smoothed by {packs.SMOOTHING} (the others)",
            "optimizer": "AdamW, half a cosine, averaged weights; the earlier a layer, the lower its rate",
            **{f"round_{number}": _plan(plan) for number, plan in enumerate(plans, 1)},
            **_teaching(notes),
            "checkpoint": f"of epoch {epoch} of the last round, which validated best"
            if epoch
            else "the weights that shipped before",
            "augmentation": "jitter of the framing, mirror, and what `model/train/augment.py` does to a webcam picture",
            "precision": "bf16 autocast on the CPU",
            "this_run": notes.get("history", "in one go, just as the command does it"),
        },
        "command": COMMAND,
        "reproduction": "It takes some hours on two CPU cores and goes on where it was stopped. Another processor or "
        "another number of threads adds up in another order, so the weights differ in the last digits and the results "
        "by the chance of a run.",
    }


def _teaching(notes: dict[str, Any]) -> dict[str, str]:
    """What the card says of teacher and distillation; nothing when the weights learnt from no teacher."""
    if "distillation" not in notes:
        return {}
    share = notes["distillation"]["share"]
    return {
        "teacher": f"the network of round 2, trained on for crops of {notes['teacher']['side']} pixels: "
        + _plan({name: value for name, value in notes["teacher"].items() if name != "side"}),
        "distillation": f"{share:.0%} of the last round's targets are what teacher and the network of round 2 say "
        "together (mean logits) of the picture seen whole and framed, in fair weather; it starts from round 2",
    }


def _plan(plan: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in plan.items())
