import stat
import sys
from pathlib import Path

import pytest

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


def test_a_broken_file_is_one_line(lera_home: Path) -> None:
    keep_secret("a", "hush")
    (lera_home / "secrets.json").write_text("{")
    with pytest.raises(LeraError, match="delete it"):
        secret("a")
