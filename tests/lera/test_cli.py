"""The command line: help, wrong commands, and errors in one line."""

import io
import runpy
import subprocess
import sys
import types

import pytest

from lera.cli import PROGRAMS, main, run_program, usage
from lera.errors import LeraError
from lera.signals import STOPPED_STATUS
from tests.conftest import ROOT


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert main([]) == 2
    out = capsys.readouterr().out
    assert all(name in out and entry.summary in out for name, entry in PROGRAMS.items())
    assert out.count(usage()) == 2


def test_an_unknown_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dmeo"]) == 2
    assert "demo" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        LeraError("the port is taken; close it"),
        ExceptionGroup("tasks", [ExceptionGroup("inner", [LeraError("the port is taken; close it")])]),
    ],
)
def test_what_a_person_can_mend_is_one_line(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def program(_argv: list[str] | None) -> int:
        raise error

    assert run_program(program) == 1
    assert capsys.readouterr().err == "LERA: the port is taken; close it\n"


def test_a_bug_is_not_hidden_behind_a_line_for_people() -> None:
    def program(_argv: list[str] | None) -> int:
        raise ExceptionGroup("tasks", [LeraError("one"), ZeroDivisionError()])

    with pytest.raises(ExceptionGroup):
        run_program(program)


def test_words_that_the_output_cannot_write_end_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "cp1252", write_through=True))

    def program(_argv: list[str] | None) -> int:
        print("café 觀眾")
        return 0

    assert run_program(program) == 0
    assert written.getvalue().split() == ["café".encode("cp1252"), b"??"]


def test_run_py_knows_the_same_commands_and_needs_no_environment_to_help() -> None:
    out = subprocess.run(
        [sys.executable, "run.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name, entry in PROGRAMS.items():
        assert f"{name:<8} {entry.summary}" in out
    assert not _imports_anything_installed()


def _imports_anything_installed() -> set[str]:
    import ast

    names = set()
    for node in ast.walk(ast.parse((ROOT / "run.py").read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    return names - sys.stdlib_module_names


def test_run_py_says_what_is_wrong_in_one_line() -> None:
    done = subprocess.run([sys.executable, "run.py", "dmeo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("LERA: There is no command `dmeo`")


def test_ctrl_c_before_anything_is_there_to_handle_it_leaves_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    early = types.ModuleType("lera.cli")
    early.__getattr__ = interrupted  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "lera.cli", early)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("lera", run_name="__main__")
    assert ended.value.code == STOPPED_STATUS
