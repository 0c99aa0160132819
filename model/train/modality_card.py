"""What the comparison of modalities says, for people: `weights/modalities.md` and the README's table.

Both are made from `weights/modalities.json`: `python -m model.train.modality_card`.
"""

import json
import sys
from typing import Any, Final

from model.modalities import CARD, WORDS
from model.train.card import README, bullets, embedded
from model.train.tables import table

MARKDOWN: Final = CARD.with_suffix(".md")
MARKERS: Final = ("<!-- fusion: written by python -m model.train.modality_card -->\n", "<!-- fusion: end -->")
ROWS: Final = {
    "face": "face only",
    "voice": "voice only",
    "early": "early: features side by side",
    "towers": "towers side by side",
    "late": "late: answers pooled, rule chosen on validation actors",
    "tensor_train": "tensor train, rank 8",
}
VIEWS: Final = {
    "folds": "Held-out actors, all 18 of the training and validation parts in turn",
    "person": "The same, with each actor's own mean and deviation taken out",
    "test": "The official test part: two actors, judged once",
}
PROSE: Final[dict[str, Any]] = {
    "name": "Fusion of face, voice and words",
    "summary": "Whether reading face and voice of a person together beats the better one of both, measured on actors "
    "that no network has met, and the rule by which LERA pools a streamer's face, voice and words live.",
    "limits": [
        "RAVDESS is acted, in a studio, with two sentences; its words say nothing. How much fusion helps with people "
        "who play and talk was not measured: no such recordings with labels of the seven are at hand.",
        "The face is OpenFace's action units here and the voice its statistics, so that every network could be trained "
        "anew on every split. Live, the shipped readers of face and voice answer instead. The rule's weights carry "
        "over as far as the two are as reliable, one beside the other, as here.",
        f"The weight of words is a judgement: {WORDS} of the lighter one of face and voice. The chat reader's UAR on "
        "lines of a TV series is .38 with every word right, a recogniser gets many words wrong, and most of what is "
        "said in play tells no emotion.",
        "The actors' own mean, in the second table, is taken over all their takes, in which emotions are equally "
        "frequent. A minute of real speech is less even, so live it will help less.",
        "Two test actors are few: the interval there is over their takes and says nothing of other people. The "
        "interval over 18 actors is the one to trust.",
    ],
    "method": [
        "takes: RAVDESS speech, video and sound of the same take joined by file name; calm counts as neutral",
        "face: 35 mean action units; voice: 214 statistics of melody, loudness, timbre and their movement, without the "
        "recording's level",
        "networks: towers of one hidden layer (64 units alone or early, 32 each else), dropout, AdamW, 30 epochs; "
        "nothing was tuned on the test part",
        "tensor train: [1; face] x [1; voice], 33 x 33 inputs, 32 outputs, through cores of the given rank",
        "late: the two single networks' answers pooled by the rule of `model/modalities.py`; weights, pooling, "
        "confidence and reinforcement with the least log loss on the fold's three validation actors",
        "each seed cuts the actors into six threes anew and starts every network anew; twelve actors train, three "
        "choose, three judge",
        "intervals: 95 %, 4,000 draws of actors (of takes on the test part), of the mean over seeds; differences are "
        "paired, and from the single modality that does better on those very takes. Over seeds: "
        "half the 95 % interval of the mean over seeds alone (Student's t)",
    ],
    "command": "python -m model evaluate fusion --data ../shared/data --write",
}


def write(card: dict[str, Any]) -> None:
    """Writes both cards into `model/weights/`, and the README's table."""
    text = embedded(README.read_text(encoding="utf-8"), readme(card), MARKERS)
    CARD.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    MARKDOWN.write_text(markdown(card), encoding="utf-8", newline="\n")
    README.write_text(text, encoding="utf-8", newline="\n")


