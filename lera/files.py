"""Files that are there whole, or as they were."""

import contextlib
import os
from pathlib import Path

from lera.errors import LeraError


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
