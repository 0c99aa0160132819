"""Does fusion help? `python -m model evaluate fusion --data ../shared/data` answers it on RAVDESS, actors apart.

Face (OpenFace's action units) and voice (statistics of the sound) of the same takes, alone and fused: early, side by
side behind the towers, by a tensor train, and late. Every seed cuts the 18 actors of the training and validation parts
anew into six threes: twelve train, three choose the late rule, three judge. The official test actors are only judged,
once, by networks of the official training part. Writes the card, the README's table and the rule that runs live.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from lera.errors import LeraError
from model.modalities import disagreement
from model.train import late_fusion, modality_card
from model.train.late_fusion import LIMITS
from model.train.modality_networks import Recipe, fit, parameters
from model.train.modality_scores import Drawn, difference, drawn, summary
from model.train.takes import Takes, read_takes

FOLDS: Final = 6
RECIPES: Final[dict[str, Recipe]] = {
    "face": Recipe("face"),
    "voice": Recipe("voice"),
    "early": Recipe("early"),
    "towers": Recipe("towers"),
    "tensor_train": Recipe("tensor_train"),
}
MORE: Final[dict[str, Recipe]] = {
    "tensor train, rank 2": Recipe("tensor_train", rank=2),
    "tensor train, rank 32": Recipe("tensor_train", rank=32),
    "tensor train, rank 8, 15 % of training takes without each": Recipe("tensor_train", missing=0.15),
}
FUSIONS: Final = ("early", "towers", "late", "tensor_train")
CONDITIONS: Final[dict[str, dict[str, str]]] = {
    "both": {},
    "without face": {"without": "face"},
    "without voice": {"without": "voice"},
    "face is noise": {"noise": "face"},
    "voice is noise": {"noise": "voice"},
}
Answers = NDArray[np.float64]
Conditions = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Split:
    """Which takes train, choose and judge: places (N,) each. `fold` None is the official split."""

    seed: int
    fold: int | None
    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]


def splits(takes: Takes, seeds: int) -> list[Split]:
    """For each seed six folds of actors that are never in the official test part, and the official split.

    Raises LeraError when there are fewer than six such actors.
    """
    actors = np.unique(takes.actors[takes.splits != "test"])
    if len(actors) < FOLDS:
        raise LeraError(f"{FOLDS} folds need as many actors beside the test part, not {len(actors)}")
    official = [np.flatnonzero(takes.splits == part) for part in ("train", "val", "test")]
    found = []
    for seed in range(seeds):
        parts = np.array_split(np.random.default_rng(seed).permutation(actors), FOLDS)
        for fold in range(FOLDS):
            test, val = parts[fold], parts[(fold + 1) % FOLDS]
            train = np.setdiff1d(actors, np.concatenate((test, val)))
            found.append(
                Split(seed, fold, *(np.flatnonzero(np.isin(takes.actors, each)) for each in (train, val, test)))
            )
        found.append(Split(seed, None, *official))
    return found


@dataclass(frozen=True)
class Comparison:
    """All answers to takes that judge: (S, N, 7) for the N takes of `rows`."""

    takes: Takes
    cuts: list[Split]
    answers: dict[str, dict[str, Answers]]
    """Of each network and condition, for every split, whole: (splits, all takes, 7)."""

    def judged(
        self, name: str, condition: str, official: bool, part: str = "test"
    ) -> tuple[Answers, NDArray[np.int64]]:
        """A network's answers by seed (S, N, 7) to the takes that each split's `part` holds, and those takes (N,)."""
        mine = [(index, cut) for index, cut in enumerate(self.cuts) if (cut.fold is None) == official]
        rows = np.unique(np.concatenate([getattr(cut, part) for _, cut in mine]))
        place = np.zeros(len(self.takes), np.int64)
        place[rows] = np.arange(len(rows))
        told = np.zeros((max(cut.seed for _, cut in mine) + 1, len(rows), self.answers[name][condition].shape[2]))
        for index, cut in mine:
            which = getattr(cut, part)
            told[cut.seed, place[which]] = self.answers[name][condition][index, which]
        return told, rows

    def late(self, limits: dict[str, Any]) -> dict[str, Answers]:
        """The late fusion as one more network: each split's rule is chosen on its own validation takes."""
        face, voice = self.answers["face"], self.answers["voice"]
        found = {name: np.zeros_like(face["both"]) for name in face}
        for index, cut in enumerate(self.cuts):
            pair = (face["both"][index, cut.val], voice["both"][index, cut.val])
            rule = late_fusion.chosen(*pair, self.takes.labels[cut.val], limits)
            for name, told in found.items():
                # A missing one is not there: the other answers alone.
                sides = face[name][index], voice[name][index]
                alone = {"without face": sides[1], "without voice": sides[0]}
                told[index] = alone[name] if name in alone else late_fusion.together(rule, *sides)[0]
        return found

    def drawn(self, name: str, condition: str = "both", official: bool = False) -> Drawn:
        """Its scores: groups are actors, or the single takes of the two official test actors."""
        told, rows = self.judged(name, condition, official)
        return drawn(told, self.takes.labels[rows], rows if official else self.takes.actors[rows])


