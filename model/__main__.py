"""`python -m model …`: what is done with the networks beside running them. Needs requirements-dev.txt (torch)."""

import importlib
import sys
from collections.abc import Callable
from typing import Final

# Each command and the module whose `main(argv)` runs it, imported only when it is called.
COMMANDS: Final = {
    "import": ("model.zoo.checkpoint", "bring a paper's published weights into LERA's own network"),
    "export": ("model.zoo.export", "write a network as ONNX for the viewer's agent, fp32 and int8"),
    "train-action-units": ("model.zoo.action_unit_training", "train the static action-unit classifier on RAVDESS"),
    "finetune": ("model.train.clips.finetuning", "train a network on clips or pictures of faces, with labels"),
    "pretrain": ("model.train.clips.pretraining", "train LGI-Former on clips without labels"),
    "evaluate-clips": ("model.train.clips.judging", "judge weights on a part of a data set"),
    "evaluate text": ("model.train.text.evaluate", "judge the shipped chat reader, beside the simplest baselines"),
    "evaluate face": ("model.train.evaluate", "judge the shipped face reader beside the simplest baselines"),
    "evaluate voice": ("model.train.voice.evaluate", "judge the shipped voice reader beside the simplest baselines"),
    "evaluate fusion": ("model.train.modalities", "compare face, voice and their fusions on RAVDESS"),
    "table": ("model.zoo.table", "what every network costs, beside the report's tables"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    words = 2 if " ".join(arguments[:2]) in COMMANDS else 1
    asked = " ".join(arguments[:words])
    if asked not in COMMANDS:
        helped = asked in ("-h", "--help", "help")
        summaries = "\n".join(f"  {name:<18} {summary}" for name, (_, summary) in COMMANDS.items())
        print(f"usage: python -m model <command> [options]\n\n{summaries}", file=sys.stdout if helped else sys.stderr)
        return 0 if helped else 2
    run: Callable[[list[str] | None], int] = importlib.import_module(COMMANDS[asked][0]).main
    return run(arguments[words:])


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
