"""The overlay's source is made where it is missing and mended where it is wrong, in a real OBS.

Debian's OBS has no browser source. Where it is missing, a colour source stands in for it: OBS keeps any settings of any
source, and what is looked at here is what OBS then has.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.obs.export import SCENE, collection, export
from bot.obs.setup import KIND, NoBrowserSource, page_url, renew_key, set_up, set_up_here
from bot.settings import WebSettings
from lera.errors import LeraError
from lera.obs.connection import ObsError
from lera.obs.settings import ObsSettings
from tests.bot.obs.conftest import Rig
from tests.obs import Obs, needs_own_obs

BOT = "127.0.0.1:8765"


async def kind_of(rig: Rig) -> str:
    kinds = (await rig.ask("GetInputKindList"))["inputKinds"]
    return KIND if KIND in kinds else "color_source_v3"


async def place(rig: Rig, scene: str, source: str) -> dict[str, Any]:
    number = (await rig.ask("GetSceneItemId", sceneName=scene, sourceName=source))["sceneItemId"]
    found = await rig.ask("GetSceneItemTransform", sceneName=scene, sceneItemId=number)
    transform: dict[str, Any] = found["sceneItemTransform"]
    return transform


async def settings(rig: Rig, source: str) -> dict[str, Any]:
    found: dict[str, Any] = (await rig.ask("GetInputSettings", inputName=source))["inputSettings"]
    return found


@pytest.mark.obs
async def test_made_once_and_then_left_alone(rig: Rig) -> None:
    kind, scene, source = await kind_of(rig), await rig.scene("main"), f"LERA mood {rig.mark}"
    rig.inputs.append(source)
    done = await set_up(rig.connection, source, BOT, scene, kind=kind)
    assert done.changes == ("made, left",) and "made" in done.says(source)
    now = await settings(rig, source)
    assert now["url"] == page_url(BOT) and now["url"].startswith("file:") and now["url"].endswith("position=left")
    assert (now["width"], now["height"]) == (1920, 1080)
    video = await rig.ask("GetVideoSettings")
    lies = await place(rig, scene, source)
    assert (lies["positionX"], lies["positionY"], lies["boundsType"]) == (0, 0, "OBS_BOUNDS_SCALE_INNER")
    assert (lies["boundsWidth"], lies["boundsHeight"]) == (video["baseWidth"], video["baseHeight"])

    assert (await set_up(rig.connection, source, BOT, scene, kind=kind)).changes == ()
    items = (await rig.ask("GetSceneItemList", sceneName=scene))["sceneItems"]
    assert [item["sourceName"] for item in items] == [source]


@pytest.mark.obs
async def test_what_is_wrong_is_mended_and_what_a_streamer_set_is_kept(rig: Rig) -> None:
    kind, scene, other = await kind_of(rig), await rig.scene("main"), await rig.scene("other")
    source = f"LERA mood {rig.mark}"
    rig.inputs.append(source)
    await set_up(rig.connection, source, BOT, scene, "right", kind=kind)
    # Moved by hand, hidden, resized, and from the folder of an older version, with a theme.
    number = (await rig.ask("GetSceneItemId", sceneName=scene, sourceName=source))["sceneItemId"]
    moved = {"positionX": 50.0, "positionY": 60.0}
    await rig.ask("SetSceneItemTransform", sceneName=scene, sceneItemId=number, sceneItemTransform=moved)
    await rig.ask("SetSceneItemEnabled", sceneName=scene, sceneItemId=number, sceneItemEnabled=False)
    old = "file:///old/overlay/start.html?theme=light&position=right&port=9"
    await rig.ask("SetInputSettings", inputName=source, inputSettings={"url": old, "width": 800})

    done = await set_up(rig.connection, source, BOT, scene, kind=kind)
    assert set(done.changes) == {"address mended", "size mended", "shown again"}
    now = await settings(rig, source)
    assert now["url"].split("?")[1] == "theme=light&position=right&port=8765" and now["width"] == 1920
    assert (await place(rig, scene, source))["positionX"] == 50
    assert await rig.shown(scene, source)

    assert (await set_up(rig.connection, source, BOT, scene, "corner", kind=kind)).changes == ("placed: corner",)
    video = await rig.ask("GetVideoSettings")
    lies = await place(rig, scene, source)
    assert (lies["positionX"], lies["positionY"]) == (video["baseWidth"], video["baseHeight"])
    assert lies["alignment"] == 10 and lies["boundsWidth"] == pytest.approx(0.4 * video["baseWidth"])

    # The same source in a second scene, not a second source.
    await rig.go_to(other)
    done = await set_up(rig.connection, source, BOT, kind=kind)
    assert done.scene == other and "added to the scene" in done.changes
    assert [each["inputName"] for each in (await rig.ask("GetInputList"))["inputs"]].count(source) == 1


@pytest.mark.obs
async def test_a_renewed_key_reaches_the_overlay_that_is_there_and_changes_nothing_else(rig: Rig) -> None:
    kind, scene = await kind_of(rig), await rig.scene("main")
    source = f"LERA mood {rig.mark}"
    assert not await renew_key(rig.connection, source, "new", kind), "none is there"
    rig.inputs.append(source)
    await set_up(rig.connection, source, BOT, scene, "right", kind=kind, key="old")
    before = await settings(rig, source)
    assert before["url"].endswith("position=right#key=old")
    assert await renew_key(rig.connection, source, "new", kind)
    after = await settings(rig, source)
    assert after == before | {"url": before["url"].replace("#key=old", "#key=new")}
    done = await set_up(rig.connection, source, BOT, scene, kind=kind, key="newer")
    assert done.changes == ("address mended",)
    await rig.ask("SetInputSettings", inputName=source, inputSettings={"url": "http://127.0.0.1:9/mine.html#mine"})
    assert not await renew_key(rig.connection, source, "new", kind), "not ours"


@pytest.mark.obs
async def test_what_can_not_be_is_one_line(rig: Rig) -> None:
    kind, scene = await kind_of(rig), await rig.scene("main")
    with pytest.raises(ObsError, match="no scene `nowhere`; it has"):
        await set_up(rig.connection, "LERA mood", BOT, "nowhere", kind=kind)
    words = await rig.input(scene, "words", "text_")
    with pytest.raises(ObsError, match="of another kind"):
        await set_up(rig.connection, words, BOT, scene, kind=kind)
    with pytest.raises(ObsError, match="has a scene"):
        await set_up(rig.connection, scene, BOT, scene, kind=kind)
    if kind != KIND:
        with pytest.raises(NoBrowserSource, match="--obs-export"):
            await set_up(rig.connection, "LERA mood", BOT, scene)
    with pytest.raises(ObsError, match="trusted_addresses"):
        await set_up_here(rig.connection, ObsSettings(host="192.0.2.1"), BOT)


@pytest.mark.obs
@needs_own_obs
async def test_obs_takes_the_exported_collection(obs: Obs) -> None:
    """As imported: OBS copies the file into its folder of collections and loads it from there."""
    importing = Obs(obs.home / "importing", obs.display, collection="LERA")
    folder = importing.home / ".config" / "obs-studio" / "basic" / "scenes"
    folder.mkdir(parents=True)
    kinds = collection("LERA mood", BOT, "corner", "color_source_v3")
    (folder / "LERA.json").write_text(json.dumps(kinds))
    try:
        rig = Rig(importing, await importing.connected())
        assert await rig.program() == SCENE
        assert (await settings(rig, "LERA mood"))["url"] == page_url(BOT, "corner")
        lies = await place(rig, SCENE, "LERA mood")
        assert (lies["positionX"], lies["boundsWidth"], lies["alignment"]) == (1920, pytest.approx(768), 10)
        # What was imported needs no mending but where the picture has another size.
        done = await set_up(rig.connection, "LERA mood", BOT, SCENE, kind="color_source_v3")
        assert done.changes == ()
        await rig.connection.close()
    finally:
        importing.kill()


def test_the_export_is_a_file_and_says_what_to_do(tmp_path: Path) -> None:
    said = export(tmp_path / "lera.json", "LERA mood", BOT, "bottom")
    assert any("Scene Collection, Import" in line for line in said)
    written = json.loads((tmp_path / "lera.json").read_text("utf-8"))
    assert {source["id"] for source in written["sources"]} == {"browser_source", "scene"}
    with pytest.raises(LeraError, match="name another file"):
        export(tmp_path / "missing" / "lera.json", "LERA mood", BOT)


@pytest.mark.parametrize(
    ("before", "query"),
    [
        ("", "port=1&position=left"),
        ("file:///x/overlay/start.html?port=9&host=192.0.2.7", "port=1&position=left"),
        ("http://127.0.0.1:8765/overlay/?theme=light&scale=1.5", "theme=light&scale=1.5&port=1&position=left"),
        ("file:///x/overlay/start.html?port=9&show=anger", "port=1&show=anger&position=left"),
        ("https://somewhere.example/page?token=secret", "port=1&position=left"),
    ],
)
def test_an_address_keeps_what_was_set_behind_it(before: str, query: str) -> None:
    assert page_url("127.0.0.1:1", "left", before).split("?")[1] == query
    assert page_url("127.0.0.1:1", "left", f"{before}#key=old", "new").split("?")[1] == f"{query}#key=new"


@pytest.mark.parametrize(
    ("host", "query"),
    [("0.0.0.0", "port=9"), ("192.0.2.7", "host=192.0.2.7&port=9"), ("::", "host=%5B%3A%3A1%5D&port=9")],
)
def test_the_address_leads_to_where_the_bot_listens(host: str, query: str) -> None:
    assert page_url(WebSettings(host=host, port=9).here).endswith(f"/start.html?{query}&position=left")
