"""`python run.py report`: a stream's story as one file that opens anywhere, or its numbers for other programs."""

import argparse
import sys
import webbrowser
from pathlib import Path
from typing import get_args

from bot.language import LanguageName, one_line
from bot.report import figures
from bot.report.export import EXPORTS, has_parquet
from bot.report.page import Surroundings, page
from bot.report.stories import all_sessions, chosen
from bot.settings import read_settings
from lera.errors import LeraError
from lera.files import write


def main(argv: list[str] | None = None) -> int:
    """Write a story, an export or the list. Raises LeraError."""
    parser = argparse.ArgumentParser(
        prog="run.py report", description="Write a stream's story as one HTML file that needs no network."
    )
    parser.add_argument("session", nargs="?", type=int, metavar="SESSION", help="its number (default: the newest)")
    parser.add_argument("--list", action="store_true", help="tell which streams there are")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write the story (default: here)")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write its seconds: .csv, .json or .parquet")
    parser.add_argument("--lang", choices=get_args(LanguageName), help="its language (default: that of [commands])")
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (default: config.toml in this folder)")
    arguments = parser.parse_args(argv)
    settings = read_settings(arguments.config)
    language: LanguageName = arguments.lang or settings.commands.language
    path = settings.history.file
    if arguments.list:
        for line in lines(path):
            print(line)
        return 0
    kind = None if arguments.export is None else arguments.export.suffix.lower().removeprefix(".")
    if kind is not None and kind not in EXPORTS:
        raise LeraError(f"{arguments.export} should end in {', '.join(f'.{ending}' for ending in EXPORTS)}.")
    found = chosen(path, arguments.session)
    if kind is not None:
        write(arguments.export, EXPORTS[kind](found.story, found.rows, found.own))
        print(f"Stream {found.session.id}: {len(found.rows)} seconds are in {arguments.export}.")
    if kind is None or arguments.out is not None:
        out = arguments.out or Path(f"lera-report-{found.session.id}.html")
        around = Surroundings(False, found.sessions, has_parquet())
        write(out, page(found.story, language, around).encode())
        print(f"The story of stream {found.session.id} is in {out.resolve()}.")
        if arguments.open and not webbrowser.open(out.resolve().as_uri()):
            print("No browser could be started here; open the file by hand.")
    return 0


def lines(path: Path) -> list[str]:
    """One line for each stream, newest first."""
    sessions = all_sessions(path)
    if not sessions:
        raise LeraError("The history has no stream yet: run the bot, and let viewers share for a while.")
    return [
        f"{session.id:>5}  {figures.minute(session.started)}  "
        f"{'-' if session.ended is None else figures.clock(session.ended - session.started):>8}  "
        f"{one_line(figures.shortened(session.title))[:80] or '-'}  ({one_line(figures.shortened(session.channel))})"
        for session in sessions
    ]


if __name__ == "__main__":
    from lera.cli import run_program

    sys.exit(run_program(main))
