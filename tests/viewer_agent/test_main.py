import argparse
import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import msgspec
import pytest

from tests.night_loop import through_the_night
from tests.viewer_agent.helpers import PORTRAIT, stand_in_hub
from transport.link import Link, parse_link
from transport.reading import Post, agent_decoder
from viewer_agent import __main__ as program
from viewer_agent.__main__ import main
from viewer_agent.channels import Joined, join_channel, joined_channels
from viewer_agent.consent import has_consent, require_consent
from viewer_agent.settings import ViewerSettings

LINK = Link("ws://127.0.0.1:9/hub", "demo", "secret-token")


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for option in (
        "--camera",
        "--loop",
        "--preview",
        "--forget",
        "--list",
        "--explain-payload",
        "--seconds",
        "--show-me",
        "--name",
    ):
        assert option in text
    # Nothing answers the question of consent in the viewer's place.
    assert "--yes" not in text
    assert "consent" in text


def test_explains_the_payload(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--explain-payload"]) == 0
    assert isinstance(agent_decoder.decode(capsys.readouterr().out), Post)


def test_lists_streams_without_their_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    join_channel(LINK)
    assert main(["--list"]) == 0
    shown = capsys.readouterr().out
    assert "joined no stream yet" in shown
    assert "demo  on 127.0.0.1:9" in shown
    assert "secret-token" not in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "joined no stream yet"),
        (["nonsense#link"], "not a join link"),
        (["demo"], "not joined demo"),
        (["--camera", "no-such-file.mp4"], "no camera or video file"),
        (["--config", "no-such.toml"], "no-such.toml"),
    ],
)
def test_what_a_person_can_mend_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whatever is opened as a camera, by anyone."""
    sources: list[Any] = []

    def refuse(source: Any, *_more: Any) -> None:
        sources.append(source)
        raise AssertionError("a camera was opened")

    monkeypatch.setattr(cv2, "VideoCapture", refuse)
    return sources


@pytest.mark.parametrize("source", ["0", "1", "/dev/null"])
def test_without_consent_no_camera_is_ever_opened(
    capsys: pytest.CaptureFixture[str], opened: list[Any], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "win32" and source == "/dev/null":
        pytest.skip("no such device")
    join_channel(LINK)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert main(["demo", "--camera", source]) == 1
    assert opened == []
    assert "not agreed" in capsys.readouterr().err
    assert not has_consent()


def test_a_no_at_the_terminal_opens_no_camera(
    capsys: pytest.CaptureFixture[str], opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    join_channel(LINK)
    monkeypatch.setattr(program, "require_consent", lambda: require_consent(lambda _question: "n", terminal=True))
    assert main(["demo", "--camera", "0"]) == 1
    assert opened == []
    captured = capsys.readouterr()
    assert "Please read this first" in captured.out
    assert "camera stays closed" in captured.err


def test_ctrl_c_at_the_question_leaves_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    join_channel(LINK)

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "require_consent", interrupt)
    assert main(["demo", "--camera", "0"]) == 130
    assert capsys.readouterr().err == ""


def test_no_option_agrees_to_be_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    join_channel(LINK)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert main(["demo", "--camera", str(PORTRAIT), "--show-me", "name", "--name", "Ann"]) == 1
    assert "not agreed to be shown" in capsys.readouterr().err
    assert joined_channels()[0].showing is None


def test_by_a_sheet_nobody_is_shown_which_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    joined = join_channel(Link("https://sheets.example/v4", "demo", "spreadsheet"))
    arguments = argparse.Namespace(show_me="name", name="Ann")
    assert program._shown_as_chosen(joined, arguments, ViewerSettings()) == joined
    assert "By a Google Sheet nobody is shown" in capsys.readouterr().out
    quiet = argparse.Namespace(show_me=None, name="")
    assert program._shown_as_chosen(joined, quiet, ViewerSettings()) == joined
    assert not capsys.readouterr().out
    program._shown_as_chosen(joined, quiet, ViewerSettings(show_me="seat"))
    assert "nobody is shown" in capsys.readouterr().out


def test_a_film_needs_no_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    join_channel(LINK)
    ran: list[object] = []

    def run(work: Any) -> int:
        work.close()
        ran.append(work)
        return 0

    monkeypatch.setattr(program, "require_consent", lambda: pytest.fail("asked"))
    monkeypatch.setattr(program, "run_until_stopped", run)
    monkeypatch.setattr("viewer_agent.agent.step_back", lambda: None)
    assert main(["demo", "--camera", str(PORTRAIT)]) == 0
    assert ran


async def in_thread(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, ctrl_c: threading.Event | None = None
) -> int:
    """`main` beside a hub in this loop; signals can be handled in the main thread only."""

    async def until_ctrl_c(work: Any, pressed: threading.Event) -> int:
        task = asyncio.ensure_future(work)
        await asyncio.to_thread(pressed.wait, 120)
        task.cancel()
        return int(await task)

    def run(work: Any) -> int:
        status: int = asyncio.run(work if ctrl_c is None else until_ctrl_c(work, ctrl_c))
        return status

    monkeypatch.setattr(program, "run_until_stopped", run)
    return await asyncio.to_thread(main, arguments)


def agree() -> None:
    require_consent(lambda _question: "y", lambda _text: None, terminal=True)


def link_of(text: str) -> Link:
    return parse_link(text)


async def test_forget_withdraws_everything(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    agree()
    async with stand_in_hub() as hub:
        viewer = join_channel(link_of(hub.link)).viewer
        assert await in_thread(["--forget"], monkeypatch) == 0
        assert [join.viewer for join in hub.joins] == [viewer]
    assert "has erased what it kept of you" in capsys.readouterr().out
    assert not has_consent()
    assert joined_channels() == []


def test_forget_keeps_the_key_of_a_hub_that_is_away_and_asks_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick: Callable[..., Any] = program._ask_to_erase
    monkeypatch.setattr(program, "_ask_to_erase", lambda entry, key: quick(entry, key, 0.3))
    monkeypatch.setattr(program, "run_until_stopped", through_the_night)
    agree()
    join_channel(LINK)
    assert main(["--forget"]) == 0
    assert "did not answer" in capsys.readouterr().out
    assert not has_consent()
    assert [entry.leaving for entry in joined_channels()] == [True]


def test_forget_tells_why_a_hub_cant_be_reached(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up(*_args: object, **_kwargs: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "words of a system")

    quick: Callable[..., Any] = program._ask_to_erase
    monkeypatch.setattr(program, "_ask_to_erase", lambda entry, key: quick(entry, key, 0.5))
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    # However busy this machine is, it is known before the time is up.
    monkeypatch.setattr(program, "run_until_stopped", through_the_night)
    join_channel(parse_link("https://nobody.example/join/demo#token"))
    assert main(["--forget"]) == 0
    told = capsys.readouterr().out
    assert "only to ask again. The host of the stream's address isn't known: check" in told and "words" not in told


async def test_forget_lets_go_of_a_hub_that_refuses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand_in_hub() as hub:
        hub.refusal = "this link is not valid any more"
        join_channel(link_of(hub.link))
        assert await in_thread(["--forget"], monkeypatch) == 0
    assert "not valid any more" in capsys.readouterr().out
    assert joined_channels() == []


async def test_statistics_are_written_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.viewer_agent.helpers import FakeReader

    monkeypatch.setattr(program, "_load_reader", FakeReader)
    monkeypatch.setattr("viewer_agent.agent.step_back", lambda: None)
    path = tmp_path / "statistics.json"
    ctrl_c = threading.Event()
    async with stand_in_hub() as hub:

        def reasons() -> list[str]:
            return [frame.reason for _, frame in hub.frames if hasattr(frame, "reason")]

        arguments = [hub.link, "--camera", str(PORTRAIT), "--loop", "--stats-file", str(path)]
        running = asyncio.create_task(in_thread(arguments, monkeypatch, ctrl_c))
        await hub.until(lambda: bool(reasons()))
        ctrl_c.set()
        assert await running == 0
        assert reasons()[:1] == ["no_face"]
    statistics = msgspec.json.decode(path.read_bytes())
    assert statistics["frames"] > 0
    assert statistics["readings"] == 0
    assert statistics["cpu_seconds"] > 0


async def test_a_hub_that_gives_tokens_without_end_has_one_write_under_way_and_the_newest_is_kept_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[str] = []
    writing, going_on = threading.Event(), threading.Event()

    def keep(_joined: Joined, token: str) -> None:
        writing.set()
        assert going_on.wait(20)
        kept.append(token)

    monkeypatch.setattr(program, "keep_given", keep)
    with ThreadPoolExecutor(4) as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        keeper = program._given_keeper(join_channel(LINK))
        keeper("token-0")
        await asyncio.get_running_loop().run_in_executor(None, writing.wait, 20)
        for number in range(1, 1000):
            keeper(f"token-{number}")
        going_on.set()
    # What comes after all was written is written, too.
    assert kept == ["token-0", "token-999"]
    with ThreadPoolExecutor(4) as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        keeper("")
    assert kept[2:] == [""]


async def test_a_token_that_a_keyring_refuses_in_its_own_words_keeps_no_later_one_from_being_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[str] = []

    def keep(_joined: Joined, token: str) -> None:
        if token == "first":
            raise RuntimeError("the collection is locked")
        kept.append(token)

    monkeypatch.setattr(program, "keep_given", keep)
    keeper = program._given_keeper(join_channel(LINK))
    for token in ("first", "second"):
        with ThreadPoolExecutor(1) as pool:
            asyncio.get_running_loop().set_default_executor(pool)
            keeper(token)
    assert kept == ["second"] and "could not be kept for the next time: the collection" in capsys.readouterr().out


async def test_by_an_open_way_it_joins_only_with_insecure_and_forgets_in_any_case(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transport.way._LOOPBACK_IS", "open")
    ctrl_c = threading.Event()
    async with stand_in_hub() as hub:
        run = [hub.link, "--camera", str(PORTRAIT), "--loop"]
        assert await in_thread(run, monkeypatch) == 1
        refused = capsys.readouterr().err
        assert "isn't encrypted" in refused and "--insecure" in refused and len(refused.splitlines()) == 1
        assert not hub.joins
        running = asyncio.create_task(in_thread([*run, "--insecure"], monkeypatch, ctrl_c))
        await hub.until(lambda: bool(hub.frames))
        ctrl_c.set()
        assert await running == 0
        assert "The way there isn't encrypted" in capsys.readouterr().out and len(hub.joins) == 1
        assert await in_thread(["--forget"], monkeypatch) == 0
        assert "has erased what it kept of you" in capsys.readouterr().out
