"""requirements.lock holds what requirements.txt asks for, each file by its hash."""

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

LINES = (ROOT / "requirements.lock").read_text("utf-8")
LOCKED = [entry for entry in re.split(r"\n(?=[a-z])", LINES) if "==" in entry.partition("\n")[0]]


def versions() -> dict[str, set[str]]:
    """The locked versions of each package: on some systems or Pythons it is another one."""
    found: dict[str, set[str]] = {}
    for entry in LOCKED:
        name, version = re.match(r"([\w.-]+)==([\w.]+)", entry).groups()  # type: ignore[union-attr]
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def test_every_requirement_is_locked_to_a_version_that_it_allows() -> None:
    locked = versions()
    wanted = [line for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert len(wanted) > 15 and len(locked) > len(wanted)
    for line in wanted:
        requirement = Requirement(line)
        found = locked.get(canonicalize_name(requirement.name))
        assert found and all(map(requirement.specifier.contains, found)), f"{line}: make requirements.lock anew"


def test_every_package_has_hashes_and_comes_from_no_place_of_its_own() -> None:
    for entry in LOCKED:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line) for line in entry.splitlines()[1:])
    assert "://" not in LINES
