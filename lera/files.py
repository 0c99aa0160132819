"""Files that are there whole, or as they were; and whether there is one."""

import contextlib
import os
from pathlib import Path

from lera.errors import LeraError


def is_file(name: Path | str) -> bool:
    """Whether this is the name of an ordinary file. What can't be a name at all, such as one too long, is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


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
