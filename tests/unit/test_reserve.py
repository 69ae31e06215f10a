"""What stays free on a disk: how much, on which disks, and however many write at once."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from cabinet.errors import StorageFull
from cabinet.storage.reserve import Free, Reserve, Room

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
def test_the_reserve_suits_the_disk(total: int, reserve: int) -> None:
    assert Reserve(None).on(total) == reserve
    assert Reserve(5).on(total) == 5


@pytest.fixture
def disks(monkeypatch: pytest.MonkeyPatch) -> dict[Path, int]:
    """Return what is free on disks of 1000 bytes, to be changed."""
    free: dict[Path, int] = {}

    def statvfs(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(f_frsize=1, f_blocks=1000 if free[folder] >= 0 else 0, f_bavail=free[folder])

    monkeypatch.setattr(os, "statvfs", statvfs)
    return free


CONTENT, ROWS = Path("content"), Path("rows")


def test_content_may_take_all_but_the_reserve(disks: dict[Path, int]) -> None:
    disks[CONTENT] = 300
    room = Room(CONTENT, Reserve(None))

    room.check(200)
    with pytest.raises(StorageFull):
        room.check(201)
    disks[CONTENT] = 99
    with pytest.raises(StorageFull):
        room.check(0)
    assert room.free() == Free(99, 100, -1)


def test_what_is_being_written_counts_until_it_is(disks: dict[Path, int]) -> None:
    disks[CONTENT] = 300
    room = Room(CONTENT, Reserve(100))
    with room.taking(150):
        room.check(50)
        with pytest.raises(StorageFull), room.taking(51):
            pytest.fail("there is no such room")

    with room.taking(200):
        pass


def test_the_disk_of_the_rows_keeps_its_reserve_and_takes_no_content(disks: dict[Path, int]) -> None:
    disks.update({CONTENT: 1000, ROWS: 100})
    room = Room(CONTENT, Reserve(100, (ROWS,)))

    room.check(900)
    disks[ROWS] = 99
    with pytest.raises(StorageFull):
        room.check(0)


def test_a_disk_that_does_not_tell_its_size_is_taken_at_its_word_when_it_is_full(
    disks: dict[Path, int],
) -> None:
    disks[CONTENT] = -1
    room = Room(CONTENT, Reserve(100))

    room.check(1 << 40)
    with room.taking(1 << 40):
        assert room.free() == Free(-1, 100, None)
