"""The house is as ARCHITECTURE.md says: who imports whom, where torch is, and every file one hop away."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

MAY_IMPORT = {
    "lera": set[str](),
    "model": {"lera"},
    "transport": {"lera", "model"},
    "viewer_agent": {"lera", "model", "transport"},
    "streamer_agent": {"lera", "model", "transport", "viewer_agent"},
    "bot": {"lera", "model", "transport"},
    "hub": {"lera", "model", "transport"},
    "demo": {"lera", "model", "transport", "viewer_agent", "streamer_agent", "bot"},
    "analysis": {"lera", "model", "transport", "viewer_agent", "streamer_agent", "bot"},
}
TORCH_ROOMS = ("model/train/", "model/zoo/")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_file_imports_only_from_its_floor_or_below(package: str) -> None:
    for path in sources(package):
        for name in imports(path):
            room = name.split(".")[0]
            assert room not in MAY_IMPORT or room == package or room in MAY_IMPORT[package], f"{path} imports {name}"


def test_transport_takes_only_the_emotions_from_the_model() -> None:
    for path in sources("transport"):
        assert all(not name.startswith("model") or name == "model.emotions" for name in imports(path)), path


def test_only_the_training_rooms_import_torch() -> None:
    found = set()
    for package in MAY_IMPORT:
        for path in sources(package):
            if any(name.split(".")[0] == "torch" for name in imports(path)):
                found.add(path.relative_to(ROOT).as_posix())
    assert found, "the check itself must be able to see torch"
    assert all(path.startswith(TORCH_ROOMS) for path in found), found


def test_no_wait_loses_a_cancellation() -> None:
    # Python 3.11's asyncio.wait_for drops one that comes together with what it waits for; asyncio.timeout doesn't.
    found = [
        path.relative_to(ROOT).as_posix()
        for package in MAY_IMPORT
        for path in sources(package)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "asyncio.wait_for"
    ]
    assert not found


def tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return listed.stdout.split()


def test_every_module_and_page_is_one_hop_from_the_map() -> None:
    named = set(re.findall(r"`([\w./]+\.\w+)`", ARCHITECTURE))
    files = tracked(
        "lera/*.py",
        "model/*.py",
        "transport/*.py",
        "viewer_agent/*.py",
        "streamer_agent/*.py",
        "bot/*.py",
        "hub/*.py",
        "demo/*.py",
        "analysis/*.py",
        "overlay/*.js",
    )
    missing = [
        path for path in files if path not in named and Path(path).name not in ("__init__.py", "__main__.py")
    ]  # fmt: skip
    assert not missing
    gone = [name for name in named if "/" in name and not (ROOT / name).exists()]
    assert not gone


def test_no_file_is_two_rooms() -> None:
    for path in tracked("*.py", "*.js", "*.css", "*.html"):
        assert len((ROOT / path).read_text("utf-8").splitlines()) <= 400, path


def test_no_trace_of_a_machine_is_in_the_product() -> None:
    parent = str(ROOT.parent)
    for path in tracked():
        content = (ROOT / path).read_bytes()
        assert f"{parent}/".encode() not in content or len(parent) < 4, path
