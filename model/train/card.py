"""The face reader's model card for people, made from the one for machines: `python -m model.train.card`.

What a card says follows Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from model.emotions import EMOTIONS

JSON: Final = Path(__file__).parents[1] / "weights" / "face.json"
MARKDOWN: Final = JSON.with_suffix(".md")

NUMBERS: Final = ("accuracy", "uar", "macro_f1", "calibration_error")
SETS: Final = {
    "ferplus_test": "FER+ test: judged once, chose nothing",
    "ferplus_val": "FER+ validation: chose checkpoint and calibration",
    "rafdb_val": "RAF-DB validation: chose checkpoint and calibration",
    "ck48": "CK+ (posed, in a laboratory): never trained on; it has no neutral pictures",
}


def write(card: dict[str, Any]) -> None:
    """Writes both cards into `model/weights/`."""
    JSON.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    MARKDOWN.write_text(markdown(card), encoding="utf-8", newline="\n")


def markdown(card: dict[str, Any]) -> str:
    """The card as Markdown. Everything that it says is in `card`."""
    parts = [
        f"# {card['name']}",
        "*Made from `face.json` by `python -m model.train.card`; change that, not this.*",
        card["summary"],
        "## Use",
        _bullets(card["intended_use"]),
        "## Limits",
        _bullets(card["limits"]),
        "## Results",
        "Accuracy is the share of right answers. UAR is the mean recall of the classes, which counts rare ones as much "
        "as common ones. ECE is how far the probability of the top answer is from how often it is right (15 bins). "
        "*Whole* is the packs' picture as it is; *aligned* is what runs live: our detector finds the face in it and "
        "cuts it out (the whole picture where it finds none).",
        _results(card["results"]),
        *(_classes(key, card["results"][key]["aligned"]) for key in SETS if key in card["results"]),
        "## Calibration",
        card["calibration"]["how"],
        f"Temperature {card['calibration']['temperature']}, share of the prior {card['calibration']['prior_share']}.",
        "## Data",
        _data(card["data"]),
        card["split"],
        "## Framing",
        _framing(card["framing"]),
        "## Network and training",
        _facts(card["network"] | card["training"]),
        "## Make it again",
        f"```\n{card['command']}\n```",
        card["reproduction"],
        f"`{card['file']}`: {card['bytes']:,} bytes, SHA-256 `{card['sha256']}`.",
    ]
    return "\n\n".join(parts) + "\n"


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _results(results: dict[str, Any]) -> str:
    rows = [
        [SETS[key], view, f"{one['pictures']:,}", *(f"{one[name]:.3f}" for name in NUMBERS)]
        for key in SETS
        if key in results
        for view, one in results[key].items()
    ]
    return _table(["pictures", "framing", "number", "accuracy", "UAR", "macro-F1", "ECE"], rows)


def _classes(key: str, one: dict[str, Any]) -> str:
    """Recall of each class, and where the rest went."""
    rows = []
    for k, emotion in enumerate(EMOTIONS):
        kind, row = one["classes"][emotion], one["confusion"][k]
        if not kind["pictures"]:
            continue
        missed = sorted(((count, j) for j, count in enumerate(row) if j != k and count), reverse=True)[:2]
        mistakes = ", ".join(f"{EMOTIONS[j]} {count / kind['pictures']:.0%}" for count, j in missed)
        rows.append([emotion, f"{kind['pictures']:,}", f"{kind['recall']:.3f}", mistakes or "none"])
    title = f"### {SETS[key].split(':')[0]}, aligned"
    return f"{title}\n\n{_table(['class', 'pictures', 'recall', 'most often mistaken for'], rows)}"


def _data(packs: list[dict[str, Any]]) -> str:
    rows = [[p["name"], f"{p['train']:,}", f"{p['val']:,}", f"{p['test']:,}", p["licence"]] for p in packs]
    return _table(["pack", "train", "val", "test", "licence"], rows)


def _framing(framing: dict[str, Any]) -> str:
    rows = [
        [
            name,
            *(f"{one[part]:.3f}" for part in ("eye_distance", "eye_height", "eyes_to_mouth")),
            f"{one['tilt_degrees_90_percent']:.1f}°",
            f"{one['found']:.1%}",
        ]
        for name, one in framing["packs"].items()
    ]
    ours = ["our crop", f"{framing['eye_distance']:.3f}", f"{framing['eye_height']:.3f}", "", "0.0°", ""]
    head = ["training pictures", "between the eyes", "top to eyes", "eyes to mouth", "90 % tilt below", "face found"]
    return f"{framing['how']}\n\n{_table(head, [*rows, ours])}"


def _facts(facts: dict[str, Any]) -> str:
    return _bullets([f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()])


def main() -> int:
    """Writes `face.md` anew from `face.json`."""
    write(json.loads(JSON.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
