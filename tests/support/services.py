"""The dependencies of the services in tests: a database, a store, a clock and a fast hasher.

Rule: everything is real except the time, the cost of a password hash and the syncs of the database; no web
framework.
"""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError
from cabinet.models import Base, Space
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.accounts import Accounts
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.activity.feed import Activity
from cabinet.services.activity.notices import Notices
from cabinet.services.archives.zipping import Zipping
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.crossing import Crossing
from cabinet.services.changes.files import Files
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.trash import Trash
from cabinet.services.changes.versions import Versions
from cabinet.services.kernel.database import configure
from cabinet.services.shares.keys import ShareKeys
from cabinet.services.shares.links import Links
from cabinet.services.shares.policy import SharePolicy
from cabinet.services.shares.shares import Shares
from cabinet.services.spaces.spaces import OPERATOR, SpaceActor, Spaces
from cabinet.services.spaces.values import SpaceMakers
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.entries import OnConflict, Precondition, no_precondition
from cabinet.services.tree.listing import MAX_SUMMED, Listing
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.search import Search
from cabinet.services.uploads.publishing import Stored, Target, UploadLimits
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.uploads import Uploads
from cabinet.storage.opening import open_locker, open_store
from cabinet.storage.protocols import Locker, ResumableStore
from tests.support.database_under_test import current_databases
from tests.support.shards import remove_empty_shards
from tests.support.statements import compile_once

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
# Of the second network that is reserved for documentation.
ADDRESS = "198.51.100.7"
SECRET_KEY = "a key of the tests, long enough for a server"
MAX_SIZE = 1 << 20
VERSIONS_KEPT = 5
KEEP = timedelta(days=7)
TRASH_KEEP = timedelta(days=30)
POLICY = SharePolicy()


class FakeClock:
    """A clock that stands still until it is advanced."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        """Advance by this much, in the arguments of `timedelta`."""
        self.now += timedelta(**duration)


class CountingHasher:
    """A cheap `PasswordHasher` that counts its calls."""

    def __init__(self) -> None:
        self.hashed = 0
        self.checked = 0
        self._salts = itertools.count()

    def generate_password_hash(self, password: str) -> bytes:
        self.hashed += 1
        return self._digest(str(next(self._salts)), password)

    def check_password_hash(self, pw_hash: str, password: str) -> bool:
        self.checked += 1
        salt = pw_hash.partition(":")[0]
        return self._digest(salt, password) == pw_hash.encode()

    @staticmethod
    def _digest(salt: str, password: str) -> bytes:
        return f"{salt}:{hashlib.sha256((salt + password).encode()).hexdigest()}".encode()


class Acting(Protocol):
    """An actor with a scope: an account, or a guest."""

    @property
    def scope(self) -> Scope: ...


@dataclass(frozen=True)
class Guest:
    """An actor with a scope and nothing else."""

    scope: Scope


@dataclass
class Workbench:
    """A database and a store of one test, with the services of any number of users."""

    engine: Engine
    store: ResumableStore
    locker: Locker
    clock: FakeClock = field(default_factory=FakeClock)
    hasher: CountingHasher = field(default_factory=CountingHasher)

    def __post_init__(self) -> None:
        self.passwords = Passwords(self.hasher, 2)
        self.cursors = Cursors(SECRET_KEY)
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def session(self) -> Session:
        """Return a session for the caller to close."""
        return Session(self.engine)

    def accounts(self, session: Session, quota: int | None = None) -> Accounts:
        return Accounts(session, self.passwords, self.clock, quota)

    def uploads(self, session: Session, acting: Acting, max_size: int = MAX_SIZE) -> Uploads:
        limits = UploadLimits(max_size, VERSIONS_KEPT, KEEP)
        return Uploads(session, self.store, self.clock, limits, acting.scope)

    def files(self, session: Session, acting: Acting) -> Files:
        return Files(session, self.store, self.clock, self.cursors, acting.scope)

    def listing(self, session: Session, acting: Acting, max_summed: int = MAX_SUMMED) -> Listing:
        return Listing(session, self.cursors, acting.scope, max_summed=max_summed)

    def moving(self, session: Session, acting: Acting) -> Moving:
        return Moving(session, self.clock, acting.scope)

    def crossing(self, session: Session, acting: Acting) -> Crossing:
        return Crossing(session, self.clock, acting.scope)

    def trash(self, session: Session, acting: Acting) -> Trash:
        return Trash(session, self.clock, TRASH_KEEP, self.cursors, acting.scope)

    def bulk(self, session: Session, acting: Acting, source: Acting | None = None) -> Bulk:
        return Bulk(session, self.clock, acting.scope, source.scope if source else None)

    def versions(self, session: Session, acting: Acting) -> Versions:
        return Versions(session, self.clock, VERSIONS_KEPT, acting.scope)

    def zipping(self, session: Session, acting: Acting) -> Zipping:
        return Zipping(session, self.store, acting.scope)

    def resumable(self, session: Session, acting: Acting) -> ResumableUploads:
        limits = UploadLimits(MAX_SIZE, VERSIONS_KEPT, KEEP)
        return ResumableUploads(session, self.store, self.locker, self.clock, limits, acting.scope)

    def shares(self, session: Session, acting: Acting, policy: SharePolicy = POLICY) -> Shares:
        keys, scope = ShareKeys(SECRET_KEY), acting.scope
        return Shares(session, self.clock, self.passwords, keys, self.cursors, policy, scope)

    def spaces(
        self, session: Session, account: Account | None, makers: SpaceMakers = SpaceMakers.EVERYONE
    ) -> Spaces:
        """Return the team spaces of a user, or of the operator."""
        actor = OPERATOR if account is None else SpaceActor(account.id, account.space_id, account.is_admin)
        return Spaces(session, self.clock, self.cursors, makers, actor)

    def activity(self, session: Session, acting: Acting) -> Activity:
        return Activity(session, self.cursors, acting.scope)

    def notices(self, session: Session, account: Account) -> Notices:
        return Notices(session, self.clock, account.id)

    def places(self, session: Session, acting: Acting, path: str) -> Place:
        """Return the place of a path, as requests find it."""
        return Mounts(session, acting.scope).place(path)

    def links(self, session: Session) -> Links:
        return Links(session, self.clock, self.passwords, ShareKeys(SECRET_KEY))

    def search(self, session: Session, acting: Acting) -> Search:
        return Search(session, self.cursors, acting.scope)

    def register(self, session: Session, username: str = "", quota: int | None = None) -> Account:
        """Create an account, with an unused name unless one is given."""
        with self._lock:
            name = username or f"user{next(self._numbers)}"
        return self.accounts(session, quota).register(name, PASSWORD)

    def upload(
        self,
        session: Session,
        acting: Acting,
        path: str,
        content: bytes,
        on_conflict: OnConflict = OnConflict.REPLACE,
        precondition: Precondition = no_precondition,
    ) -> Stored:
        """Store `content` at `path`, as a request would."""
        service = self.uploads(session, acting)
        target = Target(path, on_conflict, precondition)
        service.check(target, len(content))
        with service.begin() as upload:
            upload.append([content])
            upload.seal()
            return service.commit([(upload, target)])[0]


def _stop_syncing(connection: sqlite3.Connection, _record: object) -> None:
    # No test of the services cuts the power, and hypothesis would wait for a thousand syncs.
    connection.execute("PRAGMA synchronous = OFF")


@cache
def _file_with(users: tuple[str, ...]) -> bytes:
    """Return a SQLite database with some users; copying it is faster than creating tables and accounts."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cabinet.db"
        if users:
            with workbench(Path(folder), users[:-1]) as bench, bench.session() as session:
                bench.register(session, users[-1])
        else:
            engine = create_engine(f"sqlite:///{file}")
            configure(engine)
            Base.metadata.create_all(engine)
            engine.dispose()
        # The last connection that closes has moved the log into the file.
        assert not file.with_name("cabinet.db-wal").exists()
        return file.read_bytes()


