"""The requirements of resumable uploads, for every backend: create, resume, commit, join, discard.

Rule: the tests know nothing of how or where a backend keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cabinet.errors import StorageFault, StorageFull, TruncatedBody, UploadGone
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.protocols import ResumableStore, Sealed, StagedPart
from cabinet.storage.reserve import Reserve
from tests.support.backends import Backend, get, put
from tests.support.contents import SIZES, content_of, in_chunks, then_fail

CONTENT = content_of(2 * BLOCK_SIZE + 12_345)

# A clock of the disk may lag behind the system's by a tick.
TICK = timedelta(seconds=1)


def send(store: ResumableStore, upload_id: str, content: bytes, start: int, stop: int) -> None:
    """Bring the bytes [start, stop) in a request of their own."""
    with store.resume(upload_id, start) as staging:
        staging.append(in_chunks(content[start:stop]))
        staging.keep()
        assert (staging.offset, staging.kept) == (stop, stop)


def staged_in(store: ResumableStore) -> list[str]:
    return [found.key for found in store.iter_staged()]


def finish(store: ResumableStore, upload_id: str, size: int) -> Sealed:
    with store.resume(upload_id, size) as staging:
        sealed = staging.finish()
        store.publish([(staging, sealed)])
    store.discard(upload_id)
    return sealed


def staged(store: ResumableStore, content: bytes) -> StagedPart:
    """Return a complete staged upload of `content`."""
    upload_id = store.create(len(content))
    send(store, upload_id, content, 0, len(content))
    return StagedPart(upload_id, len(content))


@pytest.mark.parametrize("size", SIZES)
def test_several_requests_form_one_content(store: ResumableStore, size: int) -> None:
    content = content_of(size)
    upload_id = store.create(size)
    cuts = sorted({0, size // 3, size // 2, max(size - 1, 0), size})

    for start, stop in pairwise(cuts):
        send(store, upload_id, content, start, stop)
    sealed = finish(store, upload_id, size)

    assert (sealed.size, sealed.content_hash) == (size, hash_chunks([content]))
    assert get(store, sealed.key) == content
    assert staged_in(store) == []


def test_another_process_resumes_an_upload(store: ResumableStore, backend: Backend) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, BLOCK_SIZE + 77)
    elsewhere = backend.open()
    send(elsewhere, upload_id, CONTENT, BLOCK_SIZE + 77, len(CONTENT))

    assert finish(elsewhere, upload_id, len(CONTENT)).content_hash == hash_chunks([CONTENT])


def test_finishing_can_be_retried(store: ResumableStore) -> None:
    part = staged(store, CONTENT)

    for _ in range(2):
        with store.resume(part.staging_id, part.size, tentative=True) as staging:
            sealed = staging.finish()
            assert (sealed.size, sealed.content_hash) == (part.size, hash_chunks([CONTENT]))
            assert staging.head(10) == CONTENT[:10]


def test_uncommitted_bytes_are_discarded(store: ResumableStore) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, 1000)

    with store.resume(upload_id, 1000, tentative=True) as staging:
        staging.append(in_chunks(content_of(3 * BLOCK_SIZE, seed=1)))
        assert staging.kept == 1000

    send(store, upload_id, CONTENT, 1000, 5000)
    assert finish(store, upload_id, 5000).content_hash == hash_chunks([CONTENT[:5000]])


def test_bytes_before_a_disconnect_can_be_committed(store: ResumableStore) -> None:
    upload_id = store.create()
    broken = TruncatedBody(expected=len(CONTENT), received=0)

    with store.resume(upload_id, 0) as staging:
        with pytest.raises(TruncatedBody):
            staging.append(then_fail(CONTENT, 5, broken))
        staging.keep()
        came = staging.kept

    assert came == 5 << 20
    send(store, upload_id, CONTENT, came, len(CONTENT))
    assert finish(store, upload_id, len(CONTENT)).content_hash == hash_chunks([CONTENT])


def test_an_upload_resumes_at_an_earlier_offset(store: ResumableStore) -> None:
    """A server that was killed has kept more than it had time to note."""
    upload_id = store.create()
    send(store, upload_id, content_of(len(CONTENT), seed=3), 0, len(CONTENT))

    send(store, upload_id, CONTENT, 0, 10)
    assert finish(store, upload_id, 10).content_hash == hash_chunks([CONTENT[:10]])


def test_an_offset_beyond_the_committed_bytes_is_refused(store: ResumableStore) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, 1000)

    for offset in (1001, BLOCK_SIZE, BLOCK_SIZE + 1001):
        with pytest.raises(UploadGone), store.resume(upload_id, offset):
            pass


def test_a_discarded_upload_is_gone(store: ResumableStore) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, 1000)
    store.discard(upload_id)

    with pytest.raises(UploadGone), store.resume(upload_id, 1000):
        pass
    assert store.staged_size(upload_id) is None
    assert staged_in(store) == []


def test_an_upload_without_space_is_not_created(store: ResumableStore) -> None:
    with pytest.raises(StorageFull):
        store.create(1 << 62)

    assert staged_in(store) == []


def test_a_started_upload_stops_at_the_reserve(store: ResumableStore, backend: Backend) -> None:
    begun = store.create()
    full = backend.open(Reserve(1 << 62))

    with pytest.raises(StorageFull):
        full.create()
    with full.resume(begun, 0) as staging:
        staging.append([CONTENT[:1000]])
        with pytest.raises(StorageFull):
            staging.keep()
    full.discard(begun)
    assert staged_in(full) == []


def test_a_staged_upload_has_the_size_of_its_committed_bytes(store: ResumableStore) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, 1000)

    assert store.staged_size(upload_id) == 1000
    assert store.staged_size("0" * 32) is None


ALIGNED = (content_of(BLOCK_SIZE), content_of(2 * BLOCK_SIZE, seed=1), content_of(77, seed=2))
UNALIGNED = (content_of(BLOCK_SIZE + 1), content_of(BLOCK_SIZE, seed=1), content_of(2 * BLOCK_SIZE, seed=2))


@pytest.mark.parametrize("contents", [ALIGNED, UNALIGNED, (b"",), (b"", b"x", b"")])
def test_parts_are_joined_in_order(store: ResumableStore, contents: tuple[bytes, ...]) -> None:
    parts = [staged(store, content) for content in contents]

    with store.join(parts) as staging:
        sealed = staging.finish()
        assert staging.head(100) == b"".join(contents)[:100]
        assert b"".join(staging.iter_chunks()) == b"".join(contents)
        store.publish([(staging, sealed)])

    whole = b"".join(contents)
    assert (sealed.size, sealed.content_hash) == (len(whole), hash_chunks([whole]))
    assert get(store, sealed.key) == whole
    assert {found.key for found in store.iter_staged()} == {part.staging_id for part in parts}


def test_a_part_may_occur_twice(store: ResumableStore) -> None:
    part = staged(store, content_of(BLOCK_SIZE))

    with store.join([part, part]) as staging:
        assert staging.finish().content_hash == hash_chunks([content_of(BLOCK_SIZE) * 2])


def test_a_joined_upload_accepts_no_bytes_and_finishes_once(store: ResumableStore) -> None:
    with store.join([staged(store, b"x")]) as staging:
        with pytest.raises(ValueError, match="no further bytes"):
            staging.append([b"more"])
        staging.finish()
        with pytest.raises(ValueError, match="finished already"):
            staging.finish()


@pytest.mark.parametrize("lie", [1, BLOCK_SIZE])
def test_a_part_shorter_than_recorded_is_gone(store: ResumableStore, lie: int) -> None:
    part = staged(store, b"short")

    with store.join([StagedPart(part.staging_id, part.size + lie)]) as staging, pytest.raises(UploadGone):
        staging.finish()


def endless(fault: Exception) -> Iterator[bytes]:
    yield content_of(1 << 20)
    raise fault


def test_an_unexpected_error_discards_the_part_too(store: ResumableStore) -> None:
    upload_id = store.create()

    with pytest.raises(ZeroDivisionError), store.resume(upload_id, 0) as staging:
        staging.append(endless(ZeroDivisionError()))

    with store.resume(upload_id, 0) as staging:
        assert staging.finish().size == 0


def test_an_upload_in_progress_is_listed_with_its_bytes(store: ResumableStore) -> None:
    before = datetime.now(UTC) - TICK
    with store.begin() as staging:
        staging.append([CONTENT])
        staging.finish()

        [found] = store.iter_staged()

    assert (found.key, found.size) == (staging.id, len(CONTENT))
    assert before <= found.changed_at <= datetime.now(UTC) + TICK


def test_a_discarded_upload_is_gone_and_cannot_be_published(store: ResumableStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        measured = staging.finish()
        store.discard(staging.id)

        assert staged_in(store) == []
        with pytest.raises(StorageFault):
            store.publish([(staging, measured)])

    assert list(store.iter_blobs()) == []


def test_discarding_a_missing_upload_is_no_error(store: ResumableStore) -> None:
    store.discard("0" * 32)

    assert staged_in(store) == []


def test_discarding_affects_only_staged_uploads(store: ResumableStore) -> None:
    blob = put(store, CONTENT).key

    for key in ("", ".", "..", f"../blobs/{blob[:2]}/{blob}", blob):
        store.discard(key)

    assert get(store, blob) == CONTENT
