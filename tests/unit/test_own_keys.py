"""The services with a store whose keys are no hashes and which works before any transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing
from cabinet.models import Blob
from cabinet.services.accounts.account import Account
from cabinet.services.archives.zipping import Zipping
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.services.maintenance.verify import Fault, Inspection
from cabinet.storage.content_hash import hash_chunks
from tests.support.backends import put
from tests.support.memory_store import Memory, MemoryStore
from tests.support.resumable import part, plan, service_of
from tests.support.services import Workbench, content_of

HOUR = timedelta(hours=1)
KEEP = Retention(trash=HOUR, unneeded=timedelta(0), staged=HOUR, ended=HOUR)


@pytest.fixture
def memory(bench: Workbench) -> Memory:
    """Return what the bench's store holds, which is one with keys of its own."""
    memory = Memory()
    bench.store = MemoryStore(memory)
    return memory


def keys_of(session: Session) -> dict[str, str]:
    session.rollback()
    return {blob.content_hash: blob.key for blob in session.scalars(select(Blob))}


def housekeeping(session: Session, bench: Workbench) -> Housekeeping:
    return Housekeeping(session, bench.store, bench.locker, bench.clock, KEEP)


def test_a_file_is_read_by_the_key_of_its_row(
    session: Session, bench: Workbench, alice: Account, memory: Memory
) -> None:
    bench.upload(session, alice, "f", b"content")

    assert content_of(session, bench, alice, "f") == b"content"
    assert keys_of(session) == {hash_chunks([b"content"]): key for key in memory.blobs}
    assert all(key.startswith("object/") for key in memory.blobs)


def test_existing_content_keeps_its_key_and_is_stored_once(
    session: Session, bench: Workbench, alice: Account, memory: Memory
) -> None:
    bench.upload(session, alice, "f", b"content")
    before = keys_of(session)
    bench.upload(session, alice, "g", b"content")

    assert keys_of(session) == before
    assert list(memory.blobs) == list(before.values())
    assert memory.staged == {}
    assert content_of(session, bench, alice, "g") == b"content"


def test_content_lost_by_the_store_is_restored_under_its_key(
    session: Session, bench: Workbench, alice: Account, memory: Memory
) -> None:
    bench.upload(session, alice, "f", b"content")
    memory.blobs.clear()
    with pytest.raises(BlobMissing):
        content_of(session, bench, alice, "f")
    assert [found.fault for found in Inspection(session, bench.store).verify()] == [Fault.MISSING]
    bench.upload(session, alice, "g", b"content")

    assert content_of(session, bench, alice, "f") == b"content"


def test_a_resumable_upload_becomes_a_file(
    session: Session, bench: Workbench, alice: Account, memory: Memory
) -> None:
    service = service_of(session, bench, alice)
    made = service.begin(plan(7))
    service.append(made.id, part(b"cont"))
    service.append(made.id, part(b"ent", 4))

    assert content_of(session, bench, alice, "f") == b"content"
    assert memory.staged == {}


def test_an_archive_reads_its_files(
    session: Session, bench: Workbench, alice: Account, memory: Memory
) -> None:
    bench.upload(session, alice, "f", b"content of f")

    archive = b"".join(Zipping(bench.session(), bench.store, alice.scope).zip([""]).chunks)

    assert b"content of f" in archive
    assert len(memory.blobs) == 1


def test_a_sweep_removes_unneeded_blobs_by_key(
    session: Session, bench: Workbench, alice: Account, memory: Memory
) -> None:
    bench.upload(session, alice, "f", b"content")
    bench.upload(session, alice, "kept", b"kept")
    bench.files(session, alice).purge("f")
    housekeeping(session, bench).sweep()

    assert list(memory.blobs) == list(keys_of(session).values())
    assert list(keys_of(session)) == [hash_chunks([b"kept"])]
    assert list(Inspection(session, bench.store).verify(deep=True)) == []


def test_a_recent_blob_without_a_row_is_kept(
    session: Session, bench: Workbench, alice: Account, memory: Memory
) -> None:
    """Its publisher holds no lock, because its key is unique."""
    bench.clock.now = datetime.now(UTC) + timedelta(minutes=1)
    key = put(bench.store, b"content").key
    at_once = housekeeping(session, bench).sweep()
    bench.clock.now += HOUR
    later = housekeeping(session, bench).sweep()

    assert (at_once.blobs, later.blobs) == (0, 1)
    assert key not in memory.blobs
