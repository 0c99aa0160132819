"""Where LERA keeps its files on this machine."""

import os
from pathlib import Path

import platformdirs

from lera.errors import LeraError


def data_folder() -> Path:
    """The user's LERA folder, made if missing. `LERA_HOME` names another place (tests and portable installs)."""
    named = os.environ.get("LERA_HOME")
    folder = Path(named) if named else platformdirs.user_data_path("lera", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LeraError(f"Can't make the folder {folder} ({error.strerror}); set LERA_HOME to another one.") from None
    return folder
