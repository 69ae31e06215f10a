"""The local backend on full, small and broken disks.

Every failure raises an error of the domain and leaves staging empty; nothing incomplete becomes visible, and the
store works again as soon as the disk does.
"""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cabinet.errors import CabinetError, StorageFault, StorageFull
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.local.blobs import LocalStore, open_store
from tests.support.backends import LocalBackend, get, put
from tests.support.contents import content_of, in_chunks, then_fail
from tests.support.faults import Fault, on_small_disks, python

CONTENT = content_of(2 * BLOCK_SIZE + 1)
HASH = hash_chunks([CONTENT])


@pytest.fixture
def place(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "store")


@pytest.fixture
def store(place: LocalBackend) -> LocalStore:
    return open_store(place.url)


def in_staging(path: Path) -> bool:
    return path.parent.name == "staging"


def is_blob_folder(path: Path) -> bool:
    return path.parent.name == "blobs"


# Where it fails: the function, the paths that are concerned, and how many calls succeed before.
STEPS: dict[str, tuple[str, Callable[[Path], bool], int]] = {
    "creating the staged file": ("open", in_staging, 0),
    "writing the first block": ("pwritev", in_staging, 0),
    "writing a later block": ("pwritev", in_staging, 1),
    "fsync of the file": ("fsync", in_staging, 0),
    "closing the file": ("close", in_staging, 0),
    "linking": ("link", in_staging, 0),
    "opening the folder": ("open", is_blob_folder, 0),
    "fsync of the folder": ("fsync", is_blob_folder, 0),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EFBIG, StorageFull),
        (errno.EIO, StorageFault),
        (errno.EROFS, StorageFault),
    ],
)
def test_an_error_at_any_step_fails_only_the_upload(
    store: LocalStore, place: LocalBackend, step: str, number: int, expected: type[CabinetError]
) -> None:
    function, concerns, after = STEPS[step]
    with pytest.MonkeyPatch.context() as monkeypatch:
        fault = Fault(monkeypatch, function, number, concerns, after)
        with pytest.raises(expected):
            put(store, CONTENT)
        assert fault.calls > after

    assert place.staged() == []
    assert {found.size for found in store.iter_blobs()} <= {len(CONTENT)}
    put(store, CONTENT)
    assert get(store, HASH) == CONTENT


def test_a_failed_fsync_is_final(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = Fault(monkeypatch, "fsync", errno.EIO, in_staging)

    with store.begin() as staging:
        staging.append([CONTENT])
        with pytest.raises(StorageFault, match=os.strerror(errno.EIO)):
            staging.finish()
        with pytest.raises(ValueError, match="finished"):
            staging.finish()

    assert fault.calls == 1
    assert store.size_of(HASH) is None


def test_the_folder_is_fsynced_even_if_another_process_linked_the_blob(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, CONTENT)
    Fault(monkeypatch, "fsync", errno.EIO, is_blob_folder)

    with pytest.raises(StorageFault):
        put(store, CONTENT)


def test_without_descriptors_a_blob_is_not_reported_missing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, CONTENT)
    Fault(monkeypatch, "open", errno.EMFILE)

    with pytest.raises(StorageFault, match=os.strerror(errno.EMFILE)):
        store.open(HASH)


def test_a_staged_file_that_cannot_be_removed_does_not_fail_a_published_upload(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.begin() as staging:
        staging.append([CONTENT])
        store.publish([(staging, staging.finish())])
        fault = Fault(monkeypatch, "unlink", errno.EIO, in_staging)

    assert fault.calls == 1
    assert get(store, HASH) == CONTENT


def test_a_finished_upload_holds_no_descriptor(store: LocalStore, place: LocalBackend) -> None:
    """Else a form with a thousand files would need as many, and most processes may not have them."""

    def held() -> int:
        files = [path.resolve() for path in Path("/proc/self/fd").iterdir()]
        return sum(file.is_relative_to(place.root) for file in files)

    with store.begin() as staging:
        staging.append([CONTENT])
        assert held() == 1
        measured = staging.finish()
        assert held() == 0
        store.publish([(staging, measured)])

    assert (held(), get(store, HASH) == CONTENT) == (0, True)


def test_a_blob_that_cannot_be_removed_is_a_storage_fault(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, CONTENT)
    Fault(monkeypatch, "unlink", errno.EROFS)

    with pytest.raises(StorageFault, match=os.strerror(errno.EROFS)):
        store.remove(HASH)


def test_a_missing_store_folder_is_reported(store: LocalStore, place: LocalBackend) -> None:
    (place.root / "staging").rmdir()

    with pytest.raises(StorageFault), store.begin(expected_size=1):
        pytest.fail("there is no place to write to")


@pytest.mark.parametrize("most", [1, 1000, 65_536, 65_537, 200_000])
def test_short_writes_are_continued(store: LocalStore, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A disk that is nearly full, or a signal, may cut any write."""
    content = content_of(300_000 if most > 1 else 300)

    def pwritev(descriptor: int, pieces: Sequence[bytes], offset: int) -> int:
        return pwrite(descriptor, b"".join(pieces)[:most], offset)

    def short_pwrite(descriptor: int, data: memoryview, offset: int) -> int:
        return pwrite(descriptor, data[:most], offset)

    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwritev", pwritev)
    monkeypatch.setattr(os, "pwrite", short_pwrite)

    with store.begin() as staging:
        staging.append(in_chunks(content, 65_536))
        measured = staging.finish()
        store.publish([(staging, measured)])

    assert get(store, measured.content_hash) == content


def test_no_file_is_closed_during_a_write(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the block could land in whatever file gets the descriptor next."""
    never = threading.Event()
    outcomes: list[int | OSError] = []
    pwritev = os.pwritev

    def slow_pwritev(descriptor: int, pieces: Sequence[bytes], offset: int) -> int:
        never.wait(0.05)
        try:
            outcomes.append(pwritev(descriptor, pieces, offset))
        except OSError as error:
            outcomes.append(error)
        return sum(map(len, pieces))

    monkeypatch.setattr(os, "pwritev", slow_pwritev)

    with pytest.raises(ConnectionResetError), store.begin() as staging:
        staging.append(then_fail(content_of(12 << 20), 12, ConnectionResetError()))

    assert outcomes == [BLOCK_SIZE, BLOCK_SIZE]


# Stores one content that fits and one that does not; prints how the second failed, what is staged then, and
# whether the first can still be read and a third be stored.
FILLED = """
import resource, sys
from pathlib import Path
from cabinet.errors import StorageFull
from cabinet.storage.local.blobs import open_store

def put(content):
    with store.begin() as staging:
        staging.append(content[start : start + 65536] for start in range(0, len(content), 65536))
        measured = staging.finish()
        store.publish([(staging, measured)])
    return measured.content_hash

store = open_store(Path(sys.argv[1]).as_uri())
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
first = put(b"first" * 20_000)
try:
    put(b"second" * int(sys.argv[3]))
except StorageFull:
    print("full")
print(len(list(store.iter_staged())), store.open(first).read() == b"first" * 20_000)
print(store.size_of(put(b"third")))
"""


@pytest.mark.parametrize("times", [400_000, 2_000_000], ids=["one block", "several blocks"])
@pytest.mark.parametrize("limit", [0, 150_000], ids=["full disk", "limited file size"])
def test_an_upload_without_space_is_refused_and_frees_its_space(
    tmp_path: Path, limit: int, times: int
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    command = on_small_disks(python(FILLED, str(folder), str(limit), str(times)), {folder: "1m"})

    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert printed.splitlines() == ["full", "0 True", "5"]
