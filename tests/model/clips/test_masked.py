"""MAE-DFER's pre-training: size, tubes, targets, and that it learns and hands its encoder on."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

import torch

from lera.errors import LeraError
from model.train.clips import pretraining
from model.train.clips.finetuning import sizes_of
from model.train.clips.masked import MaskedAutoencoder, MaskedSizes, targets, tube_mask
from model.train.clips.starting import start_from
from model.zoo import create
from model.zoo.checkpoint import load
from tests.model.clips.trees import drifting, frames

pytestmark = pytest.mark.torch

TINY = MaskedSizes(frames=8, image=48, dim=64, depth=1, heads=1, region=(2, 3, 3), hidden_share=0.7, decoder_dim=32,
                   decoder_depth=1, decoder_heads=1)  # fmt: skip


def test_the_published_network_has_its_parameters() -> None:
    with torch.device("meta"):
        network = MaskedAutoencoder(MaskedSizes())
    assert sum(value.numel() for value in network.parameters()) == 92_760_192


def test_tubes_hide_the_same_patches_at_all_times_and_as_many_in_each_window() -> None:
    sizes = MaskedSizes()
    mask = tube_mask(sizes, 3, np.random.default_rng(0))
    assert mask.shape == (3, 8, 100) and mask.dtype == torch.bool
    windows = mask.view(3, 4, 2, 2, 50)  # clip, time of region, window, time in region, patch
    assert torch.equal(windows, windows[:, :1, :, :1].expand_as(windows))
    assert (windows.sum(4) == 45).all()
    assert not torch.equal(windows[0, 0, 0, 0], windows[0, 0, 1, 0])
    assert not torch.equal(windows[0], windows[1])
    with pytest.raises(LeraError, match="hide 20%"):
        _ = MaskedSizes(hidden_share=0.2, region=(2, 2, 2)).hidden


def test_targets_are_looks_then_changes() -> None:
    torch.manual_seed(0)
    clip = torch.randn(1, 3, 8, 48, 48)
    told = targets(clip, TINY).view(1, 2, 18, 2, 256, 3)  # regions, patches, frame of the pair, pixels, colours
    both = torch.stack((told[:, :, :, 0], told[:, :, :, 0] + told[:, :, :, 1]), dim=3)  # back to two looks
    flat = both.flatten(3, 4)
    assert flat.mean(3).abs().max() < 1e-4
    assert flat.std(3).sub(1).abs().max() < 1e-3
    # The first patch is the clip's first corner, up to its own mean and deviation.
    corner = clip[0, :, :2, :16, :16].permute(1, 2, 3, 0).reshape(512, 3)
    assert torch.allclose(flat[0, 0, 0], (corner - corner.mean(0)) / corner.std(0), atol=1e-4)
    still = clip[:, :, :1].expand(-1, -1, 8, -1, -1)
    assert targets(still, TINY).view(1, 2, 18, 2, 256, 3)[:, :, :, 1].abs().max() == 0


def test_what_is_hidden_is_not_seen() -> None:
    torch.manual_seed(0)
    network = MaskedAutoencoder(TINY).eval()
    mask = tube_mask(TINY, 1, np.random.default_rng(0))
    clip = torch.randn(1, 3, 8, 48, 48)
    told = network(clip, mask)
    assert told.shape == (1, int(mask.sum()), 1536)
    # In region 0 of time 0, patch (h, w) of each time covers these pixels.
    hidden = int(mask[0, 0, :9].nonzero()[0])
    shown = int((~mask[0, 0, :9]).nonzero()[0])
    for patch, seen in ((hidden, False), (shown, True)):
        changed = clip.clone()
        changed[:, :, :4, patch // 3 * 16 : patch // 3 * 16 + 16, patch % 3 * 16 : patch % 3 * 16 + 16] += 1
        assert torch.equal(network(changed, mask), told) != seen


@pytest.mark.slow
def test_its_loss_falls_and_fine_tuning_starts_from_its_encoder(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    for place in range(32):
        frames(tmp_path / "data" / f"{place}", drifting(place, chance))
    sizes = ("frames=8", "image=48", "dim=64", "depth=1", "heads=1", "region=(2,3,3)", "hidden_share=0.7",
             "decoder_dim=32", "decoder_depth=1", "decoder_heads=1")  # fmt: skip
    arguments = ["--data", str(tmp_path / "data"), "--run", str(tmp_path / "run"), "--stride", "1", "--device", "cpu"]
    arguments += ["--epochs", "20", "--batch", "16", "--warm", "1", "--rate", "0.03"]
    arguments += [word for size in sizes for word in ("--size", size)]
    assert pretraining.main(arguments) == 0
    rows = (tmp_path / "run" / "log.csv").read_text().splitlines()
    column = rows[0].split(",").index("loss")
    losses = [float(row.split(",")[column]) for row in rows[1:]]
    assert len(losses) == 20 and losses[-1] < 0.8 * losses[0], losses

    best = tmp_path / "run" / "best.pt"
    assert sizes_of("lera", [], best) | {"frames": 8, "image": 48, "region": (2, 3, 3)} == sizes_of("lera", [], best)
    name, encoder = load(best)
    assert name == "mae_dfer"
    lera = create("lera", frames=8, image=48, dim=64, depth=1, heads=1, region=(2, 3, 3), stem=8, widths=(16, 16, 32))
    assert start_from(best, "lera", lera)[1] == "fresh: motion, spare"
    theirs = encoder.state_dict()
    assert all(torch.equal(value, theirs[key]) for key, value in lera.state_dict().items() if key.startswith("trunk."))
    with pytest.raises(LeraError, match="does not fit"):
        start_from(best, "lera", create("lera", frames=8, image=48, dim=128, depth=1, region=(2, 3, 3), stem=8,
                                        widths=(16, 16, 32)))  # fmt: skip
