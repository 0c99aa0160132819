"""The voice reader's model card for people, and the README's table, made from the card for machines:
`python -m model.train.voice.card`.

What a card says follows Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from model.train.card import README, bullets, embedded
from model.train.tables import table

JSON: Final = Path(__file__).parents[2] / "weights" / "voice.json"
MARKDOWN: Final = JSON.with_suffix(".md")
MARKERS: Final = ("<!-- voice reader: written by python -m model.train.voice.card -->\n", "<!-- voice reader: end -->")

ALONE: Final = "LERA, by the clip alone"
BESIDE: Final = "LERA, beside a minute of the speaker"
ODD_ALONE: Final = "the same clips in made-up rooms, microphones and noise: by the clip alone"
ODD_BESIDE: Final = "the same clips in made-up rooms, microphones and noise: beside the speaker"
LINEAR: Final = "linear reader of log-mel statistics"
LINEAR_BESIDE: Final = "linear reader, beside a minute of the speaker"
COMMONEST: Final = "always the commonest"
SHOWN: Final = (ALONE, BESIDE, LINEAR, LINEAR_BESIDE)
NUMBERS: Final = {"war": "WAR", "uar": "UAR", "macro_f1": "macro-F1", "calibration_error": "ECE"}
SETS: Final = {
    "ravdess_test": "RAVDESS test (English, 2 actors): judged, chose nothing",
    "nemo_test": "nEMO test (Polish, 1 speaker, no disgust): judged, chose nothing",
    "ased_test": "ASED test (Amharic, 6 speakers, five emotions): judged, chose nothing; its sentences give the "
    "emotions away, so it flatters",
    "ravdess_val": "RAVDESS validation (2 actors): chose settings and calibration",
    "nemo_val": "nEMO validation (1 speaker, five emotions): chose settings and calibration",
    "ased_val": "ASED validation (7 speakers): chose settings and calibration; flatters, too",
}
PACKS: Final = {
    "ravdess": ("RAVDESS (English, acted, two sentences)", "CC BY-NC-SA 4.0"),
    "nemo": ("nEMO (Polish, acted, 90 sentences)", "CC BY-NC-SA 4.0"),
    "ased": ("ASED (Amharic, acted, 27 sentences)", "none stated"),
    "tess": ("TESS (English, one young actress), 700 of its clips", "CC BY-NC-ND 4.0"),
}
PROSE: Final[dict[str, Any]] = {
    "summary": "Reads how something is said, whatever the words are: speech in (16 kHz, mono), seven probabilities out "
    "(happiness, sadness, neutral, anger, surprise, disgust, fear). It names what the voice expresses, as actors were "
    "told to express it; it does not know what the speaker feels. Sound is scored and dropped: nothing stores, logs "
    "or sends it.",
    "intended_use": [
        "Meant for the streamer's own voice, with the streamer's consent, as one part of a live mood.",
        "Not meant for judging persons: no hiring, schooling, policing, health, insurance or lie detection.",
        "The training speech is for non-commercial use or states no licence; whether weights trained on it may be used "
        "commercially is an open question, so ask before you try.",
    ],
    "limits": [
        "All training speech is acted, in English, Polish and Amharic. Real feelings in a stream are weaker and mixed, "
        "and how well they are read was not measured.",
        "It is judged on nine people. An interval in the table tells of other clips of the same people, not of other "
        "people, where results differ more.",
        "In ASED nearly each sentence belongs to one emotion, so its numbers flatter. Disgust was learnt from English "
        "alone, surprise from English and Polish; answering an emotion that a set doesn't have counts as wrong.",
        "By the clip alone some people are read badly, as the one of nEMO's test part: their usual voice is taken for "
        "a mood. The listener therefore lowers its quality until it knows the speaker.",
        "Music, game sound and other voices on the same microphone are read as if they were the speaker's. A singing "
        "voice was not learnt.",
        "Beside a minute of the speaker's own speech it hears what is unusual for them. Who is angry for that minute "
        "is taken to sound so.",
        "Children and old people were not among the speakers.",
    ],
    "pretrained": "The first two layers of the speaker encoder that Resemblyzer 0.1.4 ships (Apache-2.0; trained on "
    "LibriSpeech and VoxCeleb) are part of the file, unchanged. Training fetches them out of the package and checks "
    "their SHA-256; nothing is fetched at run time.",
    "split": "Splits are those of the packs; no speaker is in two of them. Test clips trained nothing, tuned nothing "
    "and chose nothing. No sound is shipped, only weights and numbers.",
    "command": "python -m model.train.voice --data ../shared/data",
    "reproduction": "Another processor adds up in another order, so the weights differ in the last digits and the "
    "results by the chance of a run.",
}
TRAINING: Final = {
    "network": "encoder (two LSTM layers of 256), mean and deviation over time of the upper one's units, then "
    " small networks with one hidden layer whose answers are averaged: some read the clip alone, others how it "
    "differs from the speaker's usual",
    "augmentation": "seven made-up versions of each clip: cut to 1 to 2.6 s, faster or slower, in rooms, with other "
    "microphones, noise, other voices, gain control, saturation and 8-bit companding; mixed examples",
    "drawing": "packs by shares (RAVDESS .32, nEMO .36, ASED .20, TESS .12), all emotions of a pack alike, speakers by "
    "the root of how much they said",
    "speaker": "12 to 40 of the speaker's clips in the same session, emotions by chance",
}


def write(card: dict[str, Any]) -> None:
    """Writes both cards into `model/weights/`, and the README's table."""
    text = embedded(README.read_text(encoding="utf-8"), readme(card), MARKERS)
    JSON.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    MARKDOWN.write_text(markdown(card), encoding="utf-8", newline="\n")
    README.write_text(text, encoding="utf-8", newline="\n")


