"""The overlay's themes: those that come with LERA, and a streamer's own in the `themes` folder of LERA's user folder.

A theme is a folder with `theme.js`, `theme.css` and `fields.json`; `overlay/themes/README.md` says what is in them.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web

from lera.folders import data_folder
from transport.reading import UNREADABLE

SHIPPED: Final = Path(__file__).parent.parent / "overlay" / "themes"
MAX_FILE: Final = 4 * 1024 * 1024
"""Bytes of one file of a theme; a font is the largest that makes sense."""
MAX_THEMES: Final = 100

_THEME: Final = r"[a-z][a-z0-9-]{0,31}"
_FILE: Final = r"[a-z0-9][a-z0-9-]{0,47}\.(?:js|css|json|svg|png|webp|woff2)"

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Text = Annotated[str, msgspec.Meta(max_length=80)]
FieldName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the values of a field, and what it is called in each language."""

    value: Label
    label: dict[str, Label] = {}


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One setting of a theme. `min` and `max` are a number's range; a text's `max` is its length."""

    name: FieldName
    type: Literal["choice", "number", "colour", "switch", "text"]
    default: bool | float | Text
    label: dict[str, Label]
    min: float | None = None
    max: float | None = None
    choices: list[Choice] = []

    def __post_init__(self) -> None:
        if not _fits(self):
            raise ValueError(f"the default of {self.name} is no {self.type} that it may be")


class Theme(msgspec.Struct, frozen=True):
    """A theme as `fields.json` describes it."""

    title: dict[str, Label]
    fields: Annotated[list[Field], msgspec.Meta(max_length=40)]


class Themes:
    """The themes that are there right now. A streamer's may be edited while the bot runs."""

    def __init__(self, shipped: Path = SHIPPED, own: Path | None = None) -> None:
        """`own` is the streamer's folder, which needn't exist."""
        self._folders = (shipped, own if own is not None else data_folder() / "themes")

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get(f"/overlay/themes/{{theme:{_THEME}}}/{{file:{_FILE}}}", self._serve)
        app.router.add_get("/api/themes", self._list)

    def file(self, theme: str, name: str) -> Path | None:
        """A file of a theme; LERA's own theme comes first where two have one name."""
        if not re.fullmatch(_THEME, theme) or not re.fullmatch(_FILE, name):
            return None
        folder = self._places().get(theme)
        path = folder / name if folder else None
        # A link would lead out of the folder.
        return path if path and path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_FILE else None

    def described(self) -> tuple[dict[str, Theme], dict[str, str]]:
        """Each theme that can be read, by name; and for each that can't, what is wrong with it."""
        found: dict[str, Theme] = {}
        faults: dict[str, str] = {}
        for name, folder in sorted(self._places().items(), key=lambda item: (item[0] != "bars", item[0])):
            try:
                missing = [file for file in ("theme.js", "theme.css", "fields.json") if self.file(name, file) is None]
                if missing:
                    raise FileNotFoundError(f"no {' and no '.join(missing)} in it")
                found[name] = msgspec.json.decode(folder.joinpath("fields.json").read_bytes(), type=Theme)
            except UNREADABLE as error:
                faults[name] = f"fields.json: {error}"
            except OSError as error:
                faults[name] = error.strerror or str(error)
        return found, faults

    def _places(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in self._folders:
            for path in _folders_in(folder):
                if len(found) < MAX_THEMES:
                    found.setdefault(path.name, path)
        return found

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = self.file(request.match_info["theme"], request.match_info["file"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def _list(self, _request: web.Request) -> web.Response:
        found, faults = await asyncio.to_thread(self.described)
        themes = [{"name": name, **msgspec.to_builtins(theme)} for name, theme in found.items()]
        return web.json_response({"themes": themes, "faults": faults}, headers={"Cache-Control": "no-store"})


def _fits(field: Field) -> bool:
    """Whether the default is a value that the field may have."""
    value = field.default
    if isinstance(value, bool) or field.type == "switch":
        return isinstance(value, bool) and field.type == "switch"
    if isinstance(value, str):
        if field.type == "colour":
            return re.fullmatch(r"#[0-9a-f]{6}", value) is not None
        return field.type == "text" or (field.type == "choice" and value in [choice.value for choice in field.choices])
    least, most = field.min, field.max
    return field.type == "number" and (least is None or least <= value) and (most is None or value <= most)


def _folders_in(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in sorted(folder.iterdir()) if re.fullmatch(_THEME, path.name) and path.is_dir())
    except OSError:
        return
