"""What all tests share: a LERA folder of their own, and the places of things."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

# Hypothesis's examples are the same in every run, and however long one takes is no fault: a test mustn't fail by
# chance, nor for a busy machine. `pytest --hypothesis-profile default` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", metavar="FOLDER", help="where the README's pictures are left")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What fails in a second should be known in a second: the slow ones and the browser's come last.
    items.sort(key=lambda item: any(item.get_closest_marker(name) for name in ("slow", "browser", "torch")))


@pytest.fixture(autouse=True)
def lera_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the user's consent, keys or history."""
    home = tmp_path / "lera-home"
    monkeypatch.setenv("LERA_HOME", str(home))
    return home


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the README's pictures go: into the folder that was named, else nowhere."""
    chosen = request.config.getoption("--pictures")
    return Path(chosen) if chosen else tmp_path


@pytest.fixture
def no_dead_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo, for one test, what an earlier one's face finder did to the proxy variables of this process."""
    for name, value in list(os.environ.items()):
        if name.lower().endswith("_proxy") and value.startswith("disabled:"):
            monkeypatch.delenv(name)