def short(key: str) -> str:
    """A set's name without its history."""
    return SETS[key].split(":")[0]


def readme(card: dict[str, Any]) -> str:
    """The README's table: the sets that only judge, ours and the linear reader."""
    rows = []
    for key, readers in card["results"].items():
        if key.endswith("_test"):
            rows += [[short(key), f"{readers[name]['clips']:,}", name, *_numbers(readers[name])] for name in SHOWN]
    return table(["clips", "number", "reader", *NUMBERS.values(), "UAR, 95 % of draws"], rows)


def _numbers(one: dict[str, Any]) -> list[str]:
    low, high = one["uar_95"]
    return [*(f"{one[field]:.3f}" for field in NUMBERS), f"{low:.3f} to {high:.3f}"]


def measurements(card: dict[str, Any]) -> str:
    """Every section that `model.train.voice.evaluate` measures."""
    return "\n\n".join(
        [
            "## Results",
            "WAR is the share of right answers, UAR the mean recall of the classes, ECE how far the probability of the "
            "top answer is from how often it is right (15 bins). The last column is where the UAR of 95 % of 1,000 "
            "draws of the clips with replacement lies. *Beside a minute of the speaker* means that 25 of the same "
            "speaker's clips, by chance and without their labels, told what is usual for them.",
            "\n".join(f"- {name}" for name in SETS.values()),
            table(
                ["clips", "number", "reader", *NUMBERS.values(), "UAR, 95 % of draws"],
                [
                    [short(key), f"{one['clips']:,}", name, *_numbers(one)]
                    for key, readers in card["results"].items()
                    for name, one in readers.items()
                ],
            ),
            *(_classes(key, readers) for key, readers in card["results"].items()),
            "## Key segments",
            f"{card['moments']['stretches']} stretches of 8 s, each of one validation speaker in one mood, read in "
            "windows of 2.5 s. UAR and how surprising the truth is (nats, less is better) when these windows count:",
            _moments(card["moments"]["rules"]),
        ]
    )


def _classes(key: str, readers: dict[str, Any]) -> str:
    rows = []
    for name, kind in readers[ALONE]["classes"].items():
        if kind["clips"]:
            recalls = [f"{readers[reader]['classes'][name]['recall']:.3f}" for reader in SHOWN]
            rows.append([name, f"{kind['clips']:,}", *recalls])
    return f"### {short(key)}\n\n{table(['recall of', 'clips', *SHOWN], rows)}"


def _moments(rules: dict[str, Any]) -> str:
    sets = list(next(iter(rules.values()))["uar"])
    rows = [
        [name, *(f"{one['uar'][key]:.3f}" for key in sets), f"{one['surprise']:.3f}"] for name, one in rules.items()
    ]
    return table(["what counts", *(f"UAR {key}" for key in sets), "surprise"], rows)


def markdown(card: dict[str, Any]) -> str:
    """The card as Markdown. Everything that it says is in `card`."""
    calibration = card["calibration"]
    parts = [
        f"# {card['name']}",
        "*Made from `voice.json` by `python -m model.train.voice.card`; change that, not this.*",
        card["summary"],
        "## Use",
        bullets(card["intended_use"]),
        "## Limits",
        bullets(card["limits"]),
        measurements(card),
        "## Calibration",
        calibration["how"],
        f"Temperatures {calibration['temperature_clip']} and {calibration['temperature_speaker']}.",
        "## Data",
        table(
            ["pack", "train", "val", "test", "licence"],
            [[p["name"], *(f"{p[part]:,}" for part in ("train", "val", "test")), p["licence"]] for p in card["data"]],
        ),
        card["split"],
        "## Origin of the weights",
        card["pretrained"],
        "## Training",
        bullets([f"{name}: {value}" for name, value in card["training"].items()]),
        "## Make it again",
        f"```\n{card['command']}\n```",
        card["reproduction"],
        f"`{card['file']}`: {card['bytes']:,} bytes, SHA-256 `{card['sha256']}`.",
    ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Writes `voice.md` and the README's table anew from `voice.json`."""
    write(json.loads(JSON.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
