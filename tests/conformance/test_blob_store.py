"""What every backend promises: `BlobStore`, clause by clause.

Rule: nothing here knows how or where a backend keeps its bytes.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cabinet.errors import BlobMissing, StorageFault, StorageFull
from cabinet.refusals import BadSetting
from cabinet.storage.blocks import Measured
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.opening import BACKENDS, open_store
from cabinet.storage.protocols import BlobStore
from cabinet.storage.reserve import Reserve
from tests.support.backends import BACKENDS_UNDER_TEST, Backend, get, put
from tests.support.contents import SIZES, content_of, in_chunks, then_fail

CONTENT = content_of(100_000)
HASH = hash_chunks([CONTENT])
UNKNOWN = "0" * 64

# A clock of the disk may lag behind the system's by a tick.
TICK = timedelta(seconds=1)


def blobs_in(store: BlobStore) -> dict[str, int]:
    return {found.key: found.size for found in store.iter_blobs()}


def staged_in(store: BlobStore) -> list[str]:
    return [found.key for found in store.iter_staged()]


def test_every_backend_is_under_test() -> None:
    assert BACKENDS_UNDER_TEST.keys() == BACKENDS.keys()


def test_an_unknown_scheme_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting, match="STORE_URL"):
        open_store("gopher://example.org/")


@pytest.mark.parametrize("size", SIZES)
def test_what_is_published_can_be_read_again(store: BlobStore, size: int) -> None:
    content = content_of(size)

    measured = put(store, content)

    assert measured == Measured(size, hash_chunks([content]))
    assert get(store, measured.content_hash) == content
    assert store.size_of(measured.content_hash) == size
    assert blobs_in(store) == {measured.content_hash: size}


def test_what_is_appended_in_several_calls_is_one_content(store: BlobStore) -> None:
    content = content_of(BLOCK_SIZE + 100)

    with store.begin() as staging:
        staging.append(in_chunks(content[:50], 7))
        staging.append([])
        staging.append(in_chunks(content[50:]))
        store.publish([(staging, staging.finish())])

    assert get(store, hash_chunks([content])) == content


def test_bytes_are_invisible_until_they_are_published(store: BlobStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        measured = staging.finish()

        assert (store.size_of(measured.content_hash), blobs_in(store)) == (None, {})
        with pytest.raises(BlobMissing):
            store.open(measured.content_hash)
        store.publish([(staging, measured)])

        assert get(store, measured.content_hash) == CONTENT


def test_an_upload_in_progress_is_listed_with_its_bytes(store: BlobStore) -> None:
    before = datetime.now(UTC) - TICK
    with store.begin() as staging:
        staging.append([CONTENT])
        staging.finish()

        [found] = store.iter_staged()

    assert (found.key, found.size) == (staging.id, len(CONTENT))
    assert before <= found.changed_at <= datetime.now(UTC) + TICK


def test_a_blob_is_as_young_as_its_publication(store: BlobStore) -> None:
    before = datetime.now(UTC) - TICK
    put(store, CONTENT)

    [found] = store.iter_blobs()

    assert before <= found.changed_at <= datetime.now(UTC) + TICK


def test_nothing_stays_staged_after_a_publication(store: BlobStore) -> None:
    put(store, CONTENT)

    assert staged_in(store) == []


def test_nothing_stays_of_an_upload_that_was_not_published(store: BlobStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        staging.finish()

    assert (staged_in(store), blobs_in(store)) == ([], {})


@pytest.mark.parametrize("chunks", [0, 1, 9])
def test_nothing_stays_of_an_upload_whose_sender_breaks_off(store: BlobStore, chunks: int) -> None:
    sender = then_fail(content_of(12 << 20), chunks, ConnectionResetError())

    with pytest.raises(ConnectionResetError), store.begin() as staging:
        staging.append(sender)

    assert (staged_in(store), blobs_in(store)) == ([], {})


def upload_and_fail(store: BlobStore, *, publish: bool) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        measured = staging.finish()
        if publish:
            store.publish([(staging, measured)])
        raise LookupError


def test_nothing_stays_of_an_upload_whose_owner_fails_before_publishing(store: BlobStore) -> None:
    with pytest.raises(LookupError):
        upload_and_fail(store, publish=False)

    assert (staged_in(store), blobs_in(store)) == ([], {})


def test_a_blob_outlives_an_owner_that_fails_after_publishing(store: BlobStore) -> None:
    with pytest.raises(LookupError):
        upload_and_fail(store, publish=True)

    assert (staged_in(store), blobs_in(store)) == ([], {HASH: len(CONTENT)})


def test_what_is_finished_takes_no_more(store: BlobStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        store.publish([(staging, staging.finish())])

        with pytest.raises(ValueError, match="finished"):
            staging.append([b"more"])
        with pytest.raises(ValueError, match="finished"):
            staging.finish()

    assert get(store, HASH) == CONTENT


def test_uploads_at_the_same_time_stay_apart(store: BlobStore) -> None:
    first, second = content_of(BLOCK_SIZE + 1, seed=1), content_of(BLOCK_SIZE + 1, seed=2)

    with store.begin() as one, store.begin() as other:
        for chunk_of_one, chunk_of_other in zip(in_chunks(first), in_chunks(second), strict=True):
            one.append([chunk_of_one])
            other.append([chunk_of_other])
        assert sorted(staged_in(store)) == sorted([one.id, other.id])
        store.publish([(one, one.finish())])
        store.publish([(other, other.finish())])

    assert get(store, hash_chunks([first])) == first
    assert get(store, hash_chunks([second])) == second


def test_more_than_there_is_room_for_is_refused_before_a_byte_is_sent(store: BlobStore) -> None:
    free = store.free_bytes()
    if free is None:
        pytest.skip("this backend cannot know")

    with pytest.raises(StorageFull), store.begin(expected_size=2 * free + 1):
        pytest.fail("there is no such room")

    assert staged_in(store) == []


def test_a_store_below_its_reserve_takes_nothing_and_still_gives_and_removes(
    store: BlobStore, backend: Backend
) -> None:
    put(store, CONTENT)
    begun = store.create()
    full = open_store(backend.url, Reserve(1 << 62))
    if full.free_bytes() is None:
        pytest.skip("this backend cannot know")

    with pytest.raises(StorageFull):
        full.check_room()
    with pytest.raises(StorageFull):
        full.create()
    with pytest.raises(StorageFull), full.begin():
        pytest.fail("there is no such room")
    with full.resume(begun, 0) as staging:
        staging.append([CONTENT])
        with pytest.raises(StorageFull):
            staging.keep()
    assert full.reserve_bytes() == 1 << 62
    assert get(full, HASH) == CONTENT
    full.remove(HASH)
    full.discard(begun)
    assert (blobs_in(full), staged_in(full)) == ({}, [])


def test_the_same_bytes_are_stored_once(store: BlobStore) -> None:
    put(store, CONTENT)
    put(store, CONTENT)

    assert (blobs_in(store), staged_in(store)) == ({HASH: len(CONTENT)}, [])
    assert get(store, HASH) == CONTENT


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT + b"!"], ids=["empty", "short", "long"])
def test_a_blob_of_the_wrong_size_is_replaced(store: BlobStore, backend: Backend, damaged: bytes) -> None:
    backend.plant(HASH, damaged)

    put(store, CONTENT)

    assert get(store, HASH) == CONTENT
    assert (blobs_in(store), staged_in(store)) == ({HASH: len(CONTENT)}, [])


def test_a_blob_that_is_not_there_is_missing(store: BlobStore) -> None:
    with pytest.raises(BlobMissing) as caught:
        store.open(UNKNOWN)

    assert caught.value.content_hash == UNKNOWN
    assert store.size_of(UNKNOWN) is None


def test_a_removed_blob_is_missing_and_can_be_stored_again(store: BlobStore) -> None:
    put(store, CONTENT)

    store.remove(HASH)

    assert (store.size_of(HASH), blobs_in(store)) == (None, {})
    with pytest.raises(BlobMissing):
        store.open(HASH)
    put(store, CONTENT)
    assert get(store, HASH) == CONTENT


def test_removing_what_is_not_there_is_no_error(store: BlobStore) -> None:
    store.remove(UNKNOWN)

    assert blobs_in(store) == {}


def test_a_blob_that_is_removed_while_it_is_open_stays_readable(store: BlobStore) -> None:
    put(store, CONTENT)

    with store.open(HASH) as blob:
        beginning = blob.read(10)
        store.remove(HASH)

        assert beginning + blob.read() == CONTENT


def test_a_blob_that_is_replaced_while_it_is_open_does_not_change_for_its_reader(
    store: BlobStore, backend: Backend
) -> None:
    backend.plant(HASH, b"damaged")

    with store.open(HASH) as blob:
        put(store, CONTENT)

        assert blob.read() == b"damaged"
    assert get(store, HASH) == CONTENT


def test_readers_of_one_blob_do_not_move_each_other(store: BlobStore) -> None:
    put(store, CONTENT)

    with store.open(HASH) as one, store.open(HASH) as other:
        one.seek(1000)

        assert other.read(10) == CONTENT[:10]
        assert one.read(10) == CONTENT[1000:1010]


def test_a_blob_cannot_be_written_to(store: BlobStore) -> None:
    put(store, CONTENT)

    with store.open(HASH) as blob:
        assert not blob.writable()


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "0" * 63, "/" + "0" * 63])
def test_what_is_no_content_hash_names_no_blob(store: BlobStore, key: str) -> None:
    for use in (store.open, store.size_of, store.remove):
        with pytest.raises(ValueError, match="not a content hash"):
            use(key)


def test_a_store_that_is_opened_again_has_kept_everything(store: BlobStore, backend: Backend) -> None:
    put(store, CONTENT)

    again = open_store(backend.url)

    assert (blobs_in(again), get(again, HASH)) == (blobs_in(store), CONTENT)
    assert staged_in(again) == []


def test_free_bytes_is_a_size_or_unknown(store: BlobStore) -> None:
    free = store.free_bytes()

    assert free is None or free > len(CONTENT)


def test_a_discarded_upload_is_gone_and_cannot_be_published(store: BlobStore) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        measured = staging.finish()
        store.discard(staging.id)

        assert staged_in(store) == []
        with pytest.raises(StorageFault):
            store.publish([(staging, measured)])

    assert blobs_in(store) == {}


def test_discarding_what_is_not_there_is_no_error(store: BlobStore) -> None:
    store.discard("0" * 32)

    assert staged_in(store) == []


@pytest.mark.parametrize("digits", [0, 1, 2, 3, 64])
def test_blobs_are_found_by_the_beginning_of_their_keys(store: BlobStore, digits: int) -> None:
    keys = {put(store, f"{number}".encode()).content_hash for number in range(40)}

    prefix = min(keys)[:digits]

    assert {found.key for found in store.iter_blobs(prefix)} == {
        key for key in keys if key.startswith(prefix)
    }


def test_discarding_reaches_nothing_but_staged_uploads(store: BlobStore) -> None:
    put(store, CONTENT)

    for key in ("", ".", "..", f"../blobs/{HASH[:2]}/{HASH}", HASH):
        store.discard(key)

    assert get(store, HASH) == CONTENT


def test_publishers_of_the_same_content_all_succeed(store: BlobStore) -> None:
    publishers = 4
    together = threading.Barrier(publishers)

    def publish() -> Measured:
        with store.begin() as staging:
            staging.append([CONTENT])
            measured = staging.finish()
            together.wait(60)
            store.publish([(staging, measured)])
        return measured

    with ThreadPoolExecutor(publishers) as threads:
        results = [threads.submit(publish) for _ in range(publishers)]

    assert {result.result() for result in results} == {Measured(len(CONTENT), HASH)}
    assert (blobs_in(store), staged_in(store)) == ({HASH: len(CONTENT)}, [])
    assert get(store, HASH) == CONTENT


def test_large_uploads_at_once_share_the_pool_and_stay_whole(store: BlobStore) -> None:
    contents = [content_of(2 * BLOCK_SIZE + n, seed=n) for n in range(6)]

    with ThreadPoolExecutor(len(contents)) as threads:
        measured = list(threads.map(lambda content: put(store, content), contents))

    for content, found in zip(contents, measured, strict=True):
        assert get(store, found.content_hash) == content
    assert staged_in(store) == []


def test_removing_and_publishing_at_once_leaves_all_or_nothing(store: BlobStore) -> None:
    rounds = 30

    def remove() -> None:
        for _ in range(rounds):
            store.remove(HASH)

    with ThreadPoolExecutor(2) as threads:
        remover = threads.submit(remove)
        for _ in range(rounds):
            put(store, CONTENT)
        remover.result()

    assert store.size_of(HASH) in {None, len(CONTENT)}
    assert staged_in(store) == []


def test_nobody_removes_blobs_while_somebody_keeps_them_and_many_may_keep_them(store: BlobStore) -> None:
    with store.keeping(), store.keeping(), store.removing() as while_kept:
        pass
    with store.removing() as when_free, store.removing() as beside_another:
        pass

    assert [while_kept, when_free, beside_another] == [False, True, False]


def test_whoever_needs_all_blobs_waits_for_a_removal(store: BlobStore) -> None:
    began, entered = threading.Event(), threading.Event()

    def keep() -> None:
        began.set()
        with store.keeping():
            entered.set()

    with ThreadPoolExecutor(1) as pool:
        with store.removing():
            kept = pool.submit(keep)
            assert began.wait(60)
            came_between = entered.wait(0.2)
        kept.result(60)

    assert entered.is_set()
    assert not came_between
