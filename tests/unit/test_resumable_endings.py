"""The end of resumable uploads: joined, expired, swept, lost, taken over.

The protocol is tested by tests/conformance/test_tus_*.py over real sockets.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import (
    MalformedRequest,
    QuotaExceeded,
    TruncatedBody,
    UploadGone,
    UploadIsFinal,
    UploadLocked,
)
from cabinet.models import Upload, UploadKind
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.clock import utc_now
from cabinet.services.uploads import resumable
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.values import Part, UploadInfo, lock_name
from cabinet.storage.content_hash import BLOCK_SIZE
from cabinet.storage.local import staging as local_staging
from tests.support.contents import content_of, in_chunks
from tests.support.resumable import (
    MAX_SIZE,
    housekeeping,
    part,
    partial,
    plan,
    service_of,
)
from tests.support.services import Workbench, stored_bytes, usage_of
from tests.support.services import content_of as stored_content


@pytest.fixture
def service(session: Session, bench: Workbench, alice: Account) -> ResumableUploads:
    return service_of(session, bench, alice)


def test_partials_are_joined_and_end_with_the_final(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads
) -> None:
    one, two = partial(service, b"one"), partial(service, b"two")

    joined = service.join(plan(None, "f", kind=UploadKind.JOINED), [one, two, one])

    assert (joined.is_finished, joined.length) == (True, 9)
    assert stored_content(session, bench, alice, "f") == b"onetwoone"
    assert (usage_of(session, alice), stored_bytes(bench)) == (9, Counter(blobs=1))
    with pytest.raises(UploadGone):
        service.get(one)
    with pytest.raises(UploadIsFinal):
        service.append(joined.id, part(b"x", 9))


def test_only_complete_partials_are_joined(service: ResumableUploads) -> None:
    good = partial(service, b"good")
    ordinary = service.begin(plan(0, "e")).id
    unfinished = service.begin(plan(5, kind=UploadKind.PARTIAL)).id
    gone = partial(service, b"gone")
    service.cancel(gone)

    for bad in (ordinary, unfinished, gone, "0" * 32):
        with pytest.raises(MalformedRequest):
            service.join(plan(None, "f", kind=UploadKind.JOINED), [good, bad])
    assert service.get(good).is_finished


def test_a_joined_upload_must_fit(session: Session, bench: Workbench) -> None:
    service = service_of(session, bench, bench.register(session, "poor", quota=10))
    six = partial(service, b"x" * 6)

    assert service.join(plan(None, "f", kind=UploadKind.JOINED), [six]).is_finished
    two = partial(service, b"x" * 2)
    with pytest.raises(QuotaExceeded):
        service.join(plan(None, "g", kind=UploadKind.JOINED), [two] * 3)
    assert service.get(two).is_finished


def test_a_holder_asked_to_release_keeps_its_bytes(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(resumable, "RELEASE_TIMEOUT", 60)
    made = service.begin(plan(100))
    other_session = bench.session()
    asked = threading.Event()
    seen: list[UploadInfo] = []

    def chunks() -> Iterator[bytes]:
        yield b"x" * 60
        newcomer.start()
        # As a read of a connection does that was shut down by `request_release`.
        assert asked.wait(60)
        raise TruncatedBody(expected=100, received=60)

    def come() -> None:
        seen.append(service_of(other_session, bench, alice).get(made.id))

    newcomer = threading.Thread(target=come)
    with pytest.raises(UploadLocked):
        service.append(made.id, Part(0, chunks(), 100, request_release=asked.set))
    newcomer.join(60)
    other_session.close()

    assert [state.offset for state in seen] == [60]


def test_a_long_part_is_committed_during_the_upload(
    session: Session,
    bench: Workbench,
    alice: Account,
    service: ResumableUploads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_staging, "SYNC_BLOCKS", 1)
    made = service.begin(plan(MAX_SIZE))
    content = content_of(12 * BLOCK_SIZE)
    booked: list[int] = []
    other = bench.session()

    def chunks() -> Iterator[bytes]:
        for chunk in in_chunks(content):
            yield chunk
            other.rollback()
            booked.append(other.get_one(Upload, made.id, populate_existing=True).offset)

    service.append(made.id, Part(0, chunks(), len(content)))
    other.close()

    assert max(booked) > 0
    assert all(offset % BLOCK_SIZE == 0 for offset in booked)
    assert usage_of(session, alice) == len(content)


def test_an_abandoned_upload_expires(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(100))
    service.append(made.id, part(b"x" * 60))
    bench.clock.advance(days=6)
    service.append(made.id, part(b"x", 60))
    bench.clock.advance(days=6)
    assert housekeeping(session, bench).expire_uploads() == []

    bench.clock.advance(days=2)

    assert service.list_unfinished() == []
    assert housekeeping(session, bench).expire_uploads() == [made.id]
    assert (usage_of(session, alice), stored_bytes(bench)) == (0, Counter())
    with pytest.raises(UploadGone):
        service.get(made.id)


def test_accessing_an_expired_upload_ends_it(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(100))
    service.append(made.id, part(b"x" * 60))
    bench.clock.advance(days=8)

    with pytest.raises(UploadGone):
        service.append(made.id, part(b"x", 60))

    assert (usage_of(session, alice), stored_bytes(bench)) == (0, Counter())


def test_upload_rows_are_eventually_deleted(
    session: Session, bench: Workbench, service: ResumableUploads
) -> None:
    service.append(service.begin(plan(1)).id, part(b"x"))
    service.cancel(service.begin(plan(1)).id)

    for _ in range(3):
        bench.clock.advance(days=8)
        housekeeping(session, bench).sweep()

    assert session.scalar(select(func.count()).select_from(Upload)) == 0


def test_an_upload_in_use_does_not_expire(
    session: Session, bench: Workbench, service: ResumableUploads
) -> None:
    made = service.begin(plan(100))
    bench.clock.advance(days=8)

    with bench.locker.hold(lock_name(made.id), timeout=0):
        assert housekeeping(session, bench).expire_uploads() == []
    assert housekeeping(session, bench).expire_uploads() == [made.id]


def test_a_sweep_keeps_blobs_staged_for_an_upload(
    session: Session, bench: Workbench, service: ResumableUploads
) -> None:
    bench.clock.now = utc_now()  # what the store goes by
    made = service.begin(plan(2))
    service.append(made.id, part(b"x"))
    orphan = bench.store.create()
    bench.clock.advance(days=1)

    assert housekeeping(session, bench).sweep().staged == 1

    assert [found.key for found in bench.store.iter_staged()] == [made.id] != [orphan]
    assert service.append(made.id, part(b"x", 1)).is_finished


def test_an_upload_with_lost_bytes_is_gone(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(2))
    service.append(made.id, part(b"x"))
    bench.store.discard(made.id)

    with pytest.raises(UploadGone):
        service.get(made.id)
    assert usage_of(session, alice) == 0


def test_a_deleted_account_leaves_no_upload(session: Session, bench: Workbench, alice: Account) -> None:
    bench.clock.now = utc_now()  # what the store goes by
    made = service_of(session, bench, alice).begin(plan(2))
    bench.accounts(session).delete("alice")
    bench.clock.advance(days=1)

    housekeeping(session, bench).sweep()

    assert session.get(Upload, made.id) is None
    assert stored_bytes(bench) == Counter()
