"""Each fault has its cause and its mend in one line."""

import contextlib
import importlib.util
import socket
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot import doctor
from bot.access_file import access_file, kept_access
from bot.keys import kept_keys
from bot.settings import ChatSettings, Settings, WebSettings
from bot.virtual_camera.settings import VirtualCameraSettings
from lera import vault
from lera.errors import LeraError
from tests.bot.readers import WordReader
from tests.ports import free_port
from transport.desk import HubSettings

look_at_chat = doctor._chat


def findings(config: str, tmp_path: Path) -> dict[str, doctor.Finding]:
    path = tmp_path / "config.toml"
    path.write_text(config)
    return {finding.name: finding for finding in doctor.examine(path)}


@pytest.fixture(autouse=True)
def without_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader has tests of its own, and takes seconds to load."""
    monkeypatch.setattr(doctor, "_reader", lambda: doctor.Finding("reader", "loads"))
    monkeypatch.setattr(doctor, "_detector", lambda: doctor.Finding("detector", "is here"))
    monkeypatch.setattr(doctor, "_chat", lambda _settings: doctor.Finding("chat", "loads"))


def test_a_well_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[web]\nport = {free_port()}\npublic_port = 0\n")
    assert doctor.main(["--config", str(path)]) == 0
    assert "All is well." in capsys.readouterr().out


def test_a_taken_port_and_a_wrong_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = findings(f"[web]\nport = {port}\n", tmp_path)
        assert "not free" in found["port"].said and "[web] port" in found["port"].mend
        found = findings(f"[web]\nport = {free_port()}\npublic_port = {port}\n", tmp_path)
        assert "not free" in found["port"].said and "[web] public_port" in found["port"].mend, "the bot wants it, too"
    path = tmp_path / "config.toml"
    path.write_text("[web]\nprot = 1\n")
    monkeypatch.setattr(doctor, "_port", lambda _settings: doctor.Finding("port", "is free"))
    assert doctor.main(["--config", str(path)]) == 1
    out = capsys.readouterr().out
    assert "line 2" in out and "did you mean `port`" in out and "1 thing to mend." in out


def test_a_port_of_a_program_that_speaks_no_http_is_not_free_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:

        def greet() -> None:
            with contextlib.suppress(OSError):
                visitor, _ = taken.accept()
                visitor.sendall(b"SSH-2.0-somebody\r\n")
                visitor.close()

        greeting = threading.Thread(target=greet)
        greeting.start()
        found = doctor._port(Settings(web=WebSettings(port=taken.getsockname()[1])))
        greeting.join()
    assert "not free" in found.said and found.mend


def test_too_few_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "open_files_as_allowed", lambda: 1024)
    found = doctor._connections(Settings(hub=HubSettings(max_viewers=5000)))
    assert "max_viewers to 524" in found.mend
    assert not doctor._connections(Settings(hub=HubSettings(max_viewers=500))).mend


def test_the_virtual_camera_is_looked_at_where_it_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(**settings: Any) -> doctor.Finding:
        return doctor._virtual_camera(Settings(virtual_camera=VirtualCameraSettings(**settings)))

    assert "off" in look().said and not look().mend
    assert not look(enabled=True).mend
    with pytest.raises(LeraError, match="image"):
        look(enabled=True, image="/no/such.png")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert "pip install pyvirtualcam" in look(enabled=True).mend


def test_the_text_reader_is_looked_at_where_chat_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "load_reader", WordReader)
    assert look_at_chat(Settings()) == doctor.Finding("chat", "the text reader loads and answers")
    monkeypatch.setattr(WordReader, "read", lambda _reader, _messages: (np.ones((1, 6)), np.ones(1)))
    assert "nonsense" in look_at_chat(Settings()).said

    def missing() -> WordReader:
        raise LeraError("Chat can't be read: no weights.")

    monkeypatch.setattr(doctor, "load_reader", missing)
    assert look_at_chat(Settings()).mend == "Chat can't be read: no weights. Or set [chat] enabled = false."
    assert not look_at_chat(Settings(chat=ChatSettings(enabled=False))).mend


def test_a_part_that_does_not_work_is_named_and_the_rest_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> doctor.Finding:
        raise LeraError("mediapipe does not load; install it again.")

    monkeypatch.setattr(doctor, "_detector", broken)
    found = findings("", tmp_path)
    assert found["detector"].mend == "mediapipe does not load; install it again."
    assert found["reader"].said == "loads"


def test_a_microphone_is_looked_for_and_needed_by_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    library = types.ModuleType("sounddevice")
    devices = [{"name": "Speakers", "max_input_channels": 0}, {"name": "USB Mic", "max_input_channels": 1}]
    library.query_devices = lambda: devices  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    assert doctor._microphone().said.startswith("1 found, the first is USB Mic;")
    devices.clear()
    assert doctor._microphone().said.startswith("none found;")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    missing = doctor._microphone()
    assert missing.said.startswith("PortAudio is missing;") and not missing.mend


def test_the_list_of_links_is_looked_at(lera_home: Path) -> None:
    settings = Settings()
    assert "starts for the first time" in doctor._links(settings).said
    access = kept_access(settings.channel.name, kept_keys(settings.channel.name), 90, time.time())
    access.add_link("Discord", 7, time.time())
    assert doctor._links(settings).said == "the join link is good for 90 more days; 1 by name, 0 bans"
    path = access_file(settings.channel.name)
    if sys.platform != "win32":
        path.chmod(0o644)
        assert "chmod 600" in doctor._links(settings).mend
    path.write_text("{")
    assert "--new-link" in doctor._links(settings).mend
    assert path.parent == lera_home


def test_a_list_that_is_gone_is_told_from_one_that_never_was(lera_home: Path) -> None:
    settings = Settings()
    kept_keys(settings.channel.name)
    found = doctor._links(settings)
    assert "is gone: nobody is banned" in found.said and "--new-link" in found.mend
    assert [path.name for path in lera_home.iterdir()] == ["secrets.json"], "who looks makes nothing"


def test_bans_whose_key_is_gone_are_told_before_the_bot_ends_them() -> None:
    settings = Settings()
    access = kept_access(settings.channel.name, kept_keys(settings.channel.name), 90, time.time())
    access.ban(["aa" * 12], time.time())
    vault.secrets_file().unlink()
    found = doctor._links(settings)
    assert "keys are gone: all links and bans (1) end" in found.said and "from a backup first" in found.mend


def test_the_file_of_secrets_is_read_and_its_rights_are_looked_at(tmp_path: Path) -> None:
    settings = Settings()
    assert "will be kept in" in doctor._secrets(settings).said and not vault.secrets_file().exists()
    kept_keys(settings.channel.name)
    path = vault.secrets_file()
    assert "readable by you alone" in doctor._secrets(settings).said
    if sys.platform != "win32":
        path.chmod(0o640)
        assert doctor._secrets(settings).mend == f"Take their rights away: chmod 600 {path}"
    path.write_text("{")
    assert "put it back from a backup" in findings("", tmp_path)["secrets"].mend
