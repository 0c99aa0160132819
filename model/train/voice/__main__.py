"""Makes the voice reader from nothing: listens, trains, exports, judges. `python -m model.train.voice --data …`.

Started again, it goes on from what it has. The parts named test are read by the last step only.
"""

import argparse
import sys
from pathlib import Path

import torch

from model.train.notes import note
from model.train.voice import answers, evaluate
from model.train.voice.encoder import Encoder
from model.train.voice.export import export
from model.train.voice.features import JUDGED, VERSIONS, kept
from model.train.voice.learning import DATA, RUN, Plan, facts, train
from model.train.voice.network import Sizes, VoiceNetwork
from model.voice import WEIGHTS


def main(arguments: list[str] | None = None) -> int:
    """Trains into `--run`, then writes the weights and the cards into `model/weights/`."""
    parser = argparse.ArgumentParser(prog="python -m model.train.voice", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds voice/*.parquet")
    parser.add_argument("--run", type=Path, default=RUN, help="folder for features and checkpoint; a run goes on there")
    parser.add_argument("--threads", type=int, default=1, help="processor threads; the networks are too small for more")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    print("listening to the clips as they are and in other rooms …", flush=True)
    validation = kept(options.data, "val", JUDGED, options.run)
    clips, versions = kept(options.data, "train", VERSIONS, options.run)

    def watch(network: VoiceNetwork) -> str:
        judged, heard = validation
        found = []
        for title, one in (("as recorded", heard[0]), ("made up", heard[1])):
            for how, speakers in (("clip", None), ("speaker", judged.speakers)):
                scores = answers.recalls(answers.logits_of(network, one, speakers), judged)
                found.append(f"{title}, by {how}: " + " ".join(f"{k} {v:.3f}" for k, v in scores.items()))
        return "\n  " + "\n  ".join(found)

    plan, sizes = Plan(), Sizes()
    network = train(clips, versions, options.run, plan, sizes, watch)
    told = export(Encoder(), network, validation, WEIGHTS)
    note(options.run, **facts(plan, sizes), **told)
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1e6:.1f} MB", flush=True)
    return evaluate.main(["--data", str(options.data), "--run", str(options.run), "--write"])


if __name__ == "__main__":
    sys.exit(main())
