"""Files that are there whole: what a power cut, a full disk and root leave of them."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from lera.errors import LeraError
from lera.files import set_aside, write_private

PLACE = "kept.json"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows flushes no folder")
def test_the_new_name_is_on_the_disk_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[bool, bytes]] = []
    fsync, path = os.fsync, tmp_path / PLACE

    def seen(handle: int) -> None:
        flushed.append((stat.S_ISDIR(os.fstat(handle).st_mode), path.read_bytes() if path.exists() else b""))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", seen)
    write_private(path, b"new")
    assert flushed == [(False, b""), (True, b"new")], "first the content, then the folder that has the file's name"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows flushes no folder")
@pytest.mark.parametrize(("code", "is_fault"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_file_system_that_flushes_no_folder_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_fault: bool
) -> None:
    def refuse(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    if is_fault:
        with pytest.raises(LeraError, match="Can't write"):
            write_private(tmp_path / PLACE, b"new")
    else:
        write_private(tmp_path / PLACE, b"new")
    assert (tmp_path / PLACE).read_bytes() == b"new"


@pytest.mark.parametrize(
    ("code", "mend"), [(errno.ENOSPC, "free some disk space"), (errno.EROFS, "let your user write there")]
)
def test_what_is_to_be_done_follows_from_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, mend: str
) -> None:
    def refuse(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(LeraError, match=mend):
        write_private(tmp_path / PLACE, b"new")
    assert not (tmp_path / PLACE).exists()


def needs_root() -> bool:
    return sys.platform == "win32" or os.geteuid() != 0


@pytest.mark.skipif(needs_root(), reason="only root may give files away")
def test_what_root_writes_stays_its_owners(tmp_path: Path) -> None:
    service, other, path = 65_533, 65_532, tmp_path / PLACE
    os.chown(tmp_path, service, service)
    write_private(path, b"first")
    assert (path.stat().st_uid, path.stat().st_gid) == (service, service), "a new one is the folder's owner's"
    os.chown(path, other, other)
    write_private(path, b"second")
    assert (path.stat().st_uid, path.stat().st_gid) == (other, other)
    assert path.read_bytes() == b"second" and stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights of their own on Windows")
def test_a_link_in_the_files_place_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("as it was")
    (tmp_path / "kept.new").symlink_to(tmp_path / "precious")
    with pytest.raises(LeraError, match="Can't write"):
        write_private(tmp_path / PLACE, b"new")
    assert (tmp_path / "precious").read_text() == "as it was"


def test_damaged_files_that_are_set_aside_overwrite_none_and_a_folder_that_refuses_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, names = tmp_path / PLACE, []
    for number in range(3):
        path.write_text(str(number))
        names.append(set_aside(path).name)
    assert names == ["kept.broken.json", "kept.2.broken.json", "kept.3.broken.json"]
    assert [(tmp_path / name).read_text() for name in names] == ["0", "1", "2"]

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    path.write_text("3")
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(LeraError, match=r"can't be set aside \(Read-only file system\); move it away"):
        set_aside(path)
    assert path.read_text() == "3"
