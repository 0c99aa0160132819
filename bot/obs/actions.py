"""Orders as requests to OBS. What was there before is remembered and put back, unless somebody has changed it since."""

import difflib
from collections.abc import Iterable
from typing import Any, Final, Literal

from bot.obs.reactions import Fire, Keep, Restore, Set
from bot.obs.rules import Rule, Target, Wish
from lera.obs.connection import Connection, Data, ObsError, ObsSaysNo

_NOT_FOUND: Final = 600
_UNKNOWN_REQUEST: Final = 204
_NOT_READY: Final = 207

Outcome = Literal["back", "theirs", "waits"]
"""Of putting back: done; left, since somebody has changed it or taken it away; not now, since OBS isn't ready or has
another scene collection."""


class Actions:
    """What was before stays known while OBS is away or not ready, so that it comes back after OBS does."""

    def __init__(self) -> None:
        # For each target of a scene collection that was changed: where exactly, what was there before, and what was put
        # there last. Another collection may have a source of the same name, or none.
        self._changed: dict[tuple[str, Target], tuple[Target, Wish, Wish]] = {}

    @property
    def changed(self) -> list[Target]:
        """What is not as it was."""
        return list(dict.fromkeys(target for _, target in self._changed))

    async def set(self, obs: Connection, order: Set) -> None:
        """Make a target what the order wishes. Raises ObsError with the mend."""
        try:
            here, _ = await _collections(obs)
            await self._set(obs, order, (here, order.target))
        except ObsSaysNo as no:
            raise ObsError(await _mend(obs, order.rule, no)) from None

    async def _set(self, obs: Connection, order: Set, key: tuple[str, Target]) -> None:
        known = self._changed.get(key)
        place, before, _ = known or (order.target, None, None)
        try:
            if before is None:
                place, before = await _find(obs, order.target)
                if _same(before, order.wish):
                    # Somebody, as a second bot, has made it so already: it is theirs to put back.
                    return
            # Remembered before it is changed: whatever happens in between, there is something to put back.
            self._changed[key] = (place, before, order.wish)
            if order.target[0] != "scene" or await _look(obs, place) != order.wish:
                await _put(obs, place, order.wish)
        except ObsSaysNo:
            # What a rule before it has changed is still to be put back.
            if known is None:
                self._changed.pop(key, None)
            else:
                self._changed[key] = known
            raise

    async def restore(self, obs: Connection, order: Restore) -> Outcome:
        """Put a target back, if it was changed; what waits stays in `changed`. Raises ObsAway."""
        if order.target not in self.changed:
            return "back"
        try:
            here, there = await _collections(obs)
        except ObsSaysNo:
            return "waits"
        # One whose name there is no longer was renamed, or is gone: what looks like ours here is put back.
        names = [name for name, target in self._changed if target == order.target]
        name = here if here in names else next((name for name in names if name not in there), None)
        if name is None:
            return "waits"
        key = (name, order.target)
        outcome = await _put_back(obs, *self._changed[key])
        if outcome != "waits":
            # Not before: when OBS goes in between, this is what is still to be put back.
            self._changed.pop(key, None)
        return outcome

    def keep(self, order: Keep) -> None:
        """What is there stays."""
        for key in [key for key in self._changed if key[1] == order.target]:
            del self._changed[key]

    async def fire(self, obs: Connection, order: Fire) -> None:
        """Chapter, hotkey or event; replays are `replay.py`'s. Raises ObsError with the mend."""
        rule = order.rule
        try:
            match rule.do:
                case "chapter":
                    await obs.request("CreateRecordChapter", {"chapterName": order.text} if order.text else None)
                case "hotkey":
                    await obs.request("TriggerHotkeyByName", {"hotkeyName": rule.hotkey})
                case "event":
                    await emit_event(obs, rule.event, {"reaction": rule.name, "text": order.text})
        except ObsSaysNo as no:
            raise ObsError(await _mend(obs, rule, no)) from None


async def emit_event(obs: Connection, name: str, detail: Data) -> None:
    """A DOM event in every browser source of OBS. Raises ObsSaysNo where OBS has no browser sources."""
    data = {"event_name": name, "event_data": detail}
    await obs.request(
        "CallVendorRequest", {"vendorName": "obs-browser", "requestType": "emit_event", "requestData": data}
    )


async def unknown_names(obs: Connection, rules: Iterable[Rule]) -> list[str]:
    """One line for each rule that names something which OBS doesn't have (now). Raises ObsAway."""
    lines = []
    for rule in rules:
        if rule.target is not None:
            try:
                await _find(obs, rule.target)
                if rule.do == "scene":
                    await obs.request("GetSceneItemList", {"sceneName": rule.scene})
            except ObsSaysNo as no:
                lines.append(await _mend(obs, rule, no))
    return lines


async def _find(obs: Connection, target: Target) -> tuple[Target, Wish]:
    """Where exactly a target is, and what it is now. An item without a scene is the program scene's."""
    if target[0] == "item" and not target[1]:
        target = ("item", await _program_scene(obs), target[2])
    return target, await _look(obs, target)


