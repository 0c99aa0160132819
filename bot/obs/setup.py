"""The overlay puts itself into OBS: one browser source, made where it is missing and mended where it is wrong."""

import math
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from bot.obs.settings import Position
from lera.obs.connection import Connection, Data, ObsError, ObsSaysNo
from lera.obs.settings import ObsSettings

KIND: Final = "browser_source"
START_PAGE: Final = Path(__file__).parents[2] / "overlay" / "start.html"
"""On the disk, so that OBS may start before the bot; see the page itself."""
WIDTH: Final = 1920
HEIGHT: Final = 1080
CORNER_PART: Final = 0.4
"""Of the picture's width and height, in the lower right corner."""

_NOT_FOUND: Final = 600
_NO_INPUT: Final = 602
_TOP_LEFT: Final = 5
_BOTTOM_RIGHT: Final = 10


class NoBrowserSource(ObsError):
    """This OBS was built without browser sources."""


class Done(Struct, frozen=True):
    """What a set-up did: the scene, and each change in words; none when all was right already."""

    scene: str
    changes: tuple[str, ...]

    def says(self, source: str) -> str:
        """In one line."""
        if not self.changes:
            return f"`{source}` is in scene `{self.scene}` already, and all is right with it."
        return f"`{source}` in scene `{self.scene}`: {', '.join(self.changes)}."


async def set_up_here(
    obs: Connection,
    settings: ObsSettings,
    bot: str,
    scene: str = "",
    position: Position | None = None,
    key: str = "",
) -> Done:
    """`set_up` in the OBS of this machine. Raises ObsError with the mend."""
    if settings.host not in ("127.0.0.1", "localhost", "[::1]"):
        raise ObsError(
            f"OBS at {settings.host} can't open this machine's files: add a browser source there by hand, with the "
            "overlay's address, and name that machine in [web] trusted_addresses."
        )
    return await set_up(obs, settings.source, bot, scene, position, key=key)


async def set_up(
    obs: Connection,
    source: str,
    bot: str,
    scene: str = "",
    position: Position | None = None,
    kind: str = KIND,
    key: str = "",
) -> Done:
    """Make or mend the browser source `source` in a scene, the program's if none is named.

    `bot` is where this machine finds the bot, as in "127.0.0.1:8765"; `key` is the overlay's. Where the source stands
    is changed only where a position is named. Raises NoBrowserSource, and ObsError with the mend.
    """
    kinds = (await obs.request("GetInputKindList")).get("inputKinds", [])
    if kind not in kinds:
        raise NoBrowserSource(
            "This OBS has no browser sources, which some Linux packages leave out: install one from obsproject.com, "
            "or import what `python run.py bot --obs-export FILE` writes into another OBS."
        )
    scene = await _scene(obs, scene)
    found = await _input(obs, source)
    if found is None:
        return await _create(obs, source, page_url(bot, position or "left", key=key), scene, position or "left", kind)
    if found["inputKind"] != kind:
        raise ObsError(f"OBS has a source `{source}` of another kind: rename it there, or set [obs] source.")
    before = str(found["inputSettings"].get("url", ""))
    url = page_url(bot, position or position_of(before), before, key)
    changes = await _mend(obs, source, url, found["inputSettings"])
    item = await _item(obs, scene, source)
    if item is None:
        made = await obs.request("CreateSceneItem", {"sceneName": scene, "sourceName": source})
        item = int(made["sceneItemId"])
        changes.append("added to the scene")
        position = position or position_of(before)
    elif not (await obs.request("GetSceneItemEnabled", _at(scene, item)))["sceneItemEnabled"]:
        await obs.request("SetSceneItemEnabled", {**_at(scene, item), "sceneItemEnabled": True})
        changes.append("shown again")
    if position is not None and await _place(obs, scene, item, position):
        changes.append(f"placed: {position}")
    return Done(scene, tuple(changes))


async def renew_key(obs: Connection, source: str, key: str, kind: str = KIND) -> bool:
    """Give the overlay that is in OBS its new key, and change nothing else. False when none of ours is there."""
    found = await _input(obs, source)
    old = urlsplit(str(found["inputSettings"].get("url", ""))) if found is not None else None
    if found is None or found["inputKind"] != kind or old is None or not _is_ours(old.path):
        return False
    url = urlunsplit(old._replace(fragment=f"key={key}"))
    await obs.request("SetInputSettings", {"inputName": source, "inputSettings": {"url": url}})
    return True


def page_url(bot: str, position: Position = "left", before: str = "", key: str = "") -> str:
    """The start page's address, keeping what a streamer has set behind an address that was there before.

    The overlay's `key` stands in the fragment, which no browser sends.
    """
    page = START_PAGE.as_uri()
    old = urlsplit(before)
    # The overlay's settings are worth keeping also from an address of an older place or of the bot itself.
    query = dict(parse_qsl(old.query)) if _is_ours(old.path) else {}
    host, _, port = bot.rpartition(":")
    query |= {"host": host, "port": port, "position": "right" if position == "corner" else position}
    if host == "127.0.0.1":
        # As the page has it by itself.
        del query["host"]
    return urlunsplit((*urlsplit(page)[:3], urlencode(query), f"key={key}" if key else ""))