@contextmanager
def workbench(folder: Path, users: tuple[str, ...] = ()) -> Iterator[Workbench]:
    """Provide a workbench in `folder` during the context, with the accounts of some users."""
    databases = current_databases()
    url = databases.url_for(folder) if databases else f"sqlite:///{folder / 'cabinet.db'}"
    engine = create_engine(url, pool_size=4, max_overflow=-1)
    configure(engine)
    if engine.dialect.name == "sqlite":
        (folder / "cabinet.db").write_bytes(_file_with(users))
        event.listen(engine, "connect", _stop_syncing)
    compile_once(engine, "migrations" if databases else "models")
    try:
        url = (folder / "store").as_uri()
        bench = Workbench(engine, open_store(url), open_locker(url))
        if databases:
            with bench.session() as session:
                for name in users:
                    bench.register(session, name)
        yield bench
    finally:
        engine.dispose()
        remove_empty_shards(folder / "store")
        if databases:
            databases.take_back_below(folder)


def stored_bytes(bench: Workbench) -> Counter[str]:
    """Count what the store holds, published and staged."""
    return Counter(
        {
            "blobs": sum(1 for _ in bench.store.iter_blobs()),
            "staged": sum(1 for _ in bench.store.iter_staged()),
        }
    )


def usage_of(session: Session, account: Account) -> int:
    """Return the usage of an account in bytes, read again from the database."""
    return usage_and_entries(session, account)[0]


def usage_and_entries(session: Session, account: Account) -> tuple[int, int]:
    """Return the usage of an account in bytes and nodes, read again from the database."""
    session.rollback()
    space = session.get_one(Space, account.space_id, populate_existing=True)
    return space.usage, space.entries


def content_of(session: Session, bench: Workbench, acting: Acting, path: str) -> bytes:
    """Read a file through the services."""
    files = bench.files(session, acting)
    with files.open(files.get(path)) as stream:
        return stream.read()


def paths_of(session: Session, bench: Workbench, acting: Acting) -> list[str]:
    """List everything that a user has."""
    return [entry.path for entry in bench.files(session, acting).list_below("", 1000, None).entries]


Action = Callable[[Session], object]


def at_once(bench: Workbench, actions: Sequence[Action]) -> list[type[CabinetError] | None]:
    """Run the actions together, each on a session of its own; return what each of them raised."""
    together = threading.Barrier(len(actions))

    def run(action: Action) -> type[CabinetError] | None:
        with bench.session() as session:
            together.wait(60)
            try:
                action(session)
            except CabinetError as error:
                return type(error)
            return None

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(run, actions))
