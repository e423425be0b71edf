"""`atomic_write`: the former file or the new one, never half of one."""

import errno
import os
import stat
from pathlib import Path

import pytest

from underpaint.errors import OutputError
from underpaint.files import atomic_write, free_name


def test_writes_the_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "new folder" / "keys.psd") as file:
        file.write(b"hello world")
        file.seek(0)
        assert file.read(5) == b"hello"
        file.write(b"!")
    assert (tmp_path / "new folder" / "keys.psd").read_bytes() == b"hello!world"
    assert [entry.name for entry in (tmp_path / "new folder").iterdir()] == ["keys.psd"]


@pytest.mark.parametrize("interruption", [ValueError("a bug"), KeyboardInterrupt(), FileNotFoundError(2, "other")])
def test_an_interruption_keeps_the_former_file(tmp_path: Path, interruption: BaseException) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"former")
    with pytest.raises(type(interruption)), atomic_write(target) as file:
        file.write(b"half of the ne")
        raise interruption
    assert target.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="free some space") as caught, atomic_write(tmp_path / "a.png"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.exit_code == 7
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for place, way_out in [
        (tmp_path / "file" / "a.png", "not a folder"),
        (tmp_path / "folder", "a folder of that name"),
        (tmp_path / ("x" * 300), "shorter"),
        (tmp_path / "a\0b", "zero byte"),
        (Path("/proc/nowhere/a.png"), "-o"),
    ]:
        with pytest.raises(OutputError, match=way_out), atomic_write(place):
            pytest.fail("the block must not run")


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_permissions_follow_the_umask_or_the_former_file(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        with atomic_write(tmp_path / "new"):
            pass
    finally:
        os.umask(former)
    (tmp_path / "old").write_bytes(b"")
    (tmp_path / "old").chmod(0o600)
    with atomic_write(tmp_path / "old"):
        pass
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o600


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"
    assert (tmp_path / "link").read_bytes() == b"new"


def test_a_free_name_is_the_first_that_nobody_uses(tmp_path: Path) -> None:
    wanted = tmp_path / "map-line.png"
    assert free_name(wanted) == wanted
    for name in ("map-line.png", "map-line-2.png"):
        (tmp_path / name).touch()
    assert free_name(wanted) == tmp_path / "map-line-3.png"
