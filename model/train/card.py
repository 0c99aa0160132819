"""The face reader's model card for people and the README's table: `python -m model.train.card`.

Both are made from the card for machines. What a card says follows Mitchell et al., "Model Cards for Model Reporting",
FAT* 2019.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from model.train.tables import measurements, readme, table

JSON: Final = Path(__file__).parents[1] / "weights" / "face.json"
MARKDOWN: Final = JSON.with_suffix(".md")
README: Final = Path(__file__).parents[2] / "README.md"
MARKERS: Final = ("<!-- face reader: written by python -m model.train.card -->\n", "<!-- face reader: end -->")


def write(card: dict[str, Any]) -> None:
    """Writes both cards into `model/weights/`, and the README's table."""
    text = embedded(README.read_text(encoding="utf-8"), readme(card), MARKERS)
    JSON.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    MARKDOWN.write_text(markdown(card), encoding="utf-8", newline="\n")
    README.write_text(text, encoding="utf-8", newline="\n")


def embedded(text: str, content: str, markers: tuple[str, str]) -> str:
    """`text` with `content` between its two markers. Raises ValueError when it lacks one of them."""
    before, found, rest = text.partition(markers[0])
    _, ended, after = rest.partition(markers[1])
    if not (found and ended):
        raise ValueError(f"the text has no {markers[0].strip()} … {markers[1]}")
    return f"{before}{markers[0]}{content}\n{markers[1]}{after}"


def markdown(card: dict[str, Any]) -> str:
    """The card as Markdown. Everything that it says is in `card`."""
    parts = [
        f"# {card['name']}",
        "*Made from `face.json` by `python -m model.train.card`; change that, not this.*",
        card["summary"],
        "## Use",
        bullets(card["intended_use"]),
        "## Limits",
        bullets(card["limits"]),
        measurements(card),
        "## Calibration",
        card["calibration"]["how"],
        "Warmth {warmth}, rise {rise}, share of the prior {prior_share}, calm {calm}.".format_map(card["calibration"]),
        "## Data",
        _data(card["data"]),
        card["split"],
        "## Framing",
        _framing(card["framing"]),
        "## Network and training",
        _facts(card["network"] | card["training"]),
        "## Tried",
        bullets(card["tried"]),
        "## Make it again",
        f"```\n{card['command']}\n```",
        card["reproduction"],
        f"`{card['file']}`: {card['bytes']:,} bytes, SHA-256 `{card['sha256']}`.",
    ]
    return "\n\n".join(parts) + "\n"


def bullets(lines: list[str]) -> str:
    """Lines as a list."""
    return "\n".join(f"- {line}" for line in lines)


def _data(packs: list[dict[str, Any]]) -> str:
    rows = [[p["name"], f"{p['train']:,}", f"{p['val']:,}", f"{p['test']:,}", p["licence"]] for p in packs]
    return table(["pack", "train", "val", "test", "licence"], rows)


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
    return f"{framing['how']}\n\n{table(head, [*rows, ours])}"


def _facts(facts: dict[str, Any]) -> str:
    return bullets([f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()])


def main() -> int:
    """Writes `face.md` and the README's table anew from `face.json`."""
    write(json.loads(JSON.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
