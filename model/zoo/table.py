"""`python -m model table`: what every network costs, beside what the report's Tables 4 and 7 say.

Multiply-accumulates are counted by torch on tensors without data, so the table needs no weights and a second.
"""

import argparse
from dataclasses import dataclass, field
from typing import Final

import torch
from torch.utils.flop_counter import FlopCounterMode

from model.zoo.registry import network_of, sized


@dataclass(frozen=True)
class Row:
    """One line: our network and its switches, and the report's figures in millions and billions, if it has any."""

    title: str
    network: str
    sizes: dict[str, object] = field(default_factory=dict)
    reported: tuple[int, int] | None = None
    table: str = ""
    remark: str = ""


ROWS: Final = (
    Row("C3D", "c3d", {}, (78, 39), "7"),
    Row("3D ResNet-18", "resnet3d18", {}, (33, 8), "7", "Hara's with the 7x7x7 stem; torchvision's costs 40.7 G"),
    Row("Former-DFER", "former_dfer", {}, (18, 9), "7", "9 is the paper's 9.1; its code needs 8.3"),
    Row(
        "IAL",
        "ial",
        {},
        (19, 10),
        "7",
        "10 is the paper's 9.63; its code needs 5.6, and spends 5.9 as it runs its transformers twice",
    ),
    Row(
        "POSTER-V2",
        "poster_v2",
        {},
        (58, 26),
        "7",
        "one picture; 26 is three of them. 58 counts 14.6 M that are never read",
    ),
    Row("POSTER-V2, what it reads", "poster_v2", {"spare": False}, None, "", "the paper's own 43.7 M and 8.4 G"),
    Row("VideoMAE, 160x160", "videomae", {}, (86, 81), "7", "at 160, not at VideoMAE's own 224"),
    Row("VideoMAE, 224x224", "videomae", {"image": 224}),
    Row("MAE-DFER", "mae_dfer", {}, (85, 50), "4, 7"),
    Row("MAE-DFER, last block trimmed", "mae_dfer", {"trim": True}, None, "", "same logits"),
    Row("LERA, CA, add", "lera", {}, (114, 52), "4, 7", "0.7 M are never read: the CA branch's own classifier"),
    Row("LERA, CA, concat", "lera", {"fusion": "concat"}),
    Row(
        "LERA, CA and PC, add",
        "lera",
        {"position": True},
        (119, 53),
        "4",
        "never published; PC as in MMNet on a 10x10 grid fits both figures",
    ),
    Row("LERA 0.8 : POSTER-V2 0.2", "ensemble", {"share": 0.8}, None, "", "Table 6; three pictures of the clip"),
    Row("MMNet", "mmnet"),
    Row("CA branch alone, 112x112", "mmnet_ca_module", {}, None, "", "inside LERA, at 80x80: 3.04 G"),
    Row("PC branch alone", "mmnet_pc_module"),
    Row("Action units", "action_units"),
    Row("MERLB, tensor train", "merlb", {}, None, "", "face, screen and voice of 5 s; the tensor train is 11,422"),
    Row("MERLB, early", "merlb_early"),
    Row("MERLB, late", "merlb_late"),
)

NOTE: Final = """\
The report, like the MAE-DFER paper, prints multiply-accumulates and calls them FLOPs: true FLOPs are twice as many.
"off" marks a figure that is further than rounding or truncation from what its network costs."""


def cost(network: str, sizes: dict[str, object]) -> tuple[int, int]:
    """Parameters and multiply-accumulates of one forward pass over one clip or picture."""
    entry, given = network_of(network)
    chosen = sized(network, entry, given | sizes)
    with torch.device("meta"), torch.no_grad():
        module = entry.build(chosen).eval()
        inputs = [torch.empty(1, *shape) for shape in entry.inputs(chosen)]
        with FlopCounterMode(display=False) as counter:
            module(*inputs)
    return sum(value.numel() for value in module.parameters()), counter.get_total_flops() // 2


def figure(value: float) -> str:
    """Two decimals, or the leading digits of what is smaller."""
    return f"{value:.2f}" if value >= 0.01 else f"{value:.2g}"


def verdict(value: float, reported: int) -> str:
    """How the report's whole number relates to ours."""
    if round(value) == reported:
        return "rounded"
    return "truncated" if int(value) == reported else "off"


def lines() -> list[str]:
    """The table, in Markdown."""
    found = [
        "| network | parameters (M) | MACs (G) | report: M | report: G | table | |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for row in ROWS:
        parameters, macs = (
            value / scale for value, scale in zip(cost(row.network, row.sizes), (1e6, 1e9), strict=True)
        )
        told = ["", ""]
        if row.reported:
            told = [f"{said} {verdict(own, said)}" for said, own in zip(row.reported, (parameters, macs), strict=True)]
        cells = (row.title, figure(parameters), figure(macs), *told, row.table, row.remark)
        found.append(f"| {' | '.join(cells)} |")
    return [*found, "", NOTE]


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    argparse.ArgumentParser(
        prog="python -m model table", description="Parameters and multiply-accumulates of every network of the zoo."
    ).parse_args(argv)
    print("\n".join(lines()))
    return 0
