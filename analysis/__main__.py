"""`python run.py analyse FILE`: what a clip, a recording or a text shows, as one offline page or as numbers."""

import argparse
import sys
import time
import webbrowser
from pathlib import Path
from typing import get_args

from analysis.cards import accuracy
from analysis.export import EXPORTS
from analysis.page import name_of, page
from analysis.progress import Progress
from analysis.reading import kind_of, read
from analysis.senses import LoadedSenses
from analysis.tracks import Read
from analysis.usual import Earlier, earlier
from bot.language import LanguageName, one_line
from bot.settings import read_settings
from lera.configuration import read_configuration
from lera.cores import forbid_core_files
from lera.errors import LeraError
from lera.files import write
from model.modalities import MODALITIES, Modality
from streamer_agent.settings import StreamerSettings


def main(argv: list[str] | None = None) -> int:
    """Read a file and write what it shows. Raises LeraError."""
    arguments = parser().parse_args(argv)
    path: Path = arguments.file
    kind = None if arguments.export is None else arguments.export.suffix.lower().removeprefix(".")
    if kind is not None and kind not in EXPORTS:
        raise LeraError(f"{arguments.export} should end in {' or '.join(f'.{ending}' for ending in EXPORTS)}.")
    forbid_core_files()
    kind_of(path)
    out = arguments.out if kind is not None else arguments.out or Path(f"{name_of(path.name)}.html")
    for place in filter(None, (arguments.export, out)):
        _spare(place, path)
    settings = read_settings(arguments.config)
    language: LanguageName = arguments.lang or settings.commands.language
    without: set[Modality] = {modality for modality in MODALITIES if getattr(arguments, f"no_{modality}")}
    agent = read_configuration(arguments.config).section("streamer_agent", StreamerSettings)
    found = _read(path, agent, without)
    try:
        compared = earlier(settings.history.file, settings.channel.name)
    except LeraError as error:
        print(f"Nothing is compared: {error}", file=sys.stderr)
        compared = Earlier(0, None)
    name = one_line(path.name)
    if kind is not None:
        write(arguments.export, EXPORTS[kind](found, compared))
        print(f"What {name} shows is in {one_line(str(arguments.export))}.")
    if out is not None:
        right = {modality: part for modality in MODALITIES if (part := accuracy(modality)) is not None}
        write(out, page(found, compared, right, language).encode())
        print(f"What {name} shows is in {one_line(str(out.resolve()))}.")
        if arguments.open and not webbrowser.open(out.resolve().as_uri()):
            print("No browser could be started here; open the file by hand.")
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    known = argparse.ArgumentParser(
        prog="run.py analyse",
        description="Read a clip, a recording or a text into one HTML file: face, voice, words, and all together.",
        epilog="Videos and sound of the usual kinds; .txt; subtitles (.srt, .vtt). The file stays on this machine.",
    )
    known.add_argument("file", type=Path, metavar="FILE", help="a video, a recording, a text or subtitles")
    known.add_argument("--out", type=Path, metavar="FILE", help="where to write the page (default: here)")
    known.add_argument("--export", type=Path, metavar="FILE", help="write its numbers instead: .csv or .json")
    known.add_argument("--lang", choices=get_args(LanguageName), help="the page's language (default: of [commands])")
    known.add_argument("--open", action="store_true", help="open it in the browser")
    for modality, text in {"face": "the face", "voice": "how the voice sounds", "words": "spoken words"}.items():
        known.add_argument(f"--no-{modality}", action="store_true", help=f"leave {text} out")
    known.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.toml in this folder)")
    return known


def _read(path: Path, agent: StreamerSettings, without: set[Modality]) -> Read:
    """Read the file, saying what is done and how far it is."""
    kind = kind_of(path)
    name = one_line(path.name)
    print(f"Reading {name}: on this machine, nothing of it leaves; words are scored and dropped.", file=sys.stderr)
    progress = Progress(sys.stderr, time.monotonic, counts=kind in ("text", "subtitles"))
    with LoadedSenses(agent, without, written=kind is not None) as senses:
        if senses.trouble is not None:
            print(f"Spoken words are left out: {senses.trouble}", file=sys.stderr)
        try:
            return read(path, senses, progress.tell)
        finally:
            progress.end()


def _spare(out: Path, path: Path) -> None:
    """Never write over the file that is read; and say before an hour of reading what can't be written after it."""
    said = one_line(str(out))
    try:
        same, folder, there = out.exists() and out.samefile(path), out.is_dir(), out.parent.is_dir()
    except (OSError, ValueError):
        same, folder, there = False, False, False
    if same:
        raise LeraError(f"{said} is the file that is read; name another one.")
    if folder:
        raise LeraError(f"{said} is a folder; name a file in it.")
    if not there:
        raise LeraError(f"{said} can't be written: there is no such folder; name another place.")


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
