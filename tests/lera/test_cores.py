"""A crash leaves no memory on the disk."""

import subprocess
import sys

import pytest

from analysis import __main__ as analysis
from lera.errors import LeraError
from streamer_agent import __main__ as streamer_agent
from tests.conftest import ROOT
from viewer_agent import __main__ as viewer_agent

_TOLD = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
_PROGRAM = f"""
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
from lera.cores import forbid_core_files
forbid_core_files()
subprocess.run([sys.executable, "-c", {_TOLD!r}], check=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_no_core_file_is_left_of_it_nor_of_what_it_starts() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    assert told.stdout.strip() == "0"


def test_who_watches_or_listens_forbids_them_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidden(Exception):
        pass

    def forbid() -> None:
        raise Forbidden

    for program in (viewer_agent, streamer_agent, analysis):
        monkeypatch.setattr(program, "forbid_core_files", forbid)
    with pytest.raises(Forbidden):
        viewer_agent.main([])
    with pytest.raises(Forbidden):
        streamer_agent.main(["--no-camera"])
    with pytest.raises(Forbidden):
        analysis.main(["nowhere.mp4"])
    monkeypatch.undo()
    with pytest.raises(LeraError):
        analysis.main(["nowhere.mp4"])
