import stat
import sys
from pathlib import Path

import keyring
import keyring.errors
import pytest

from lera import vault
from lera.errors import LeraError
from lera.vault import keep_secret, secret


def test_a_secret_is_kept_and_erased() -> None:
    assert secret("a") is None
    keep_secret("a", "hush")
    keep_secret("b", "other")
    assert secret("a") == "hush"
    keep_secret("a", None)
    keep_secret("never there", None)
    assert secret("a") is None and secret("b") == "other"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps other users out by the profile folder's rights")
def test_no_one_else_can_read_the_file(lera_home: Path) -> None:
    keep_secret("a", "hush")
    assert stat.S_IMODE((lera_home / "secrets.json").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_is_one_line(lera_home: Path) -> None:
    lera_home.parent.mkdir(exist_ok=True)
    lera_home.write_text("a file stands here")
    with pytest.raises(LeraError, match="LERA_HOME"):
        secret("a")


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b'"a"', b'{"a": 1}', b'{"a": null}', b'{"a": ["hush"]}', b"\xff", b"[" * 100_000],
)
def test_a_damaged_file_is_one_line_and_what_ends_with_it_is_said(lera_home: Path, damage: bytes) -> None:
    keep_secret("a", "hush")
    (lera_home / "secrets.json").write_bytes(damage)
    with pytest.raises(LeraError, match=r"put it back from a backup.*bans end then\.$"):
        secret("a")
    with pytest.raises(LeraError, match="is damaged"):
        keep_secret("b", "new")
    assert (lera_home / "secrets.json").read_bytes() == damage, "nothing is written over it"


def test_a_file_without_secrets_is_none_that_is_damaged(lera_home: Path) -> None:
    lera_home.mkdir(exist_ok=True)
    (lera_home / "secrets.json").write_text("{}")
    assert secret("a") is None


def test_a_file_that_may_not_be_read_is_not_to_be_deleted(lera_home: Path) -> None:
    (lera_home / "secrets.json").mkdir(parents=True)
    with pytest.raises(LeraError, match=r"Can't read .*: let your user read it"):
        secret("a")


@pytest.mark.parametrize(
    "error", [keyring.errors.KeyringLocked("no"), OSError(1312, "CredRead"), RuntimeError("no bus")]
)
def test_a_keyring_that_is_gone_is_one_line_whatever_it_raises(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> None:
        raise error

    monkeypatch.setattr(vault, "has_keyring", lambda: True)
    for name in ("get_password", "set_password"):
        monkeypatch.setattr(keyring, name, fail)
    with pytest.raises(LeraError, match="keyring is locked or broken"):
        secret("a")
    for value in ("hush", None):
        with pytest.raises(LeraError, match="keyring is locked or broken"):
            keep_secret("a", value)
