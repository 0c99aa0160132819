"""The one command: `lera demo`, `lera bot`, … and the place where every error becomes one line."""

import importlib
import io
import os
import sys
from collections.abc import Callable
from typing import Final, NamedTuple

import lera
from lera import logs, redaction
from lera.errors import LeraError
from lera.signals import STOPPED_STATUS, unblock_interrupts


class Program(NamedTuple):
    """One command: the module whose `main(argv)` runs it."""

    module: str
    summary: str


PROGRAMS: Final = {
    "demo": Program("demo.__main__", "see it all work: no account, no camera, no settings"),
    "bot": Program("bot.__main__", "run the streamer's bot: overlay, hub, !mood"),
    "hub": Program("hub.__main__", "take in viewers beside other hubs, for many channels (needs NATS)"),
    "streamer": Program(
        "streamer_agent.__main__", "let your own face, voice and words be read beside the crowd's mood (asks you first)"
    ),
    "viewer": Program("viewer_agent.__main__", "share how you feel with a stream (asks you first)"),
    "report": Program("bot.report.__main__", "write a stream's story as one offline page, or its numbers"),
    "analyse": Program("analysis.__main__", "read a clip, a recording or a text into one offline page"),
    "doctor": Program("bot.doctor", "check this machine and say what to mend"),
}


def usage(program: str = "lera", extra: tuple[tuple[str, str], ...] = ()) -> str:
    """The help text. `extra` are further commands, each with its summary."""
    commands = [*((name, entry.summary) for name, entry in PROGRAMS.items()), *extra]
    lines = "\n".join(f"  {name:<8} {summary}" for name, summary in commands)
    return (
        f"LERA {lera.__version__}: let a streamer feel the crowd, and the crowd feel itself.\n\n"
        f"usage: {program} <command> [options]\n\n{lines}\n\n"
        f"`{program} <command> --help` tells more of each."
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(lera.__version__)
        return 0
    if arguments[0] not in PROGRAMS:
        print(f"There is no command `{arguments[0]}`; known are {', '.join(PROGRAMS)}.", file=sys.stderr)
        return 2

    def run(rest: list[str] | None) -> int:
        # Imported only now: the bot must not pay for the agent's camera, nor the help for either.
        entry: Callable[[list[str] | None], int] = importlib.import_module(PROGRAMS[arguments[0]].module).main
        return entry(rest)

    return run_program(run, arguments[1:])


def run_program(program: Callable[[list[str] | None], int], argv: list[str] | None = None) -> int:
    """Call a program's `main`; what a person can mend is printed as one line, Ctrl-C as nothing."""
    try:
        _say_what_can_be_said()
        unblock_interrupts()
        redaction.install()
        return program(argv)
    except LeraError as error:
        logs.tell_end(error)
        return 1
    except ExceptionGroup as group:
        # Tasks that run side by side fail as a group, often with one cause.
        mendable, others = group.split(LeraError)
        if mendable is None or others is not None:
            raise
        logs.tell_end(_first(mendable))
        return 1
    except KeyboardInterrupt:
        return STOPPED_STATUS
    except BrokenPipeError:
        # Whoever read our output has gone, as `| head` does; Python would complain once more at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _say_what_can_be_said() -> None:
    """What the output's encoding doesn't know becomes a question mark: on Windows a file or pipe is no UTF-8."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