def compared(takes: Takes, recipes: dict[str, Recipe], seeds: int, conditions: Conditions) -> Comparison:
    """Trains every recipe on every split, answers under all `conditions`, and fuses late."""
    cuts = splits(takes, seeds)
    found: dict[str, dict[str, Answers]] = {}
    for name, recipe in recipes.items():
        trained = fit(recipe, takes, [cut.train for cut in cuts])
        held = [np.concatenate((cut.val, cut.test)) for cut in cuts]
        found[name] = {told: trained.probabilities(takes, held, **how) for told, how in conditions.items()}
        print(f"trained {name}, {len(cuts)} times", flush=True)
    comparison = Comparison(takes, cuts, found)
    found["late"] = comparison.late({})
    return comparison


def card_of(takes: Takes, seeds: int) -> dict[str, Any]:
    """Everything that the card says. Trains some ten networks on each of seven splits for every seed."""
    plain = compared(takes, RECIPES | MORE, seeds, CONDITIONS)
    person = compared(takes.by_person(), RECIPES, seeds, {"both": {}})
    for name, limits in LIMITS.items():
        plain.answers[f"late: {name}"] = plain.late(limits)
    views = {"folds": (plain, False), "person": (person, False), "test": (plain, True)}
    results, differences = {}, {}
    for view, (comparison, official) in views.items():
        rows = {name: comparison.drawn(name, official=official) for name in ("face", "voice", *FUSIONS)}
        results[view] = {name: summary(row) for name, row in rows.items()}
        # The one to beat is the better one on these very takes, which favours the single modality.
        best = max(("face", "voice"), key=lambda name: float(rows[name].uar.mean()))
        differences[view] = {f"{name} - {best}": difference(rows[name], rows[best]) for name in FUSIONS} | {
            "tensor_train - late": difference(rows["tensor_train"], rows["late"])
        }
    ablation = {}
    for name in ["face", "voice", *FUSIONS[:2], "tensor_train", *MORE, *(f"late: {each}" for each in LIMITS)]:
        scores = {condition: plain.drawn(name, condition) for condition in CONDITIONS}
        ablation[name] = {condition: round(float(score.uar.mean()), 4) for condition, score in scores.items()}
    return {
        "seeds": seeds,
        "takes": {part: int((takes.splits == part).sum()) for part in ("train", "val", "test")},
        "parameters": {name: parameters(recipe, takes) for name, recipe in (RECIPES | MORE).items()},
        "results": results,
        "differences": differences,
        "ablation": ablation,
        **live_rule(plain),
    }


def live_rule(comparison: Comparison) -> dict[str, Any]:
    """The rule for the live streamer: chosen on the validation takes of all folds and seeds together."""
    (face, rows), (voice, _) = (comparison.judged(name, "both", False, "val") for name in ("face", "voice"))
    labels = np.tile(comparison.takes.labels[rows], len(face))
    flat = face.reshape(-1, face.shape[2]), voice.reshape(-1, voice.shape[2])
    rule = late_fusion.chosen(*flat, labels, {})
    answers, parts = late_fusion.together(rule, *flat)
    apart = np.array([disagreement(np.stack(pair), part) for *pair, part in zip(*flat, parts, strict=True)])
    lowered = round(late_fusion.doubt(answers, apart, labels), 2)
    right = answers.argmax(1) == labels
    edges = np.quantile(apart, (0.25, 0.5, 0.75))
    quarters = np.searchsorted(edges, apart)
    return {
        "rule": rule._replace(doubt=lowered)._asdict(),
        "agreement": [
            {
                "disagreement": round(float(apart[quarters == k].mean()), 3),
                "accuracy": round(float(right[quarters == k].mean()), 3),
            }
            for k in range(4)
        ],
    }


def main(argv: list[str] | None = None) -> int:
    """Compare, print, and with --write keep. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="python -m model evaluate fusion", description="Compare face, voice and their fusions on RAVDESS."
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder with face/ and voice/")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cache", type=Path, metavar="FILE", help="keep the sounds' statistics here (.npz)")
    parser.add_argument("--write", action="store_true", help="write the card, the README's table and the live rule")
    arguments = parser.parse_args(argv)
    if arguments.seeds < 1:
        raise LeraError("--seeds must be at least 1")
    torch.set_num_threads(1)
    card = modality_card.PROSE | card_of(read_takes(arguments.data, arguments.cache), arguments.seeds)
    print(modality_card.measurements(card))
    if arguments.write:
        modality_card.write(card)
    return 0


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
