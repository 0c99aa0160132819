"""A scene collection with the overlay in it, to be imported where OBS can't be reached or has no browser source."""

import json
import uuid
from pathlib import Path
from typing import Any, Final

from bot.obs.settings import Position
from bot.obs.setup import KIND, page_url, source_settings, transform
from lera.errors import LeraError

NAME: Final = "LERA"
SCENE: Final = "LERA"
CANVAS: Final = (1920.0, 1080.0)

_SCALE_INNER: Final = 2


def collection(source: str, bot: str, position: Position = "left", kind: str = KIND, key: str = "") -> dict[str, Any]:
    """A scene collection as OBS exports it: one scene, one source. `key` is the overlay's."""
    place = transform(position, *CANVAS)
    identity, scene_identity = str(uuid.uuid4()), str(uuid.uuid4())
    item = {
        "name": source,
        "source_uuid": identity,
        "id": 1,
        "visible": True,
        "locked": False,
        "rot": 0.0,
        "pos": {"x": place["positionX"], "y": place["positionY"]},
        "scale": {"x": 1.0, "y": 1.0},
        "align": place["alignment"],
        "bounds_type": _SCALE_INNER,
        "bounds_align": place["boundsAlignment"],
        "bounds": {"x": place["boundsWidth"], "y": place["boundsHeight"]},
    }
    settings = source_settings(page_url(bot, position, key=key))
    scene = {"id_counter": 1, "custom_size": False, "items": [item]}
    return {
        "name": NAME,
        "current_scene": SCENE,
        "current_program_scene": SCENE,
        "scene_order": [{"name": SCENE}],
        "sources": [
            _source(source, identity, kind, settings),
            _source(SCENE, scene_identity, "scene", scene),
        ],
    }


def export(path: Path, source: str, bot: str, position: Position = "left", key: str = "") -> list[str]:
    """Write the collection; returns what to do with it. Raises LeraError."""
    try:
        path.write_text(json.dumps(collection(source, bot, position, key=key), indent=2) + "\n", "utf-8")
    except OSError as error:
        raise LeraError(f"Can't write {path} ({error.strerror}); name another file.") from None
    return [
        f"Wrote {path}.",
        "In OBS: Scene Collection, Import, Add, pick that file, Import; then Scene Collection, LERA.",
        f"To have it in a scene of your own, copy `{source}` there and paste it into the scene in your collection.",
    ]


def _source(name: str, identity: str, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "uuid": identity,
        "id": kind,
        "versioned_id": kind,
        "settings": settings,
        "enabled": True,
        "muted": False,
        "volume": 1.0,
        "hotkeys": {},
        "filters": [],
    }