def _is_ours(path: str) -> bool:
    return path.endswith(("/overlay/start.html", "/overlay/"))


def position_of(url: str) -> Position:
    """The position that an address asks the overlay for."""
    match dict(parse_qsl(urlsplit(url).query)).get("position"):
        case "right":
            return "right"
        case "bottom":
            return "bottom"
    return "left"


def source_settings(url: str) -> Data:
    """A browser source's settings: awake only where the page itself decides it, so that it needn't load again."""
    return {
        "is_local_file": False,
        "url": url,
        "width": WIDTH,
        "height": HEIGHT,
        "shutdown": False,
        "restart_when_active": False,
    }


def transform(position: Position, width: float, height: float) -> dict[str, Any]:
    """How the source lies in a picture of this size: over all of it, or small in the lower right corner."""
    corner = position == "corner"
    part = CORNER_PART if corner else 1.0
    return {
        "positionX": width if corner else 0.0,
        "positionY": height if corner else 0.0,
        "alignment": _BOTTOM_RIGHT if corner else _TOP_LEFT,
        "rotation": 0.0,
        "boundsType": "OBS_BOUNDS_SCALE_INNER",
        "boundsAlignment": _BOTTOM_RIGHT if corner else 0,
        "boundsWidth": part * width,
        "boundsHeight": part * height,
        "cropLeft": 0,
        "cropTop": 0,
        "cropRight": 0,
        "cropBottom": 0,
    }


async def _scene(obs: Connection, wanted: str) -> str:
    found = await obs.request("GetSceneList")
    names = [str(scene["sceneName"]) for scene in found["scenes"]]
    if not wanted:
        return str(found["currentProgramSceneName"])
    if wanted not in names:
        raise ObsError(f"OBS has no scene `{wanted}`; it has {', '.join(f'`{name}`' for name in reversed(names))}.")
    return wanted


async def _input(obs: Connection, source: str) -> Data | None:
    try:
        return await obs.request("GetInputSettings", {"inputName": source})
    except ObsSaysNo as no:
        if no.code == _NOT_FOUND:
            return None
        if no.code == _NO_INPUT:
            raise ObsError(f"OBS has a scene `{source}`: rename it there, or set another [obs] source.") from None
        raise


async def _item(obs: Connection, scene: str, source: str) -> int | None:
    try:
        found = await obs.request("GetSceneItemId", {"sceneName": scene, "sourceName": source})
    except ObsSaysNo as no:
        if no.code == _NOT_FOUND:
            return None
        raise
    return int(found["sceneItemId"])


async def _create(obs: Connection, source: str, url: str, scene: str, position: Position, kind: str) -> Done:
    data = {
        "sceneName": scene,
        "inputName": source,
        "inputKind": kind,
        "inputSettings": source_settings(url),
        "sceneItemEnabled": True,
    }
    made = await obs.request("CreateInput", data)
    await _place(obs, scene, int(made["sceneItemId"]), position)
    return Done(scene, (f"made, {position}",))


async def _mend(obs: Connection, source: str, url: str, now: Data) -> list[str]:
    """Mend the source's own settings; returns what was changed."""
    wanted = source_settings(url)
    names = {"url": "address", "width": "size", "height": "size"}
    wrong = {key: value for key, value in wanted.items() if now.get(key, _DEFAULTS.get(key)) != value}
    if wrong:
        await obs.request("SetInputSettings", {"inputName": source, "inputSettings": wrong})
    return list(dict.fromkeys(f"{names.get(key, key.replace('_', ' '))} mended" for key in wrong))


# What a browser source has where its settings say nothing.
_DEFAULTS: Final = {
    "is_local_file": False,
    "width": 800,
    "height": 600,
    "shutdown": False,
    "restart_when_active": False,
}


async def _place(obs: Connection, scene: str, item: int, position: Position) -> bool:
    """Put the item where it belongs; False when it lies there already."""
    video = await obs.request("GetVideoSettings")
    wanted = transform(position, float(video["baseWidth"]), float(video["baseHeight"]))
    now = (await obs.request("GetSceneItemTransform", _at(scene, item)))["sceneItemTransform"]
    if all(_equal(now.get(key), value) for key, value in wanted.items()):
        return False
    await obs.request("SetSceneItemTransform", {**_at(scene, item), "sceneItemTransform": wanted})
    return True


def _equal(now: Any, wanted: Any) -> bool:
    if isinstance(now, int | float) and isinstance(wanted, int | float):
        return math.isclose(now, wanted, abs_tol=0.01)
    return bool(now == wanted)


def _at(scene: str, item: int) -> Data:
    return {"sceneName": scene, "sceneItemId": item}
