"""Which themes there are, and that nothing but their files comes out of their folders."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.themes import MAX_FILE, SHIPPED, Themes
from tests.bot.stage import theatre

FIELD: dict[str, Any] = {"name": "pace", "type": "number", "default": 2, "min": 1, "max": 3, "label": {"en": "Pace"}}


def write(folder: Path, name: str, fields: Any = (), **files: str) -> Path:
    """A theme of a streamer's own."""
    theme = folder / name
    theme.mkdir(parents=True)
    (theme / "theme.js").write_text("export const load = () => {};")
    (theme / "theme.css").write_text("")
    (theme / "fields.json").write_text(json.dumps({"title": {"en": name}, "fields": fields}))
    for file, text in files.items():
        (theme / file.replace("_", ".")).write_text(text)
    return theme


def test_shipped_themes_are_whole_and_named_in_both_languages(tmp_path: Path) -> None:
    found, faults = Themes(SHIPPED, tmp_path).described()
    assert not faults
    assert next(iter(found)) == "bars" and set(found) >= {"bars"}
    for theme in found.values():
        assert set(theme.title) == {"en", "zh-TW"}
        for field in theme.fields:
            assert set(field.label) == {"en", "zh-TW"}
            assert all(set(choice.label) == {"en", "zh-TW"} for choice in field.choices)


def test_a_streamers_own_theme_stands_beside_lera_s(tmp_path: Path) -> None:
    write(tmp_path, "mine", [FIELD])
    themes = Themes(own=tmp_path)
    found, faults = themes.described()
    assert found["mine"].fields[0].default == 2 and not faults
    assert themes.file("mine", "theme.js") == tmp_path / "mine" / "theme.js"


def test_lera_s_own_comes_first(tmp_path: Path) -> None:
    write(tmp_path, "bars")
    assert Themes(own=tmp_path).file("bars", "theme.js") == SHIPPED / "bars" / "theme.js"


@pytest.mark.parametrize(
    ("theme", "name"),
    [
        ("..", "config.json"), ("mine", "../secret.json"), ("mine", "..\\secret.json"), ("mine/..", "secret.json"),
        ("mine", "secret.txt"), ("mine", ".hidden.js"), ("Mine", "theme.js"), ("mine", "link.js"),
        ("link", "secret.json"), ("mine", "large.js"), ("mine", "folder.js"),
        ("mine", "theme.js\n"), ("absent", "theme.js"), ("", ""),
    ],
)  # fmt: skip
def test_nothing_else_comes_out(tmp_path: Path, theme: str, name: str) -> None:
    (tmp_path / "secret.json").write_text("{}")
    own = tmp_path / "themes"
    mine = write(own, "mine", secret_txt="x", large_js="x" * (MAX_FILE + 1))
    (mine / ".hidden.js").write_text("")
    (mine / "folder.js").mkdir()
    try:
        (mine / "link.js").symlink_to(tmp_path / "secret.json")
    except OSError:
        pytest.skip("no links on this machine")
    assert Themes(own=own).file(theme, name) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "slider"}, {"default": 9}, {"default": "2"}, {"default": True}, {"name": "Pa ce"}, {"size": 1},
        {"type": "colour", "default": "red"}, {"type": "switch", "default": 1}, {"type": "choice", "default": "a"},
        {"label": {"en": ""}}, {"label": "Pace"},
    ],
)  # fmt: skip
def test_a_field_that_makes_no_sense_is_named_and_the_others_go_on(tmp_path: Path, wrong: dict[str, Any]) -> None:
    write(tmp_path, "wrong", [FIELD | wrong])
    write(tmp_path, "right", [FIELD])
    found, faults = Themes(own=tmp_path).described()
    assert "right" in found and "wrong" not in found
    assert faults["wrong"].startswith("fields.json: ")


def test_a_folder_without_a_module_is_named(tmp_path: Path) -> None:
    (write(tmp_path, "half") / "theme.js").unlink()
    _, faults = Themes(own=tmp_path).described()
    assert faults == {"half": "no theme.js in it"}


async def test_the_pages_are_served_and_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LERA_HOME", str(tmp_path))
    write(tmp_path / "themes", "mine", [FIELD])
    async with theatre() as stage:
        async with stage.session.get("/overlay/themes/mine/theme.js") as answer:
            assert answer.status == 200 and "javascript" in answer.headers["Content-Type"]
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        async with stage.session.get("/api/themes") as answer:
            told = await answer.json()
        for place in (
            "/overlay/themes/../index.html",
            "/overlay/themes/%2e%2e/web.js",
            "/overlay/themes/mine/..%2fx.js",
        ):
            async with stage.session.get(place) as answer:
                assert answer.status == 404, place
    assert told["themes"][0]["name"] == "bars" and told["faults"] == {}
    [mine] = [theme for theme in told["themes"] if theme["name"] == "mine"]
    assert mine["title"] == {"en": "mine"} and mine["fields"][0]["min"] == 1


def test_fields_in_another_encoding_are_one_themes_fault_and_not_all_themes(tmp_path: Path) -> None:
    theme = write(tmp_path, "mine")
    (theme / "fields.json").write_bytes('{"title": {"en": "Café"}, "fields": []}'.encode("cp1252"))
    nested = write(tmp_path, "nested")
    (nested / "fields.json").write_text('{"more": ' + "[" * 100_000)
    found, faults = Themes(own=tmp_path).described()
    assert "bars" in found and set(faults) == {"mine", "nested"}
    assert all(fault.startswith("fields.json: ") for fault in faults.values())
