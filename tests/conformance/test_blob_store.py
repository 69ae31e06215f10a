"""The requirements of `BlobStore`, for every backend.

Rule: the tests know nothing of how or where a backend keeps its bytes.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cabinet.errors import BlobMissing, StorageFull
from cabinet.refusals import BadSetting
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.opening import BACKENDS, open_store
from cabinet.storage.protocols import ContentNamed, ResumableStore, Sealed, key_in
from cabinet.storage.reserve import Reserve, check_room
from tests.support.backends import BACKENDS_UNDER_TEST, Backend, get, put
from tests.support.contents import SIZES, content_of, in_chunks, then_fail

CONTENT = content_of(100_000)
HASH = hash_chunks([CONTENT])
UNKNOWN = "0" * 64

# A clock of the disk may lag behind the system's by a tick.
TICK = timedelta(seconds=1)


def blobs_in(store: ResumableStore) -> dict[str, int]:
    return {found.key: found.size for found in store.iter_blobs()}


def staged_in(store: ResumableStore) -> list[str]:
    return [found.key for found in store.iter_staged()]


def test_every_backend_is_under_test() -> None:
    assert BACKENDS.keys() <= BACKENDS_UNDER_TEST.keys()


def test_an_unknown_scheme_is_an_invalid_setting() -> None:
    with pytest.raises(BadSetting, match="STORE_URL"):
        open_store("gopher://example.org/")


@pytest.mark.parametrize("size", SIZES)
def test_published_content_can_be_read(store: ResumableStore, size: int) -> None:
    content = content_of(size)

    sealed = put(store, content)

    assert (sealed.size, sealed.content_hash) == (size, hash_chunks([content]))
    assert get(store, sealed.key) == content
    assert store.size_of(sealed.key) == size
    assert blobs_in(store) == {sealed.key: size}


def test_several_appends_form_one_content(store: ResumableStore) -> None:
    content = content_of(BLOCK_SIZE + 100)

    with store.begin() as staging:
        staging.append(in_chunks(content[:50], 7))
        staging.append([])
        staging.append(in_chunks(content[50:]))
        sealed = staging.finish()
        store.publish([(staging, sealed)])

    assert get(store, sealed.key) == content
    assert sealed.content_hash == hash_chunks([content])


def test_bytes_are_invisible_until_published(store: ResumableStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        sealed = staging.finish()

        assert (store.size_of(sealed.key), blobs_in(store)) == (None, {})
        with pytest.raises(BlobMissing):
            store.open(sealed.key)
        store.publish([(staging, sealed)])

        assert get(store, sealed.key) == CONTENT


def test_a_finished_upload_shows_its_first_bytes(store: ResumableStore) -> None:
    with store.begin() as staging:
        staging.append(in_chunks(CONTENT))
        staging.finish()

        assert staging.head(100) == CONTENT[:100]
        assert staging.head(2 * len(CONTENT)) == CONTENT


def test_the_age_of_a_blob_starts_at_publication(store: ResumableStore) -> None:
    before = datetime.now(UTC) - TICK
    put(store, CONTENT)

    [found] = store.iter_blobs()

    assert before <= found.changed_at <= datetime.now(UTC) + TICK


def test_publication_leaves_nothing_in_staging(store: ResumableStore) -> None:
    put(store, CONTENT)

    assert staged_in(store) == []


def test_an_unpublished_upload_leaves_nothing(store: ResumableStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        staging.finish()

    assert (staged_in(store), blobs_in(store)) == ([], {})


@pytest.mark.parametrize("chunks", [0, 1, 9])
def test_an_upload_with_a_failing_source_leaves_nothing(store: ResumableStore, chunks: int) -> None:
    sender = then_fail(content_of(12 << 20), chunks, ConnectionResetError())

    with pytest.raises(ConnectionResetError), store.begin() as staging:
        staging.append(sender)

    assert (staged_in(store), blobs_in(store)) == ([], {})


def upload_and_fail(store: ResumableStore, *, publish: bool) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        measured = staging.finish()
        if publish:
            store.publish([(staging, measured)])
        raise LookupError


def test_an_upload_whose_caller_fails_before_publishing_leaves_nothing(store: ResumableStore) -> None:
    with pytest.raises(LookupError):
        upload_and_fail(store, publish=False)

    assert (staged_in(store), blobs_in(store)) == ([], {})


def test_a_blob_survives_a_caller_that_fails_after_publishing(store: ResumableStore) -> None:
    with pytest.raises(LookupError):
        upload_and_fail(store, publish=True)

    assert staged_in(store) == []
    assert list(blobs_in(store).values()) == [len(CONTENT)]


def test_a_finished_upload_accepts_no_more_bytes(store: ResumableStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        sealed = staging.finish()
        store.publish([(staging, sealed)])

        with pytest.raises(ValueError, match="finished"):
            staging.append([b"more"])
        with pytest.raises(ValueError, match="finished"):
            staging.finish()

    assert get(store, sealed.key) == CONTENT


def test_concurrent_uploads_are_independent(store: ResumableStore) -> None:
    first, second = content_of(BLOCK_SIZE + 1, seed=1), content_of(BLOCK_SIZE + 1, seed=2)

    with store.begin() as one, store.begin() as other:
        for chunk_of_one, chunk_of_other in zip(in_chunks(first), in_chunks(second), strict=True):
            one.append([chunk_of_one])
            other.append([chunk_of_other])
        assert sorted(staged_in(store)) == sorted([one.id, other.id])
        sealed = one.finish(), other.finish()
        store.publish([(one, sealed[0]), (other, sealed[1])])

    assert [get(store, each.key) for each in sealed] == [first, second]


def test_an_upload_without_space_is_refused_before_any_byte(store: ResumableStore) -> None:
    free = store.free_bytes()
    assert free is not None
    assert free.usable is not None

    with pytest.raises(StorageFull), store.begin(expected_size=2 * free.usable + 1):
        pytest.fail("there is no such room")

    assert staged_in(store) == []


def test_below_the_reserve_a_store_only_reads_and_removes(store: ResumableStore, backend: Backend) -> None:
    key = put(store, CONTENT).key
    full = backend.open(Reserve(1 << 62))

    with pytest.raises(StorageFull):
        check_room(full.free_bytes())
    with pytest.raises(StorageFull), full.begin():
        pytest.fail("there is no such room")

    free = full.free_bytes()
    assert free is not None
    assert free.reserve == 1 << 62
    assert get(full, key) == CONTENT
    full.remove(key)
    assert (blobs_in(full), staged_in(full)) == ({}, [])


def test_identical_bytes_are_stored_once(store: ResumableStore) -> None:
    key = put(store, CONTENT).key
    put(store, CONTENT, key)

    assert (blobs_in(store), staged_in(store)) == ({key: len(CONTENT)}, [])
    assert get(store, key) == CONTENT


def test_content_addressed_stores_derive_the_key_from_the_content(store: ResumableStore) -> None:
    sealed = [put(store, CONTENT), put(store, CONTENT), put(store, CONTENT[1:])]

    known = [key_in(store, each.content_hash, each.key) for each in sealed]

    assert known == [each.key for each in sealed]
    assert (known[0] == known[1]) == isinstance(store, ContentNamed)
    assert known[0] != known[2]


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT + b"!"], ids=["empty", "short", "long"])
def test_a_blob_of_the_wrong_size_is_replaced(
    store: ResumableStore, backend: Backend, damaged: bytes
) -> None:
    key = put(store, CONTENT).key
    backend.plant(key, damaged)

    put(store, CONTENT, key)

    assert get(store, key) == CONTENT
    assert (blobs_in(store), staged_in(store)) == ({key: len(CONTENT)}, [])


def test_an_unknown_blob_is_missing(store: ResumableStore) -> None:
    with pytest.raises(BlobMissing) as caught:
        store.open(UNKNOWN)

    assert caught.value.content_hash == UNKNOWN
    assert store.size_of(UNKNOWN) is None


def test_a_removed_blob_is_missing_and_can_be_stored_again(store: ResumableStore) -> None:
    key = put(store, CONTENT).key

    store.remove(key)

    assert (store.size_of(key), blobs_in(store)) == (None, {})
    with pytest.raises(BlobMissing):
        store.open(key)
    put(store, CONTENT, key)
    assert get(store, key) == CONTENT


def test_removing_a_missing_blob_is_no_error(store: ResumableStore) -> None:
    store.remove(UNKNOWN)

    assert blobs_in(store) == {}


def test_an_open_blob_stays_readable_after_removal(store: ResumableStore) -> None:
    key = put(store, CONTENT).key

    with store.open(key) as blob:
        beginning = blob.read(10)
        store.remove(key)

        assert beginning + blob.read() == CONTENT


def test_an_open_blob_does_not_change_when_replaced(store: ResumableStore, backend: Backend) -> None:
    key = put(store, CONTENT).key
    backend.plant(key, b"damaged")

    with store.open(key) as blob:
        put(store, CONTENT, key)

        assert blob.read() == b"damaged"
    assert get(store, key) == CONTENT


def test_readers_of_one_blob_are_independent(store: ResumableStore) -> None:
    key = put(store, CONTENT).key

    with store.open(key) as one, store.open(key) as other:
        one.seek(1000)

        assert other.read(10) == CONTENT[:10]
        assert one.read(10) == CONTENT[1000:1010]


def test_a_blob_is_read_only(store: ResumableStore) -> None:
    key = put(store, CONTENT).key

    with store.open(key) as blob:
        assert not blob.writable()


def test_a_reopened_store_has_kept_everything(store: ResumableStore, backend: Backend) -> None:
    key = put(store, CONTENT).key

    again = backend.open()

    assert (blobs_in(again), get(again, key)) == (blobs_in(store), CONTENT)
    assert staged_in(again) == []


def test_free_bytes_is_a_size_or_unknown(store: ResumableStore) -> None:
    free = store.free_bytes()

    assert free is None or free.usable is None or free.size >= free.usable > len(CONTENT)


@pytest.mark.parametrize("digits", [0, 1, 2, 3, 12])
def test_blobs_are_listed_by_key_prefix(store: ResumableStore, digits: int) -> None:
    keys = {put(store, f"{number}".encode()).key for number in range(40)}

    prefix = min(keys)[:digits]

    assert {found.key for found in store.iter_blobs(prefix)} == {
        key for key in keys if key.startswith(prefix)
    }


def test_concurrent_publishers_of_one_content_all_succeed(store: ResumableStore) -> None:
    publishers = 4
    key = put(store, CONTENT).key
    store.remove(key)
    together = threading.Barrier(publishers)

    def publish() -> Sealed:
        with store.begin() as staging:
            staging.append([CONTENT])
            sealed = replace(staging.finish(), key=key)
            together.wait(60)
            store.publish([(staging, sealed)])
        return sealed

    with ThreadPoolExecutor(publishers) as threads:
        results = [threads.submit(publish) for _ in range(publishers)]

    assert {result.result() for result in results} == {Sealed(len(CONTENT), HASH, key)}
    assert (blobs_in(store), staged_in(store)) == ({key: len(CONTENT)}, [])
    assert get(store, key) == CONTENT


def test_concurrent_large_uploads_share_the_pool_and_are_complete(store: ResumableStore) -> None:
    contents = [content_of(2 * BLOCK_SIZE + n, seed=n) for n in range(6)]

    with ThreadPoolExecutor(len(contents)) as threads:
        sealed = list(threads.map(lambda content: put(store, content), contents))

    for content, found in zip(contents, sealed, strict=True):
        assert get(store, found.key) == content
    assert staged_in(store) == []


def test_concurrent_removal_and_publication_leave_all_or_nothing(store: ResumableStore) -> None:
    rounds = 30
    key = put(store, CONTENT).key

    def remove() -> None:
        for _ in range(rounds):
            store.remove(key)

    with ThreadPoolExecutor(2) as threads:
        remover = threads.submit(remove)
        for _ in range(rounds):
            put(store, CONTENT, key)
        remover.result()

    assert store.size_of(key) in {None, len(CONTENT)}
    assert staged_in(store) == []
