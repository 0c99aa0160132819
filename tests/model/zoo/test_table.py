"""Costs against the facts, and what the table says of the report's figures."""

from typing import Any

import pytest

from model.__main__ import main as run

pytest.importorskip("torch", reason="torch is in requirements-dev.txt")
table = pytest.importorskip("model.zoo.table")

pytestmark = pytest.mark.torch


# Parameters, and multiply-accumulates in billions, as measured on the papers' own code.
@pytest.mark.parametrize(
    ("name", "sizes", "parameters", "macs"),
    [
        ("mae_dfer", {}, 84_878_343, 49.65),
        ("mae_dfer", {"trim": True}, 84_878_343, 47.04),
        ("lera", {}, 114_324_610, 52.69),
        ("lera", {"spare": False}, 113_622_139, 52.69),
        ("lera", {"fusion": "concat"}, 114_328_194, 52.69),
        ("lera", {"motion": False}, 84_878_343, 49.65),
        ("lera", {"position": True}, 119_981_179, 53.34),
        ("videomae", {}, 86_232_583, 80.69),
        ("videomae_vitb_224", {}, 86_232_583, 180.3),
        ("mmnet", {}, 9_970_947, 7.21),
        ("mmnet_ca_module", {}, 3_025_429, 5.84),
        ("mmnet_pc_module", {}, 6_411_782, 1.31),
        ("mmnet_pc_module_d3m2", {}, 6_415_366, 1.35),
        ("poster_v2", {}, 58_316_594, 8.59),
        ("former_dfer", {}, 18_031_943, 8.30),
        # 5.94 in the published code, which calls every branch of its transformers twice; fvcore says 5.65.
        ("ial", {}, 19_083_527, 5.65),
        ("c3d", {}, 78_024_455, 38.55),
        ("resnet3d18", {}, 33_207_495, 8.31),
        # Never published as weights: held to what its own layers add up to.
        ("merlb", {}, 4_057_004, 6.80),
        ("merlb_late", {}, 4_057_004 - 11_422, 6.79),
    ],
)
def test_costs_are_those_of_the_papers_code(name: str, sizes: dict[str, Any], parameters: int, macs: float) -> None:
    found = table.cost(name, sizes)
    assert found[0] == parameters
    assert found[1] / 1e9 == pytest.approx(macs, rel=0.01)


def test_the_command_prints_every_row_and_names_what_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["table"]) == 0
    said = capsys.readouterr().out
    assert all(f"| {row.title} |" in said for row in table.ROWS)
    rows = {line.split("|")[1].strip(): line for line in said.splitlines() if line.startswith("| ")}
    assert "114 rounded | 52 truncated" in rows["LERA, CA, add"]
    assert "119 truncated | 53 rounded" in rows["LERA, CA and PC, add"]
    assert [title for title, line in rows.items() if " off " in line] == ["Former-DFER", "IAL", "POSTER-V2"]
    assert "true FLOPs are twice as many" in said


def test_an_unknown_command_shows_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tabel"]) == 2
    assert "table" in capsys.readouterr().err
    assert run(["--help"]) == 0
