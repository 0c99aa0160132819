"""Who may import what on the ground floor."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TORCH = {"torch", "torchvision", "torchaudio"}
OURS = {"bot", "demo", "streamer_agent", "transport", "viewer_agent"}
ELSEWHERE = {"build", "dist", "node_modules", "runs", "shared"}


def sources() -> Iterator[Path]:
    """Every Python file of the programs: tests and benchmarks may compare with torch where it is installed."""
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        if parts[0] not in ELSEWHERE | {"tests", "bench"} and not any(part.startswith(".") for part in parts):
            yield path


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_only_the_zoo_and_training_import_torch() -> None:
    allowed = (ROOT / "model" / "zoo", ROOT / "model" / "train")
    programs = [path for path in sources() if not any(path.is_relative_to(folder) for folder in allowed)]
    assert ROOT / "model" / "face.py" in programs
    assert [str(path.relative_to(ROOT)) for path in programs if imported(path) & TORCH] == []


def test_the_ground_floor_imports_no_other_floor() -> None:
    ground = [path for path in sources() if path.is_relative_to(ROOT / "model")]
    assert [str(path.relative_to(ROOT)) for path in ground if imported(path) & OURS] == []
