"""The disk reserve: its size, its disks, and concurrent writes."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from cabinet.errors import StorageFull
from cabinet.storage.reserve import DiskSpace, FreeSpace, Reserve

MB = 1 << 20
GB = 1 << 30


@pytest.mark.parametrize(
    ("total", "reserve"),
    [
        (160 * MB, 16 * MB),
        (640 * MB, 64 * MB),
        (6400 * MB, 64 * MB),
        (50 * GB, GB // 2),
        (100 * GB, GB),
        (1 << 44, GB),
    ],
)
def test_the_default_reserve_depends_on_the_disk_size(total: int, reserve: int) -> None:
    assert Reserve(None).on(total) == reserve
    assert Reserve(5).on(total) == 5


@pytest.fixture
def disks(monkeypatch: pytest.MonkeyPatch) -> dict[Path, int]:
    """Return the free bytes of disks of 1000 bytes; tests may change them."""
    free: dict[Path, int] = {}

    def statvfs(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(f_frsize=1, f_blocks=1000 if free[folder] >= 0 else 0, f_bavail=free[folder])

    monkeypatch.setattr(os, "statvfs", statvfs)
    return free


CONTENT, ROWS = Path("content"), Path("rows")


def test_content_may_use_all_space_but_the_reserve(disks: dict[Path, int]) -> None:
    disks[CONTENT] = 300
    room = DiskSpace(CONTENT, Reserve(None))

    room.check(200)
    with pytest.raises(StorageFull):
        room.check(201)
    disks[CONTENT] = 99
    with pytest.raises(StorageFull):
        room.check(0)
    assert room.free() == FreeSpace(99, 100, -1)


def test_writes_in_progress_reduce_the_usable_space(disks: dict[Path, int]) -> None:
    disks[CONTENT] = 300
    room = DiskSpace(CONTENT, Reserve(100))
    with room.writing(150):
        room.check(50)
        with pytest.raises(StorageFull), room.writing(51):
            pytest.fail("the reserve was used")

    with room.writing(200):
        pass


def test_a_full_database_disk_stops_uploads(disks: dict[Path, int]) -> None:
    disks.update({CONTENT: 1000, ROWS: 100})
    room = DiskSpace(CONTENT, Reserve(100, (ROWS,)))

    room.check(900)
    disks[ROWS] = 99
    with pytest.raises(StorageFull):
        room.check(0)


def test_a_disk_of_unknown_size_has_no_reserve(
    disks: dict[Path, int],
) -> None:
    disks[CONTENT] = -1
    room = DiskSpace(CONTENT, Reserve(100))

    room.check(1 << 40)
    with room.writing(1 << 40):
        assert room.free() == FreeSpace(-1, 100, None)
