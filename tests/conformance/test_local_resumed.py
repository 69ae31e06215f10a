"""Resumable uploads on a local disk: when data is synced, and failing disks.

Rule: the clock is set, never waited for.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from cabinet.errors import StorageFault, StorageFull, UploadGone
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.local.blobs import LocalStore, open_store
from cabinet.storage.local.staging import SYNC_BLOCKS, SYNC_SECONDS
from cabinet.storage.protocols import ResumedStaging, StagedPart
from tests.support.backends import LocalBackend
from tests.support.contents import content_of, in_chunks
from tests.support.faults import Fault
from tests.support.waiting import wait_until

LONG = content_of((SYNC_BLOCKS + 4) * BLOCK_SIZE)


@pytest.fixture
def place(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "store")


@pytest.fixture
def local(place: LocalBackend) -> LocalStore:
    return open_store(place.url)


def await_sync(staging: ResumedStaging) -> None:
    """Send on until a sync is noticed to have ended, which the chunk behind it does."""

    def notice() -> int:
        staging.append([b"x"])
        return staging.kept

    wait_until(notice, what="a sync")


def ever_more() -> Iterator[bytes]:
    """Yield bytes for longer than any sync takes."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        yield b"x"


def is_content(path: Path) -> bool:
    return path.parent.name == "staging" and not path.suffix


def is_digests(path: Path) -> bool:
    return path.suffix == ".blocks"


def test_a_long_part_is_synced_during_the_upload(local: LocalStore) -> None:
    with local.resume(local.create(), 0) as staging:
        staging.append(in_chunks(LONG))
        await_sync(staging)

        assert SYNC_BLOCKS * BLOCK_SIZE <= staging.kept < staging.offset
        assert staging.kept % BLOCK_SIZE == 0


def test_a_slow_part_is_synced_periodically(local: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("cabinet.storage.local.staging.time.monotonic", lambda: now[0])
    with local.resume(local.create(), 0) as staging:
        staging.append(in_chunks(content_of(5 * BLOCK_SIZE)))
        assert staging.kept == 0

        now[0] += SYNC_SECONDS
        await_sync(staging)

        assert staging.kept >= BLOCK_SIZE


def test_a_tentative_part_is_not_synced_during_the_upload(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault(monkeypatch, "fdatasync", errno.EIO)

    with local.resume(local.create(), 0, tentative=True) as staging:
        staging.append(in_chunks(LONG))

    assert fault.calls == 0


def test_digests_are_written_after_their_bytes_are_durable(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = local.create()
    Fault(monkeypatch, "fdatasync", errno.EIO, is_content)

    with local.resume(upload_id, 0) as staging:
        staging.append(in_chunks(content_of(2 * BLOCK_SIZE)))
        with pytest.raises(StorageFault):
            staging.keep()

    assert (local.root / "staging" / f"{upload_id}.blocks").stat().st_size == 0


def test_a_failed_sync_is_not_retried_on_the_same_descriptor(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault(monkeypatch, "fdatasync", errno.EIO, is_content)
    with local.resume(local.create(), 0) as staging:
        staging.append([b"x"])
        for _ in range(2):
            with pytest.raises(StorageFault):
                staging.keep()

        assert (fault.calls, staging.kept) == (1, 0)


def test_a_failed_sync_during_the_upload_ends_the_part(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, "fdatasync", errno.EIO, is_content)

    with local.resume(local.create(), 0) as staging:
        with pytest.raises(StorageFault):
            staging.append(chain(in_chunks(LONG), ever_more()))
        assert staging.kept == 0


def test_a_full_disk_keeps_committed_bytes(local: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = local.create()
    with local.resume(upload_id, 0) as staging:
        staging.append([b"kept"])
        staging.keep()
    with monkeypatch.context() as patch:
        Fault(patch, "pwritev", errno.ENOSPC, is_content)
        with local.resume(upload_id, 4) as staging:
            staging.append([b"lost"])
            with pytest.raises(StorageFull):
                staging.keep()

    with local.resume(upload_id, 4) as staging:
        assert staging.finish().content_hash == hash_chunks([b"kept"])


def test_a_file_that_fails_to_open_leaks_no_descriptor(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = local.create()
    before = len(list(Path("/proc/self/fd").iterdir()))

    for concerns in (is_content, is_digests):
        with monkeypatch.context() as patch:
            Fault(patch, "open", errno.EMFILE, concerns)
            with pytest.raises(StorageFault), local.resume(upload_id, 0):
                pass

    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("suffix", ["", ".blocks"])
def test_an_upload_with_a_missing_file_is_gone(local: LocalStore, suffix: str) -> None:
    upload_id = local.create()
    (local.root / "staging" / f"{upload_id}{suffix}").unlink()

    with pytest.raises(UploadGone), local.resume(upload_id, 0):
        pass


def test_resuming_reads_at_most_one_block_and_finishing_no_more(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = local.create()
    with local.resume(upload_id, 0) as staging:
        staging.append(in_chunks(LONG))
        staging.keep()
    read: list[int] = []
    pread = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        found = pread(descriptor, size, offset)
        read.append(len(found))
        return found

    monkeypatch.setattr(os, "pread", counted)
    cut = len(LONG) - 1
    with local.resume(upload_id, cut) as staging:
        staging.append([LONG[cut:]])
        measured = staging.finish()

    assert measured.content_hash == hash_chunks([LONG])
    assert sum(read) <= BLOCK_SIZE + len(LONG) // BLOCK_SIZE * 32


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EXDEV])
def test_parts_are_joined_without_kernel_copy(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    content = content_of(3 << 20)
    upload_id = local.create()
    with local.resume(upload_id, 0) as staging:
        staging.append([content])
        staging.keep()

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    with local.join([StagedPart(upload_id, len(content))] * 2) as joined:
        assert joined.finish().content_hash == hash_chunks([content * 2])


def test_uploads_resume_and_join_without_linux_system_calls(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("copy_file_range", "fdatasync"):
        monkeypatch.delattr(os, name)
    content = content_of(BLOCK_SIZE + 1)
    upload_id = local.create()
    for start, stop in ((0, BLOCK_SIZE), (BLOCK_SIZE, len(content))):
        with local.resume(upload_id, start) as staging:
            staging.append([content[start:stop]])
            staging.keep()
            assert staging.kept == stop

    with local.join([StagedPart(upload_id, len(content))] * 2) as joined:
        assert joined.finish().content_hash == hash_chunks([content * 2])


def test_a_disk_error_during_a_copy_is_a_storage_fault(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = local.create()
    with local.resume(upload_id, 0) as staging:
        staging.append([b"x"])
        staging.keep()
    Fault(monkeypatch, "copy_file_range", errno.EIO)

    with local.join([StagedPart(upload_id, 1)]) as joined, pytest.raises(StorageFault):
        joined.finish()

    assert [found.key for found in local.iter_staged()] == [upload_id]


def test_an_invalid_staging_id_is_not_found(local: LocalStore) -> None:
    for bad in ("", "..", "../blobs", "A" * 32, "a" * 31):
        with pytest.raises(ValueError, match="staging id"), local.resume(bad, 0):
            pass
