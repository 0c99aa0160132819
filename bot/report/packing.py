"""What a report carries in itself: our own modules as one, the chart library, the colours, and the policy for them."""

import base64
import functools
import gzip
import hashlib
import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from bot.report.markup import Markup, tag
from lera.errors import LeraError

OVERLAY: Final = Path(__file__).parents[2] / "overlay"
STORY: Final = "report/report.js"
"""The story's own program, in overlay/."""
_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
_LIGHT: Final = re.compile(r':root\[data-[a-z]+="light"\] \{\n(.*?)\n\}', re.DOTALL)


@functools.cache
def library() -> str:
    """Chart.js, out of the package chartkick. Raises LeraError where that isn't installed."""
    try:
        return files("chartkick").joinpath("django/static/chartkick/Chart.bundle.js").read_text("utf-8")
    except (ModuleNotFoundError, OSError):
        raise LeraError("The chart library (chartkick) is missing: start LERA by run.py, which installs it.") from None


@functools.cache
def packed_library() -> str:
    """The library as a page carries it."""
    return packed(library())


def packed(text: str) -> str:
    """gzip in base64: a fifth of the size, and no text in it can end a script element."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


@functools.cache
def program(name: str = STORY) -> str:
    """Our modules in one, each after those that it imports; `name` is the page's own, in overlay/."""
    known: dict[Path, str] = {}
    _modules(OVERLAY / name, known)
    return "\n".join(known.values())


@functools.cache
def style() -> str:
    """The style sheet: on a light ground, and on paper, the palette's light colours."""
    light = r"@media print, (prefers-color-scheme: light) {\n:root {\n\1\n}\n}"
    palette = _LIGHT.sub(light, (OVERLAY / "palette.css").read_text("utf-8"))
    return palette + (OVERLAY / "report" / "report.css").read_text("utf-8")


def script(text: str) -> Markup:
    """An element that runs this text as a module."""
    return Markup(f'<script type="module">{text}</script>')


def parcel(name: str, content: str) -> Markup:
    """An element that carries what `packed` made."""
    return tag("script", content, id=name, type="application/octet-stream")


def policy(name: str = STORY) -> str:
    """The page's Content-Security-Policy: these very scripts and this style sheet, and nothing from anywhere."""
    scripts = f"'{digest(program(name))}' '{digest(library())}'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{digest(style())}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@functools.cache
def digest(text: str) -> str:
    """A text's hash, as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _modules(path: Path, known: dict[Path, str]) -> str:
    """Put a module into `known`, behind those that it imports; returns its name. Each keeps its own names to itself."""
    name = f"module_{path.parent.name}_{path.stem}"
    if path in known:
        return name

    def imported(found: re.Match[str]) -> str:
        return f"const {{{found[1]}}} = {_modules((path.parent / found[2]).resolve(), known)};\n"

    text = _IMPORT.sub(imported, path.read_text("utf-8"))
    exports = ", ".join(_EXPORT.findall(text))
    text = _EXPORT.sub(lambda found: found[0].removeprefix("export "), text)
    known[path] = f"const {name} = (() => {{\n{text}\nreturn {{ {exports} }};\n}})();" if exports else text
    return name
