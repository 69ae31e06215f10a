"""The order of the local store's disk operations, and a kill at any of them."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.local.blobs import LocalStore, open_store
from tests.support.backends import LocalBackend, get, put
from tests.support.contents import content_of
from tests.support.faults import python
from tests.support.strace import Call, Point, killed_at, points, read_log, traced

# Stores a file as an upload does, and says so at the point where a server would answer.
PUBLISH = """
import os, sys
from cabinet.storage.chunks import iter_stream
from cabinet.storage.local.blobs import open_store

store = open_store(sys.argv[1])
with open(sys.argv[2], "rb") as stream, store.begin() as staging:
    staging.append(iter_stream(stream))
    store.publish([(staging, staging.finish())])
    os.write(1, b"published")
"""

# One block, which the request's thread writes, and several, which the pool does.
SIZES = {"one block": 10_000, "several blocks": 9 << 20}


class Upload:
    """The program above with a content of its own, on one store."""

    def __init__(self, folder: Path, size: int) -> None:
        self.place = LocalBackend(folder / "store")
        self.content = content_of(size)
        self.hash = hash_chunks([self.content])
        self._log = folder / "calls"
        source = folder / "source"
        source.write_bytes(self.content)
        self._command = python(PUBLISH, self.place.url, str(source))

    def trace(self) -> dict[Call, Point]:
        """Run to the end; return, in order, what the store asked of the kernel and the word of success."""
        subprocess.run(traced(self._command, self._log), capture_output=True, check=True, timeout=60)
        root = str(self.place.root)
        return {
            call: point
            for call, point in points(read_log(self._log)).items()
            if root in call.arguments or "published" in call.arguments
        }

    def kill(self, point: Point) -> bool:
        """Run until `point` and no further; return whether the upload was acknowledged by then."""
        command = killed_at(self._command, self._log, point)
        ended = subprocess.run(command, capture_output=True, check=False, timeout=60)
        assert ended.returncode == -signal.SIGKILL, (point, ended)
        return ended.stdout == b"published"

    def check(self, *, acknowledged: bool) -> None:
        """Check the state that every crash must leave, and that the next start works with it."""
        store = open_store(self.place.url)
        # The file with which a start tries a link is empty, and no content of a test is.
        blobs = {found.key: found.size for found in store.iter_blobs() if found.size}
        whole = {self.hash: len(self.content)}
        assert blobs == whole if acknowledged else blobs in ({}, whole)
        if blobs:
            assert get(store, self.hash) == self.content
        assert {found.key for found in store.iter_staged()} == {path.name for path in self.place.staged()}

        for found in list(store.iter_staged()):
            store.discard(found.key)
        assert put(store, self.content).content_hash == self.hash
        assert get(store, self.hash) == self.content
        assert self.place.staged() == []

    def forget(self) -> None:
        """Make the store one in which this content was never seen."""
        LocalStore(self.place.root).remove(self.hash)


@pytest.fixture(params=SIZES)
def upload(request: pytest.FixtureRequest, tmp_path: Path) -> Upload:
    """Return an upload of each size in turn, to a store that is there already."""
    made = Upload(tmp_path, SIZES[request.param])
    open_store(made.place.url)
    return made


def deaths(upload: Upload) -> list[Point]:
    """Return the points at which this upload can be killed, each reached by every run.

    Which thread of the pool gets how many blocks differs from run to run, but each has a first.
    """
    traced_calls = upload.trace()
    upload.forget()
    main = next(iter(traced_calls)).thread
    reached = [point for call, point in traced_calls.items() if call.thread == main or point.number == 1]
    return list(dict.fromkeys(reached))


def test_a_blob_is_durable_before_it_is_visible_and_acknowledged(upload: Upload) -> None:
    calls = list(upload.trace())
    # The first file that is made is the probe of the start.
    created = [call for call in calls if call.name == "openat" and "O_CREAT" in call.arguments][-1]
    name = Path(created.result.rstrip(">")).name
    of_upload = [call for call in calls if name in call.arguments and call.begun > created.ended]

    writes = [call for call in of_upload if call.name.startswith("pwrite")]
    [file_sync] = [call for call in of_upload if call.name == "fsync"]
    [link] = [call for call in of_upload if call.name == "link"]
    folder = f"/blobs/{upload.hash[:2]}"
    [folder_sync] = [call for call in calls if call.name == "fsync" and f"{folder}>" in call.arguments]
    [answer] = [call for call in calls if call.name == "write"]

    assert created.arguments.endswith("O_RDWR|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600")
    assert len(writes) == len(upload.content) // BLOCK_SIZE + 1
    assert max(call.ended for call in writes) < file_sync.begun
    assert file_sync.ended < link.begun
    assert link.ended < folder_sync.begun
    assert folder_sync.ended < answer.begun
    assert [file_sync.result, link.result, folder_sync.result] == ["0", "0", "0"]
    assert link.arguments.endswith(f'{folder}/{upload.hash}"')


def test_a_kill_at_any_call_leaves_nothing_or_the_whole_blob(upload: Upload) -> None:
    found = deaths(upload)
    assert {"openat", "fsync", "link", "write", "unlink"} <= {point.name for point in found}

    for point in found:
        upload.check(acknowledged=upload.kill(point))
        upload.forget()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_kill_during_the_first_start_leaves_a_usable_store(tmp_path: Path) -> None:
    found = list(Upload(tmp_path, 10_000).trace().values())
    assert len(found) > 256

    for number, point in enumerate(found):
        folder = tmp_path / str(number)
        folder.mkdir()
        upload = Upload(folder, 10_000)
        acknowledged = upload.kill(point)
        upload.check(acknowledged=acknowledged)
