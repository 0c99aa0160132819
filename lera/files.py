"""Files that are there whole, or as they were; and whether there is one."""

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import Final

from lera.errors import LeraError

_NO_LINK: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_UNKNOWN_HERE: Final = (errno.EINVAL, errno.EBADF, errno.EACCES)
"""How a file system says that folders can't be flushed: some of a network's, or a folder that may not be listed."""


def is_file(name: Path | str) -> bool:
    """Whether this is the name of an ordinary file. What can't be a name at all, such as one too long, is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def free_aside(path: Path, ending: str) -> Path:
    """A name for a damaged file that none set aside before has: `NAME.broken`, `NAME.2.broken`, each with `ending`."""
    number = 1
    while (aside := path.with_suffix(f"{f'.{number}' if number > 1 else ''}.broken{ending}")).exists():
        number += 1
    return aside


def set_aside(path: Path) -> Path:
    """Rename a damaged file, over none that was set aside before, and return its new name. Raises LeraError."""
    aside = free_aside(path, path.suffix)
    try:
        path.replace(aside)
    except OSError as error:
        raise LeraError(
            f"{path} is damaged and can't be set aside ({error.strerror}); move it away and start again."
        ) from None
    return aside


def write_private(path: Path, content: bytes) -> None:
    """As `write`, for this user's eyes alone, and on the disk before this returns. Raises LeraError."""
    part = path.with_suffix(".new")
    try:
        # The mode is set when the file is made, so that no moment exists in which others can read it.
        # No link is followed: root may write here into a folder of another user's.
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, 0o600)
        with os.fdopen(handle, "wb") as file:
            _keep_owner(handle, path)
            file.write(content)
            file.flush()
            # After a power cut it must hold what was promised, such as a login's tokens, which work once.
            os.fsync(file.fileno())
        part.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        mend = "free some disk space" if error.errno in _FULL else "let your user write there"
        raise LeraError(f"Can't write {path} ({error.strerror}); {mend}.") from None


def _keep_owner(handle: int, path: Path) -> None:
    """What root writes belongs to whom the file before it belonged to, or the folder: a service must read its own."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    try:
        before = path.lstat()
    except FileNotFoundError:
        before = path.parent.stat()
    # In a container even root may lack this power, and writes all the same.
    with contextlib.suppress(OSError):
        os.fchown(handle, before.st_uid, before.st_gid)


def _flush_folder(folder: Path) -> None:
    """Let a file's new name outlive a power cut, as its content does. Windows has no such thing."""
    if sys.platform == "win32":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _UNKNOWN_HERE:
            raise


def write(path: Path, content: bytes) -> None:
    """All of it or nothing: what was there stays until the new file is whole, also under Ctrl-C. Raises LeraError."""
    if not path.name:
        raise LeraError(f"{path} is a folder; name a file in it.")
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise LeraError(f"{path} can't be written ({error.strerror or error}); name another place.") from None
