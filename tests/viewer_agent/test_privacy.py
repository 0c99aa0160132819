"""Claims about pictures that can be checked by reading the code: none is written, none but the preview's is encoded."""

import ast
from pathlib import Path

import pytest

from tests.viewer_agent.helpers import ROOT

PACKAGE = ROOT / "viewer_agent"
PICTURE_WRITERS = {
    "imwrite",
    "imwritemulti",
    "imencode",
    "imencodemulti",
    "VideoWriter",
    "tofile",
    "savez",
    "savez_compressed",
    "memmap",
    "imsave",
}
# The renderer of the portrait makes a clip out of a still, and no other module imports it. The preview's JPEG bytes
# stay in memory.
EXCUSED = {("portrait.py", "VideoWriter"), ("preview.py", "imencode")}
FORBIDDEN_IMPORTS = {"bot", "torch", "demo"}


def names(path: Path) -> set[str]:
    """All names and attributes that a file mentions, in code."""
    tree = ast.parse(path.read_text("utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def imports(path: Path) -> set[str]:
    """All modules that a file imports, wherever in the file."""
    tree = ast.parse(path.read_text("utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_no_code_writes_or_encodes_a_picture(path: Path) -> None:
    assert {(path.name, name) for name in names(path) & PICTURE_WRITERS} <= EXCUSED


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_imports_only_from_below(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & FORBIDDEN_IMPORTS
    assert "viewer_agent.portrait" not in imports(path)


def test_only_the_command_line_reaches_the_preview() -> None:
    assert [path.name for path in PACKAGE.glob("*.py") if "viewer_agent.preview" in imports(path)] == ["__main__.py"]
