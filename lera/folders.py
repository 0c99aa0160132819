"""Where LERA keeps its files on this machine."""

import os
from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """The user's LERA folder, made if missing. `LERA_HOME` names another place (tests and portable installs)."""
    named = os.environ.get("LERA_HOME")
    folder = Path(named) if named else platformdirs.user_data_path("lera", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