def markdown(card: dict[str, Any]) -> str:
    """The card as Markdown. Everything that it says is in `card`."""
    parts = [
        f"# {card['name']}",
        "*Made from `modalities.json` by `python -m model.train.modality_card`; change that, not this.*",
        card["summary"],
        measurements(card),
        "## Limits",
        bullets(card["limits"]),
        "## Method",
        bullets(card["method"]),
        "## Make it again",
        f"```\n{card['command']}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def measurements(card: dict[str, Any]) -> str:
    """All tables."""
    parts = ["## Results", f"{card['seeds']} seeds. UAR is the mean recall of the seven; chance is .143."]
    for view, title in VIEWS.items():
        rows = [
            [ROWS[name], _span(one["uar"]), f"{one['uar_over_seeds']:.3f}", _span(one["accuracy"])]
            for name, one in card["results"][view].items()
        ]
        gained = [
            [name.replace("_", " "), *(_span(one[key], signed=True) for key in ("uar", "accuracy"))]
            for name, one in card["differences"][view].items()
        ]
        parts += [
            f"### {title}",
            table(["", "UAR (95 %)", "± over seeds", "accuracy (95 %)"], rows),
            table(["difference", "UAR (95 %)", "accuracy (95 %)"], gained),
        ]
    return "\n\n".join([*parts, verdict(card), *_ablation(card), *_rule(card)])


def verdict(card: dict[str, Any]) -> str:
    """In words: whether fusion beats the best single modality, and which fusion won."""
    found = card["results"]["folds"]
    best = best_single(card)
    fusions = [name for name in found if name not in ("face", "voice")]
    won = max(fusions, key=lambda name: found[name]["uar"][0])
    gain = card["differences"]["folds"][f"{won} - {best}"]["uar"]
    said = "beats" if gain[1] > 0 else "does not certainly beat"
    apart = card["differences"]["folds"]["tensor_train - late"]["uar"]
    clear = "a difference that shows" if apart[1] > 0 or apart[2] < 0 else "no difference that shows"
    return (
        f"The best fusion on held-out actors, {ROWS[won].split(':')[0].split(',')[0]}, {said} the best single "
        f"modality ({best}) by {_span(gain, signed=True)} UAR. Tensor train minus late is {_span(apart, signed=True)}: "
        f"{clear}. Live, the answers of readers that were trained apart are fused, without features in common, so "
        "the late rule runs there."
    )


def best_single(card: dict[str, Any]) -> str:
    """The modality to beat, by the folds."""
    found = card["results"]["folds"]
    return max(("face", "voice"), key=lambda name: float(found[name]["uar"][0]))


def _ablation(card: dict[str, Any]) -> list[str]:
    rows = []
    for name, scores in card["ablation"].items():
        count = card["parameters"].get(name)
        rows.append(
            [ROWS.get(name, name), f"{count:,}" if count else "", *(f"{value:.3f}" for value in scores.values())]
        )
    conditions = list(next(iter(card["ablation"].values())))
    return [
        "## Ablation",
        "UAR on held-out actors, when something is missing or noise while judging. Missing: the networks see the "
        "training mean, the late rule the other modality alone. Noise: random features, of which nobody is told.",
        table(["", "parameters", *conditions], rows),
    ]


def _rule(card: dict[str, Any]) -> list[str]:
    rule = card["rule"]
    weights = ", ".join(f"{name} {value:g}" for name, value in rule["weights"].items())
    sure = (f"late: confidence {word}" for word in ("always counts", "does not count"))
    with_it, without = (card["ablation"][name]["both"] for name in sure)
    again = with_it - without
    counts = "counts" if rule["confidence"] else "does not count"
    quarters = [[f"{one['disagreement']:.3f}", f"{one['accuracy']:.3f}"] for one in card["agreement"]]
    return [
        "## The rule that runs live",
        f"Pooling {rule['pooling']}; weights {weights}; confidence {counts}; reinforcement "
        f"{rule['reinforcement']:g}; doubt {rule['doubt']:g}. Chosen on the validation actors of all folds and seeds "
        "together; words by judgement.",
        "In a product an answer that says little moves little, so each one weighs by its own certainty already; to "
        f"weigh by it once more changes UAR by {again:+.3f} on held-out actors (ablation).",
        "Face and voice that disagree are wrong more often. Takes by quarters of disagreement:",
        table(["disagreement", "accuracy of the fused answer"], quarters),
    ]


def readme(card: dict[str, Any]) -> str:
    """The README's table."""
    best = best_single(card)
    rows = []
    for name, title in ROWS.items():
        folds, test, person = (card["results"][view][name] for view in ("folds", "test", "person"))
        gain = card["differences"]["folds"].get(f"{name} - {best}")
        rows.append(
            [
                title,
                _span(folds["uar"]),
                _span(folds["accuracy"]),
                _span(gain["uar"], signed=True) if gain else "",
                f"{person['uar'][0]:.3f}",
                _span(test["uar"]),
            ]
        )
    head = ["RAVDESS, actors apart", "UAR (95 %)", "accuracy (95 %)", f"UAR minus {best} only"]
    return table([*head, "UAR, normalised by person", "UAR, two test actors"], rows)


def _span(line: list[float], signed: bool = False) -> str:
    mean, low, high = (f"{value:+.3f}" if signed else f"{value:.3f}" for value in line)
    return f"{mean} ({low} to {high})"


def main() -> int:
    """Writes `modalities.md` and the README's table anew from `modalities.json`."""
    write(json.loads(CARD.read_text(encoding="utf-8")) | PROSE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
