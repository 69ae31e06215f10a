"""A sweep and an upload of the same content at the same time.

Each side is stopped between its two steps while the other runs: the sweep between its last check and the
removal, the publisher between the blob and the commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cabinet.services.accounts.account import Account
from cabinet.services.maintenance.sweep import Housekeeping, Retention, SweepResult
from cabinet.services.maintenance.verify import Inspection
from cabinet.storage.content_hash import hash_chunks
from cabinet.storage.local.blobs import LocalStore
from cabinet.storage.protocols import BLOBS_LOCK, Sealed, Staging, StoredObject
from tests.support.backends import put
from tests.support.services import Workbench, workbench

CONTENT = b"content that somebody gives up while somebody else uploads it"
HASH = hash_chunks([CONTENT])
KEEP = Retention(
    trash=timedelta(0), unneeded=timedelta(hours=1), staged=timedelta(hours=1), ended=timedelta(days=7)
)

# How long the other side gets to do what it must not; its lock makes it wait much longer.
TEMPTATION = 0.3
DEADLINE = 60.0


def do_nothing() -> None:
    return


class Stopping(LocalStore):
    """A store that calls out before it removes a blob, and before and after it publishes one.

    Its blobs claim to be older than they are by `age`.
    """

    age = timedelta(0)
    before_remove: Callable[[], None] = staticmethod(do_nothing)
    before_publish: Callable[[], None] = staticmethod(do_nothing)
    after_publish: Callable[[], None] = staticmethod(do_nothing)

    def remove(self, key: str) -> None:
        self.before_remove()
        super().remove(key)

    def publish(self, finished: Sequence[tuple[Staging, Sealed]]) -> None:
        self.before_publish()
        super().publish(finished)
        self.after_publish()

    def iter_blobs(self, prefix: str = "") -> Iterator[StoredObject]:
        for found in super().iter_blobs(prefix):
            yield replace(found, changed_at=found.changed_at - self.age)


class Scene:
    """An unneeded blob, a user who is about to upload it, and a sweep."""

    def __init__(self, bench: Workbench, store: Stopping) -> None:
        self.bench = bench
        self.store = store
        with bench.session() as session:
            self.user: Account = bench.register(session)

    def give_up(self) -> None:
        """Make the blob one whose last version was purged and whose grace is over."""
        with self.bench.session() as session:
            self.bench.upload(session, self.user, "first", CONTENT)
            self.bench.files(session, self.user).trash("first")
        self.sweep()
        self.bench.clock.advance(hours=2)

    def orphan(self) -> None:
        """Make the blob one whose publisher died before it had a row, long ago."""
        put(self.store, CONTENT)
        self.store.age = timedelta(hours=2)
        self.bench.clock.now = datetime.now(UTC) + timedelta(minutes=1)

    def upload(self) -> None:
        with self.bench.session() as session:
            self.bench.upload(session, self.user, "second", CONTENT)

    def sweep(self) -> SweepResult:
        with self.bench.session() as session:
            return Housekeeping(session, self.store, self.bench.locker, self.bench.clock, KEEP).sweep()

    def check_content_is_there(self) -> None:
        with self.bench.session() as session:
            files = self.bench.files(session, self.user)
            with files.open(files.get("second")) as stream:
                assert stream.read() == CONTENT
            assert list(Inspection(session, self.store).verify(deep=True)) == []


@pytest.fixture(params=[Scene.give_up, Scene.orphan], ids=["given up", "orphan"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Return a scene with each kind of unneeded blob in turn."""
    with workbench(tmp_path) as bench:
        assert isinstance(bench.store, LocalStore)
        bench.store = store = Stopping(bench.store.root)
        made = Scene(bench, store)
        request.param(made)
        yield made


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_an_unneeded_blob_without_uploads_is_removed(scene: Scene) -> None:
    """The other tests would pass too if the sweep removed nothing."""
    swept = scene.sweep()

    assert (swept.blobs, swept.freed) == (1, len(CONTENT))
    assert scene.store.size_of(HASH) is None


def test_a_publisher_waits_for_a_sweep_that_is_about_to_remove(
    scene: Scene, threads: ThreadPoolExecutor
) -> None:
    removing, go_on, publishing = threading.Event(), threading.Event(), threading.Event()

    def stop() -> None:
        removing.set()
        assert go_on.wait(DEADLINE)

    scene.store.before_remove = stop
    scene.store.before_publish = publishing.set
    sweep = threads.submit(scene.sweep)
    assert removing.wait(DEADLINE)
    upload = threads.submit(scene.upload)
    came_between = publishing.wait(TEMPTATION)
    go_on.set()

    assert sweep.result(DEADLINE).blobs == 1
    upload.result(DEADLINE)
    assert not came_between
    scene.check_content_is_there()


def test_a_sweep_waits_for_a_publisher_that_has_not_committed(
    scene: Scene, threads: ThreadPoolExecutor
) -> None:
    published, go_on, removing = threading.Event(), threading.Event(), threading.Event()

    def stop() -> None:
        published.set()
        assert go_on.wait(DEADLINE)

    scene.store.after_publish = stop
    scene.store.before_remove = removing.set
    upload = threads.submit(scene.upload)
    assert published.wait(DEADLINE)
    sweep = threads.submit(scene.sweep)
    came_between = removing.wait(TEMPTATION)
    go_on.set()

    upload.result(DEADLINE)
    assert sweep.result(DEADLINE).blobs == 0
    assert not came_between
    scene.check_content_is_there()


def test_a_publisher_that_fails_before_its_commit_blocks_no_sweep(scene: Scene) -> None:
    def fail() -> None:
        raise LookupError

    scene.store.after_publish = fail
    with pytest.raises(LookupError):
        scene.upload()

    assert scene.sweep().blobs == 1
    assert scene.store.size_of(HASH) is None
    scene.store.after_publish = do_nothing
    scene.upload()
    scene.check_content_is_there()


def test_a_sweep_removes_nothing_during_a_backup(scene: Scene) -> None:
    with scene.bench.locker.hold(BLOBS_LOCK, timeout=0, shared=True):
        during = scene.sweep()
    after = scene.sweep()

    assert (during.blobs, after.blobs) == (0, 1)
