"""What was measured of the face reader, as Markdown: for the terminal, the card and the README alike."""

from typing import Any, Final

from model.emotions import EMOTIONS

NUMBERS: Final = {
    "accuracy": "accuracy (WAR)",
    "uar": "UAR",
    "macro_f1": "macro-F1",
    "calibration_error": "ECE",
    "neutral_as_emotion": "neutral as emotion",
}
SETS: Final = {
    "ferplus_test": "FER+ test: judged only, chose nothing",
    "ferplus_val": "FER+ validation: chose checkpoint and calibration",
    "rafdb_val": "RAF-DB validation: chose checkpoint and calibration",
    "muxspace_test": "muxspace test (one student's labels, not filtered): judged only",
    "muxspace_val": "muxspace validation (one student's labels, not filtered): chose checkpoint and calibration",
    "ck_val": "CK+ validation (posed, in a laboratory, no neutral): chose checkpoint and calibration",
}
BASELINES: Final = {"linear": "linear reader", "commonest": "always the commonest"}


def table(head: list[str], rows: list[list[str]]) -> str:
    """Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def short(key: str) -> str:
    """A set's name without its history."""
    return SETS[key].split(":")[0].split(" (")[0]


def measurements(card: dict[str, Any]) -> str:
    """Every section that `model.train.evaluate` measures."""
    results = card["results"]
    return "\n\n".join(
        [
            "## Results",
            "Accuracy is the share of right answers. UAR is the mean recall of the classes, which counts rare ones as "
            "much as common ones. ECE is how far the probability of the top answer is from how often it is right (15 "
            "bins). *Neutral as emotion* is the share of neutral faces that are answered as anything else. *Whole* is "
            "the packs' picture as it is; *aligned* is what runs live: our detector finds the face in it and cuts it "
            "out (the whole picture where it finds none).",
            "\n".join(f"- {name}" for name in SETS.values()),
            _results(card),
            "The *linear reader* is logistic regression on 24x24 pixels and gradient histograms, fitted on the whole "
            "training pictures of FER+ and RAF-DB; the last one answers the training pictures' shares, always.",
            *(_classes(key, results[key]["aligned"]) for key in SETS if key in results),
            "## By group",
            "Aligned, by what our detector and the picture say. Small groups are uncertain, and those without all "
            "seven classes have no comparable UAR.",
            *(_groups(key, one) for key, one in card["groups"].items()),
            "## Clips",
            card["clip"]["how"],
            _clip(card["clip"]),
            "## Certainty",
            card["certainty"]["how"],
            _certainty(card["certainty"]),
            "## Resting faces",
            card["resting"]["how"],
            _resting(card["resting"]),
        ]
    )


def readme(card: dict[str, Any]) -> str:
    """The README's table: aligned, beside the baselines."""
    rows = []
    for key, views in card["results"].items():
        others = [card["baselines"][name][key]["aligned"] for name in BASELINES]
        compared = [f"{one['accuracy']:.3f} / {one['uar']:.3f}" for one in others]
        rows.append([short(key), f"{views['aligned']['pictures']:,}", *_numbers(views["aligned"]), *compared])
    head = ["pictures", "number", *NUMBERS.values(), *(f"{name}: WAR / UAR" for name in BASELINES.values())]
    return table(head, rows)


def _numbers(one: dict[str, Any]) -> list[str]:
    return ["" if one[name] is None else f"{one[name]:.3f}" for name in NUMBERS]


def _results(card: dict[str, Any]) -> str:
    rows = []
    for key in card["results"]:
        for view, one in card["results"][key].items():
            rows.append([short(key), view, f"{one['pictures']:,}", "this reader", *_numbers(one)])
            for name, title in BASELINES.items():
                rows.append([short(key), view, "", title, *_numbers(card["baselines"][name][key][view])])
    return table(["pictures", "framing", "number", "reader", *NUMBERS.values()], rows)


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
    return f"### {short(key)}, aligned\n\n{table(['class', 'pictures', 'recall', 'most often mistaken for'], rows)}"


def _groups(key: str, kinds: dict[str, Any]) -> str:
    rows = [
        [kind, name, f"{one['pictures']:,}", *_numbers(one)]
        for kind, found in kinds.items()
        for name, one in found.items()
    ]
    return f"### {short(key)}\n\n{table(['by', 'group', 'pictures', *NUMBERS.values()], rows)}"


def _clip(clip: dict[str, Any]) -> str:
    counts = [f"{k} odd ({share:.0%} of the weight)" for k, share in enumerate(clip["weight_of_newest"], 1)]
    rows = [
        [kind, name, *(f"{share:.1%}" for share in shares)]
        for kind, each in clip["flipped"].items()
        for name, shares in each.items()
    ]
    rest = ", ".join(
        f"{name}: {clip['accuracy'][name]:.1%} right undisturbed, delay {clip['delay'][name]:.1f} looks"
        for name in clip["accuracy"]
    )
    flips = table(["odd looks are of", "centre", *counts], rows)
    head = f"Labels flipped, of {clip['clips']} clips, rare emotions as often as common ones where there are enough:"
    return f"{head}\n\n{flips}\n\n{rest}."


def _certainty(certainty: dict[str, Any]) -> str:
    kept = [
        [f"{one['coverage']:.0%}", f"{one['top_probability']:.2f}", f"{one['accuracy']:.3f}"]
        for one in certainty["kept"]
    ]
    steps = [[f"{one['from']:.1f}", f"{one['pictures']:,}", f"{one['accuracy']:.3f}"] for one in certainty["steps"]]
    crowds = [[name, f"{one['distance']:.3f}", f"{one['leader']:.1%}"] for name, one in certainty["crowds"].items()]
    low, high = certainty["ends"]
    return "\n\n".join(
        [
            table(["top probability from", "pictures", "accuracy"], steps),
            table(["kept", "top probability at least", "accuracy"], kept),
            table(["answers weighed", "distance", "leader right"], crowds),
            f"The agent's ramp goes from {low} (does not count) to {high} (counts in full).",
        ]
    )


def _resting(resting: dict[str, Any]) -> str:
    rows = []
    for name, one in resting["sets"].items():
        for number in ("accuracy", "neutral_as_emotion"):
            if number in one:
                change, low, high = (f"{100 * value:+.1f}" for value in one[number]["change"])
                pair = [f"{one[number][which]:.3f}" for which in ("without", "with")]
                people = [name, f"{one['people']}", f"{one['pictures']:,}"]
                rows.append([*people, NUMBERS[number], *pair, f"{change} points ({low} to {high})"])
    return table(["people of", "people", "pictures", "number", "without", "with", "change"], rows)
