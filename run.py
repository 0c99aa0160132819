"""The one command of a LERA checkout: makes .venv, installs what the command needs, and runs it.

Standard library only, and nothing newer than Python 3.8 in the syntax, so that an old Python can say what is missing.
"""

import signal

# Until `main` runs there is nothing to tidy up: Ctrl-C simply ends this.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import hashlib  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
WINDOWS = sys.platform == "win32"

PROGRAMS = {
    "demo": "see it all work: no account, no camera, no settings",
    "bot": "run the streamer's bot: overlay, hub, !mood",
    "hub": "take in viewers beside other hubs, for many channels (needs NATS)",
    "streamer": "let your own face, voice and words be read beside the crowd's mood (asks you first)",
    "viewer": "share how you feel with a stream (asks you first)",
    "report": "write a stream's story as one offline page, or its numbers",
    "analyse": "read a clip, a recording or a text into one offline page",
    "doctor": "check this machine and say what to mend",
    "test": "run all tests (options go to pytest)",
    "check": "run the linter and the type checker",
}
DEVELOPER = ("test", "check")
USAGE = """LERA: let a streamer feel the crowd, and the crowd feel itself.

usage: python run.py <command> [options]

{}

`python run.py <command> --help` tells more of each."""


class Stop(Exception):
    """What happened and what to do, in one line."""


def main(arguments):
    """Set up, then run one command; returns its exit status."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        commands = "\n".join("  {:<8} {}".format(name, summary) for name, summary in PROGRAMS.items())
        print(USAGE.format(commands))
        return 0 if arguments else 2
    command = arguments[0]
    if command not in PROGRAMS:
        raise Stop("There is no command `{}`; known are {}.".format(command, ", ".join(PROGRAMS)))
    if sys.version_info < (3, 11):
        raise Stop("LERA needs Python 3.11 or newer, not {}: python.org has it.".format(sys.version.split()[0]))
    set_up("requirements-dev.txt" if command in DEVELOPER else "requirements.txt")
    if command == "check":
        return run("ruff", "check", ".") or run("ruff", "format", "--check", ".") or run("mypy")
    if command == "test":
        return become("pytest", *arguments[1:])
    return become("lera", *arguments)


def set_up(requirements):
    """Make the environment hold what `requirements` names; does nothing when it already does."""
    # The developer's set holds the runtime's, so its stamp serves both.
    if any(stamp(name).exists() and stamp(name).read_text() == fingerprint(name) for name in wanted(requirements)):
        return
    begun = time.monotonic()
    if not PYTHON.exists() or subprocess.call([str(PYTHON), "-m", "pip", "--version"], stdout=subprocess.DEVNULL):
        say("Making the environment in .venv")
        if subprocess.call([sys.executable, "-m", "venv", str(ENVIRONMENT)]):
            raise Stop("Python can't make an environment here; on Debian or Ubuntu: sudo apt install python3-venv")
    say("Installing what LERA needs (once; a minute or two)")
    install(requirements)
    say("Fetching the face detector")
    if run("model.blazeface"):
        raise Stop("The face detector could not be set up; the line above says why.")
    stamp(requirements).write_text(fingerprint(requirements))
    say("Ready after {:.0f} s".format(time.monotonic() - begun))


def install(requirements):
    """pip, with one short line for each package instead of its own pages of output."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    log = []
    # UTF-8 and errors replaced: pip prints file names in whatever encoding the system has.
    pip = subprocess.Popen(
        [*command, "--progress-bar", "off", "-r", str(ROOT / requirements)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    try:
        for line in pip.stdout:
            log.append(line.rstrip())
            words = line.split()
            if words[:1] in (["Collecting"], ["Installing"]):
                say("  " + " ".join(words[:2]))
        status = pip.wait()
    except BaseException:
        pip.kill()
        pip.wait()
        raise
    if status:
        print("\n".join(log[-15:]), file=sys.stderr)
        raise Stop("Installing failed, as pip says above: check the network, then run the same command again.")


def wanted(requirements):
    """The requirement files whose stamp shows that `requirements` are installed."""
    return {requirements, "requirements-dev.txt"}


def stamp(requirements):
    """The file that says which requirements were installed last."""
    return ENVIRONMENT / (requirements + ".installed")


def fingerprint(requirements):
    """Changes when what must be installed changes."""
    texts = [sys.version] + [(ROOT / name).read_text("utf-8") for name in sorted({requirements, "requirements.txt"})]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def run(module, *arguments):
    """Run a module of the environment and wait; returns its status."""
    return subprocess.call([str(PYTHON), "-m", module, *arguments], cwd=str(ROOT))


def become(module, *arguments):
    """Run a module of the environment as the last thing that this process does."""
    command = [str(PYTHON), "-m", module, *arguments]
    # Not by changing the folder: the user's own paths are meant from where the user stands.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    if module == "pytest":
        os.chdir(str(ROOT))
    if not WINDOWS:
        # Ctrl-C waits until the new program can handle it; LERA's programs take it again (lera/signals.py).
        if module == "lera":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        sys.stdout.flush()
        os.execv(command[0], command)
    # On Windows the console gives Ctrl-C to the child as well; this process only waits for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command)


def say(line):
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit("LERA: {}".format(stop))
    except KeyboardInterrupt:
        sys.exit(130)
