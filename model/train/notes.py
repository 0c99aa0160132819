"""What a training run tells its model card."""

import json
from pathlib import Path
from typing import Any


def note(run: Path, **facts: object) -> dict[str, Any]:
    """Adds facts to `run`/notes.json, for the model card; returns all of them."""
    path = run / "notes.json"
    notes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    notes |= facts
    path.write_text(json.dumps(notes, indent=2), encoding="utf-8")
    return notes
