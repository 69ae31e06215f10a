"""Resumable uploads in the service: usage, errors and expiry.

The protocol is tested by tests/conformance/test_tus_*.py over real sockets.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import (
    ChecksumMismatch,
    EntryExists,
    MalformedRequest,
    NotFound,
    OffsetMismatch,
    QuotaExceeded,
    StorageFault,
    TooLarge,
    TruncatedBody,
    UploadGone,
)
from cabinet.models import UploadKind
from cabinet.services.accounts.account import Account
from cabinet.services.tree.entries import OnConflict
from cabinet.services.uploads.publishing import Publisher, Target
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.values import Checksum, Part, Plan
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.support.contents import content_of
from tests.support.resumable import (
    MAX_SIZE,
    WHOLE,
    housekeeping,
    part,
    partial,
    plan,
    service_of,
)
from tests.support.services import Workbench, paths_of, stored_bytes, usage_of
from tests.support.services import content_of as stored_content


@pytest.fixture
def service(session: Session, bench: Workbench, alice: Account) -> ResumableUploads:
    return service_of(session, bench, alice)


def test_the_last_part_creates_a_file(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(len(WHOLE), "docs/report.pdf"))
    half = service.append(made.id, part(WHOLE[:1000]))
    done = service.append(made.id, part(WHOLE[1000:], 1000))

    assert (half.offset, half.is_finished) == (1000, False)
    assert (done.is_finished, done.path, done.content_hash) == (True, "docs/report.pdf", hash_chunks([WHOLE]))
    assert stored_content(session, bench, alice, "docs/report.pdf") == WHOLE
    assert stored_bytes(bench) == Counter(blobs=1)


def test_bytes_count_once_starting_with_the_first_part(
    session: Session, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(len(WHOLE)))
    seen = [usage_of(session, alice)]
    for start, stop in ((0, 10), (10, 1000), (1000, len(WHOLE))):
        service.append(made.id, part(WHOLE[start:stop], start))
        seen.append(usage_of(session, alice))

    assert seen == [0, 10, 1000, len(WHOLE)]


def test_a_cancelled_upload_frees_its_bytes(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(len(WHOLE)))
    service.append(made.id, part(WHOLE[:1000]))

    service.cancel(made.id)

    assert (usage_of(session, alice), stored_bytes(bench)) == (0, Counter())
    bench.clock.advance(days=6)
    assert housekeeping(session, bench).expire_uploads() == []
    with pytest.raises(UploadGone):
        service.get(made.id)
    with pytest.raises(UploadGone):
        service.append(made.id, part(b"x", 1000))


def test_an_upload_of_another_user_is_not_found(
    session: Session, bench: Workbench, service: ResumableUploads
) -> None:
    made = service.begin(plan(10))
    stranger = service_of(session, bench, bench.register(session, "mallory"))

    for tried in (
        lambda: stranger.get(made.id),
        lambda: stranger.append(made.id, part(b"x")),
        lambda: stranger.cancel(made.id),
    ):
        with pytest.raises(NotFound):
            tried()
    assert stranger.list_unfinished() == []


def fail_after(content: bytes) -> Iterator[bytes]:
    yield content
    raise TruncatedBody(expected=100, received=len(content))


def test_bytes_received_before_a_disconnect_are_kept(
    session: Session, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(100))

    with pytest.raises(TruncatedBody):
        service.append(made.id, Part(0, fail_after(b"x" * 60), 100))

    assert (service.get(made.id).offset, usage_of(session, alice)) == (60, 60)


def test_a_part_with_a_checksum_counts_completely_or_not_at_all(
    session: Session, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(plan(100))
    right = Checksum(hashlib.sha256, hashlib.sha256(b"x" * 60).hexdigest())

    with pytest.raises(TruncatedBody):
        service.append(made.id, Part(0, fail_after(b"x" * 60), 100, checksum=right))
    with pytest.raises(ChecksumMismatch):
        service.append(made.id, part(b"y" * 60, checksum=right))
    assert (service.get(made.id).offset, usage_of(session, alice)) == (0, 0)

    assert service.append(made.id, part(b"x" * 60, checksum=right)).offset == 60


@pytest.mark.parametrize("start", [0, BLOCK_SIZE, 1000])
def test_a_part_may_be_verified_by_its_content_hash(service: ResumableUploads, start: int) -> None:
    made = service.begin(plan(len(WHOLE) + start))
    before, came = content_of(start, seed=2), WHOLE
    service.append(made.id, part(before))

    with pytest.raises(ChecksumMismatch):
        service.append(made.id, part(came, start, content_hash=hash_chunks([came[:-1]])))
    assert service.get(made.id).offset == start

    done = service.append(made.id, part(came, start, content_hash=hash_chunks([came])))
    assert done.content_hash == hash_chunks([before + came])


@pytest.mark.parametrize("kind", [UploadKind.WHOLE, UploadKind.PARTIAL])
@pytest.mark.parametrize("start", [0, BLOCK_SIZE, 1000])
def test_an_upload_may_be_verified_as_a_whole_by_its_last_part(
    session: Session, alice: Account, service: ResumableUploads, start: int, kind: UploadKind
) -> None:
    before, whole = content_of(start, seed=2), content_of(start, seed=2) + WHOLE
    made = service.begin(plan(len(whole), kind=kind))
    service.append(made.id, part(before, upload_hash="0" * 64))

    with pytest.raises(ChecksumMismatch):
        service.append(made.id, part(WHOLE, start, upload_hash=hash_chunks([WHOLE, b"x"])))
    state = service.get(made.id)
    assert (state.offset, state.is_finished, usage_of(session, alice)) == (start, False, start)

    done = service.append(made.id, part(WHOLE, start, upload_hash=hash_chunks([whole])))
    assert (done.offset, done.is_finished) == (len(whole), True)


def test_a_joined_upload_may_be_verified_as_a_whole(service: ResumableUploads) -> None:
    ids = [partial(service, content_of(BLOCK_SIZE)), partial(service, WHOLE)]
    content_hash = hash_chunks([content_of(BLOCK_SIZE), WHOLE])

    with pytest.raises(ChecksumMismatch):
        service.join(plan(None, kind=UploadKind.JOINED, upload_hash=hash_chunks([WHOLE])), ids)
    done = service.join(plan(None, kind=UploadKind.JOINED, upload_hash=content_hash), ids)

    assert done.content_hash == content_hash


def test_an_empty_upload_may_be_verified_as_a_whole(service: ResumableUploads) -> None:
    with pytest.raises(ChecksumMismatch):
        service.begin(plan(0, upload_hash=hash_chunks([b"x"])))

    assert service.begin(plan(0, upload_hash=hash_chunks([]))).is_finished


def test_a_part_at_another_offset_changes_nothing(service: ResumableUploads) -> None:
    made = service.begin(plan(100))
    service.append(made.id, part(b"x" * 10))

    for offset in (0, 9, 11, 100):
        with pytest.raises(OffsetMismatch):
            service.append(made.id, part(b"y", offset))
    assert service.get(made.id).offset == 10


def test_a_too_long_part_is_refused(service: ResumableUploads) -> None:
    made = service.begin(plan(10))

    with pytest.raises(TooLarge):
        service.append(made.id, part(b"x" * 11))
    with pytest.raises(TooLarge):
        service.append(made.id, Part(0, iter([b"x" * 10, b"y"]), None))
    assert service.get(made.id).offset == 10  # a body of unknown length is kept as far as it fits


def test_a_finished_upload_accepts_no_more_bytes(service: ResumableUploads) -> None:
    made = service.begin(plan(1))
    service.append(made.id, part(b"x"))

    assert service.append(made.id, part(b"", 1)).is_finished
    for extra in (part(b"y", 1), Part(1, iter([b"y"]), None)):
        with pytest.raises(TooLarge):
            service.append(made.id, extra)


def test_an_empty_upload_is_finished_at_once(service: ResumableUploads) -> None:
    assert service.begin(plan(0)).is_finished


def test_a_deferred_length_is_set_once(service: ResumableUploads) -> None:
    made = service.begin(plan(None))
    service.append(made.id, part(b"x" * 10))

    with pytest.raises(MalformedRequest):
        service.append(made.id, part(b"", 10, length=9))
    with pytest.raises(TooLarge):
        service.append(made.id, part(b"", 10, length=MAX_SIZE + 1))
    assert service.append(made.id, part(b"", 10, length=20)).length == 20
    with pytest.raises(MalformedRequest):
        service.append(made.id, part(b"", 10, length=30))
    assert service.append(made.id, part(b"y" * 10, 10, length=20)).is_finished


def test_an_upload_without_a_length_is_limited_by_the_file_size_limit(service: ResumableUploads) -> None:
    made = service.begin(plan(None))

    with pytest.raises(TooLarge):
        service.append(made.id, Part(0, iter([]), MAX_SIZE + 1))


def test_an_error_while_finishing_can_be_retried(
    session: Session,
    bench: Workbench,
    alice: Account,
    service: ResumableUploads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = service.begin(plan(3))
    with monkeypatch.context() as patch:

        def fail(*_: object, **__: object) -> None:
            raise StorageFault(reason="gone")

        patch.setattr(Publisher, "publish", fail)
        with pytest.raises(StorageFault):
            service.append(made.id, part(b"abc"))
        with pytest.raises(StorageFault):
            service.get(made.id)
        assert paths_of(session, bench, alice) == []
        assert usage_of(session, alice) == 3

    assert service.get(made.id).is_finished
    assert (paths_of(session, bench, alice), usage_of(session, alice)) == (["f"], 3)


def test_a_taken_name_keeps_the_bytes_until_it_is_free(
    session: Session, bench: Workbench, alice: Account, service: ResumableUploads
) -> None:
    made = service.begin(Plan(Target("f", OnConflict.FAIL), 3))
    bench.upload(session, alice, "f", b"another")

    with pytest.raises(EntryExists):
        service.append(made.id, part(b"abc"))
    bench.files(session, alice).trash("f")

    assert service.append(made.id, part(b"", 3)).is_finished
    assert stored_content(session, bench, alice, "f") == b"abc"


def test_a_quota_applies_at_creation_and_during_the_upload(session: Session, bench: Workbench) -> None:
    account = bench.register(session, "poor", quota=100)
    service = service_of(session, bench, account)
    with pytest.raises(QuotaExceeded):
        service.begin(plan(101))
    made = [service.begin(plan(80, f"f{number}")) for number in range(2)]
    service.append(made[0].id, part(b"x" * 80))

    with pytest.raises(QuotaExceeded):
        service.append(made[1].id, part(b"y" * 80))
    with pytest.raises(QuotaExceeded):
        service.append(made[1].id, Part(0, iter([b"y" * 20, b"y"]), None))

    assert (usage_of(session, account), service.get(made[1].id).offset) == (100, 20)