async def _look(obs: Connection, place: Target) -> Wish:
    match place:
        case ("scene",):
            return await _program_scene(obs)
        case ("item", scene, _):
            number = await _item(obs, place)
            found = await obs.request("GetSceneItemEnabled", {"sceneName": scene, "sceneItemId": number})
            return bool(found["sceneItemEnabled"])
        case ("filter", source, name):
            found = await obs.request("GetSourceFilter", {"sourceName": source, "filterName": name})
            return bool(found["filterEnabled"])
        case ("setting", source, name, setting):
            found = await obs.request("GetSourceFilter", {"sourceName": source, "filterName": name})
            kind = {"filterKind": str(found.get("filterKind"))}
            defaults = (await obs.request("GetSourceFilterDefaultSettings", kind)).get("defaultFilterSettings") or {}
            return _number({**defaults, **found["filterSettings"]}.get(setting))
        case ("text", source):
            found = await obs.request("GetInputSettings", {"inputName": source})
            if "text" not in str(found.get("inputKind")):
                raise ObsSaysNo("GetInputSettings", _NOT_FOUND, "not a text source")
            return str(found["inputSettings"].get("text", ""))
    raise AssertionError(place)


async def _put(obs: Connection, place: Target, wish: Wish) -> None:
    match place:
        case ("scene",):
            await obs.request("SetCurrentProgramScene", {"sceneName": wish})
        case ("item", scene, _):
            data = {"sceneName": scene, "sceneItemId": await _item(obs, place), "sceneItemEnabled": wish}
            await obs.request("SetSceneItemEnabled", data)
        case ("filter", source, name):
            data = {"sourceName": source, "filterName": name, "filterEnabled": wish}
            await obs.request("SetSourceFilterEnabled", data)
        case ("setting", source, name, setting):
            data = {"sourceName": source, "filterName": name, "filterSettings": {setting: wish}}
            await obs.request("SetSourceFilterSettings", data)
        case ("text", source):
            await obs.request("SetInputSettings", {"inputName": source, "inputSettings": {"text": wish}})


async def _put_back(obs: Connection, place: Target, before: Wish, ours: Wish) -> Outcome:
    try:
        if not _same(await _look(obs, place), ours):
            return "theirs"
        await _put(obs, place, before)
    except ObsSaysNo as no:
        # What is no longer there can't be put back. All else may pass, as 207 does, which OBS says while it changes its
        # scene collection.
        return "theirs" if no.code == _NOT_FOUND else "waits"
    return "back"


async def _collections(obs: Connection) -> tuple[str, list[str]]:
    """The name of the scene collection that is open now, and the names of all."""
    told = await obs.request("GetSceneCollectionList")
    return str(told["currentSceneCollectionName"]), [str(name) for name in told["sceneCollections"]]


async def _program_scene(obs: Connection) -> str:
    return str((await obs.request("GetCurrentProgramScene"))["currentProgramSceneName"])


async def _item(obs: Connection, place: Target) -> int:
    found = await obs.request("GetSceneItemId", {"sceneName": place[1], "sourceName": place[2]})
    return int(found["sceneItemId"])


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _same(now: Wish, ours: Wish) -> bool:
    if isinstance(now, float) and isinstance(ours, float):
        # Through JSON and back.
        return abs(now - ours) <= 1e-3 * max(1.0, abs(ours))
    return now == ours


async def _mend(obs: Connection, rule: Rule, no: ObsSaysNo) -> str:
    """Why a rule can't be done, and what to do, in one line."""
    place = f"Reaction `{rule.name}`"
    if no.code == _NOT_READY:
        return f"{place}: OBS was not ready, as while it changes its scene collection: nothing was done this time."
    if rule.do == "chapter":
        if no.code == _UNKNOWN_REQUEST:
            return f"{place}: this OBS is too old for chapters; they came with OBS 30.2."
        return f"{place}: no chapter was set. It takes a running recording in the format Hybrid MP4 (Settings, Output)."
    if rule.do == "hotkey":
        return f"{place}: OBS has no hotkey `{rule.hotkey}`{await _meant(obs, 'GetHotkeyList', 'hotkeys', rule.hotkey)}"
    if rule.do == "event":
        return f"{place}: this OBS has no browser sources, so nobody can get `{rule.event}`."
    if no.code != _NOT_FOUND:
        return f"{place}: {no}"
    scenes = await _names(obs, "GetSceneList", "scenes", "sceneName")
    if rule.scene and rule.scene not in scenes:
        return f"{place}: OBS has no scene `{rule.scene}`{_close(rule.scene, scenes)}"
    inputs = await _names(obs, "GetInputList", "inputs", "inputName")
    if rule.source and rule.source not in {*inputs, *scenes}:
        return f"{place}: OBS has no source `{rule.source}`{_close(rule.source, inputs)}"
    if rule.filter:
        return f"{place}: source `{rule.source}` has no filter `{rule.filter}`."
    if rule.do == "text":
        return f"{place}: `{rule.source}` is no text source."
    return f"{place}: source `{rule.source}` is not in scene `{rule.scene or 'that is on'}`."


async def _names(obs: Connection, request: str, key: str, name: str) -> list[str]:
    return [str(each[name]) for each in (await obs.request(request)).get(key, [])]


async def _meant(obs: Connection, request: str, key: str, word: str) -> str:
    return _close(word, [str(name) for name in (await obs.request(request)).get(key, [])])


def _close(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f": did you mean `{close[0]}`?" if close else ": make it there, or name another one."
