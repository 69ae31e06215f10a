"""What every backend promises of uploads that outlive a request: create, lock, resume, keep, join.

Rule: nothing here knows how or where a backend keeps its bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from cabinet.errors import StorageFull, TruncatedBody, UploadGone, UploadLocked
from cabinet.storage.blocks import Measured
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.opening import open_store
from cabinet.storage.protocols import BlobStore, StagedPart
from tests.support.backends import Backend, get
from tests.support.contents import SIZES, content_of, in_chunks, then_fail

CONTENT = content_of(2 * BLOCK_SIZE + 12_345)


def send(store: BlobStore, upload_id: str, content: bytes, start: int, stop: int) -> None:
    """Bring the bytes [start, stop) in a request of their own."""
    with store.resume(upload_id, start) as staging:
        staging.append(in_chunks(content[start:stop]))
        staging.keep()
        assert (staging.offset, staging.kept) == (stop, stop)


def finish(store: BlobStore, upload_id: str, size: int) -> Measured:
    with store.resume(upload_id, size) as staging:
        measured = staging.finish()
        store.publish([(staging, measured)])
    store.discard(upload_id)
    return measured


def staged(store: BlobStore, content: bytes) -> StagedPart:
    """Return a complete staged upload of `content`."""
    upload_id = store.create(len(content))
    send(store, upload_id, content, 0, len(content))
    return StagedPart(upload_id, len(content))


@pytest.mark.parametrize("size", SIZES)
def test_what_comes_in_several_requests_is_one_content(store: BlobStore, size: int) -> None:
    content = content_of(size)
    upload_id = store.create(size)
    cuts = sorted({0, size // 3, size // 2, max(size - 1, 0), size})

    for start, stop in pairwise(cuts):
        send(store, upload_id, content, start, stop)
    measured = finish(store, upload_id, size)

    assert measured == Measured(size, hash_chunks([content]))
    assert get(store, measured.content_hash) == content
    assert list(store.iter_staged()) == []


def test_another_process_goes_on_as_well(store: BlobStore, backend: Backend) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, BLOCK_SIZE + 77)
    elsewhere = open_store(backend.url)
    send(elsewhere, upload_id, CONTENT, BLOCK_SIZE + 77, len(CONTENT))

    assert finish(elsewhere, upload_id, len(CONTENT)).content_hash == hash_chunks([CONTENT])


def test_finishing_can_be_tried_again(store: BlobStore) -> None:
    part = staged(store, CONTENT)

    for _ in range(2):
        with store.resume(part.staging_id, part.size, tentative=True) as staging:
            assert staging.finish() == Measured(part.size, hash_chunks([CONTENT]))


def test_what_was_not_kept_is_forgotten(store: BlobStore) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, 1000)

    with store.resume(upload_id, 1000, tentative=True) as staging:
        staging.append(in_chunks(content_of(3 * BLOCK_SIZE, seed=1)))
        assert staging.kept == 1000

    send(store, upload_id, CONTENT, 1000, 5000)
    assert finish(store, upload_id, 5000).content_hash == hash_chunks([CONTENT[:5000]])


def test_what_came_before_the_sender_broke_off_can_be_kept(store: BlobStore) -> None:
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


def test_an_upload_goes_on_at_an_earlier_offset_than_it_reached(store: BlobStore) -> None:
    """A server that was killed has kept more than it had time to note."""
    upload_id = store.create()
    send(store, upload_id, content_of(len(CONTENT), seed=3), 0, len(CONTENT))

    send(store, upload_id, CONTENT, 0, 10)
    assert finish(store, upload_id, 10).content_hash == hash_chunks([CONTENT[:10]])


def test_more_than_was_kept_is_nowhere(store: BlobStore) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, 1000)

    for offset in (1001, BLOCK_SIZE, BLOCK_SIZE + 1001):
        with pytest.raises(UploadGone), store.resume(upload_id, offset):
            pass


def test_what_is_discarded_is_gone(store: BlobStore) -> None:
    upload_id = store.create()
    send(store, upload_id, CONTENT, 0, 1000)
    store.discard(upload_id)

    with pytest.raises(UploadGone), store.resume(upload_id, 1000):
        pass
    with pytest.raises(UploadGone), store.lock(upload_id, patience=0):
        pass
    assert list(store.iter_staged()) == []


def test_an_upload_that_has_no_room_is_not_made(store: BlobStore) -> None:
    with pytest.raises(StorageFull):
        store.create(1 << 62)

    assert list(store.iter_staged()) == []


ALIGNED = (content_of(BLOCK_SIZE), content_of(2 * BLOCK_SIZE, seed=1), content_of(77, seed=2))
UNALIGNED = (content_of(BLOCK_SIZE + 1), content_of(BLOCK_SIZE, seed=1), content_of(2 * BLOCK_SIZE, seed=2))


@pytest.mark.parametrize("contents", [ALIGNED, UNALIGNED, (b"",), (b"", b"x", b"")])
def test_parts_are_joined_in_their_order(store: BlobStore, contents: tuple[bytes, ...]) -> None:
    parts = [staged(store, content) for content in contents]

    with store.join(parts) as staging:
        measured = staging.finish()
        store.publish([(staging, measured)])

    whole = b"".join(contents)
    assert measured == Measured(len(whole), hash_chunks([whole]))
    assert get(store, measured.content_hash) == whole
    assert {found.key for found in store.iter_staged()} == {part.staging_id for part in parts}


def test_a_part_may_come_twice(store: BlobStore) -> None:
    part = staged(store, content_of(BLOCK_SIZE))

    with store.join([part, part]) as staging:
        assert staging.finish().content_hash == hash_chunks([content_of(BLOCK_SIZE) * 2])


def test_a_joined_upload_takes_no_bytes_and_is_finished_once(store: BlobStore) -> None:
    with store.join([staged(store, b"x")]) as staging:
        with pytest.raises(ValueError, match="no further bytes"):
            staging.append([b"more"])
        staging.finish()
        with pytest.raises(ValueError, match="finished already"):
            staging.finish()


@pytest.mark.parametrize("lie", [1, BLOCK_SIZE])
def test_a_part_that_is_shorter_than_said_is_gone(store: BlobStore, lie: int) -> None:
    part = staged(store, b"short")

    with store.join([StagedPart(part.staging_id, part.size + lie)]) as staging, pytest.raises(UploadGone):
        staging.finish()


def test_one_at_a_time_works_on_an_upload(store: BlobStore, backend: Backend) -> None:
    upload_id = store.create()
    elsewhere = open_store(backend.url)

    with (
        store.lock(upload_id, patience=0),
        pytest.raises(UploadLocked),
        elsewhere.lock(upload_id, patience=0.05),
    ):
        pass
    with elsewhere.lock(upload_id, patience=0):
        pass


def test_whoever_comes_next_has_the_holder_let_go(store: BlobStore, backend: Backend) -> None:
    upload_id = store.create()
    asked = threading.Event()
    order: list[str] = []

    def work() -> None:
        with store.lock(upload_id, patience=0, let_go=asked.set):
            begun.set()
            assert asked.wait(60)
            order.append("first")

    begun = threading.Event()
    first = threading.Thread(target=work)
    first.start()
    try:
        assert begun.wait(60)
        with open_store(backend.url).lock(upload_id, patience=20):
            order.append("second")
    finally:
        asked.set()
        first.join(60)

    assert order == ["first", "second"]


def test_nobody_is_asked_to_let_go_when_nobody_waits(store: BlobStore) -> None:
    upload_id = store.create()

    with store.lock(upload_id, patience=0, let_go=lambda: pytest.fail("nobody waits")):
        pass


def test_uploads_do_not_stand_in_each_others_way(store: BlobStore) -> None:
    uploads = [store.create() for _ in range(5)]

    with ExitStack() as locks:
        held = [locks.enter_context(store.lock(upload_id, patience=0)) for upload_id in uploads]

    assert len(held) == len(uploads)


def endless(fault: Exception) -> Iterator[bytes]:
    yield content_of(1 << 20)
    raise fault


def test_an_error_of_another_kind_forgets_the_part_as_well(store: BlobStore) -> None:
    upload_id = store.create()

    with pytest.raises(ZeroDivisionError), store.resume(upload_id, 0) as staging:
        staging.append(endless(ZeroDivisionError()))

    with store.resume(upload_id, 0) as staging:
        assert staging.finish().size == 0
