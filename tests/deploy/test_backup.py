"""Backups are put back by the commands that hosts are given."""

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="these are commands of a server's")
def test_a_history_that_is_put_back_after_a_kill_is_whole(tmp_path: Path) -> None:
    home, backup = tmp_path / "home", tmp_path / "backup"
    home.mkdir()
    backup.mkdir()
    file = home / "history.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as history:
        history.executescript("PRAGMA journal_mode = wal; CREATE TABLE mood (said TEXT)")
        history.execute(f"VACUUM INTO '{backup / file.name}'")
        history.executescript("INSERT INTO mood VALUES (hex(randomblob(50000))); PRAGMA wal_checkpoint(truncate)")
        history.execute("INSERT INTO mood VALUES (hex(randomblob(50000)))")
        # What a kill leaves there: closing would tidy it up.
        left = {path.name: path.read_bytes() for path in home.iterdir()}
    for name, content in left.items():
        (home / name).write_bytes(content)
    guide = (ROOT / "docs" / "deploy.md").read_text("utf-8").split("## Backups")[1]
    commands = re.findall(r"^(?:rm|cp|chown) .*$", guide, re.MULTILINE)
    script = "\n".join(commands).replace("/var/lib/lera", str(home)).replace("/backup", str(backup))
    subprocess.run([shutil.which("sh") or "sh", "-ec", script], check=True, timeout=30)
    with closing(sqlite3.connect(file)) as history:
        assert history.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert history.execute("SELECT count(*) FROM mood").fetchone() == (0,), "as it was at the backup"
