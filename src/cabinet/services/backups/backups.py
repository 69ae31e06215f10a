"""Backups: made while the server runs, renewed in place, verified, restored where nothing is yet.

The database comes first. What it refers to is in the store by then, and stays there until it is
taken, for no sweep removes a blob meanwhile. What is stored later is in the next backup.

On the way back the blobs come first, so that a database is never without them.

Rule: a backup that is there stays whole until the one that renews it is; an instance that holds
anything is left alone.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import (
    ColumnClause,
    Connection,
    Engine,
    column,
    delete,
    func,
    inspect,
    select,
    table,
    text,
    update,
)

from cabinet.errors import StorageFull
from cabinet.models import Blob, Kind, Node, Session, Space, Throttle, Upload, User
from cabinet.refusals import DatabaseTooNew, NotRestored, UnusableBackup
from cabinet.services.backups import backup_folder, database_copy
from cabinet.services.backups.backup_folder import DATABASE, INDEX, BackupFolder, Counts, Manifest
from cabinet.services.kernel.clock import Clock
from cabinet.services.maintenance.blob_references import NEEDED
from cabinet.storage import copying
from cabinet.storage.copying import BlobRef, CopyResult, Outcome
from cabinet.storage.disk import disk_errors
from cabinet.storage.protocols import BLOBS_LOCK, BlobStore, ContentNamed, Locker
from cabinet.storage.reserve import check_room

OTHER_DATABASE = "it is of another kind of database. Set DATABASE_URL to one of that kind."
HOLDS_DATA = "this instance has accounts already. Name an empty one by CABINET_INSTANCE and DATABASE_URL."
NO_ROOM = "there is no room left for it. What it held before is whole."
IN_USE = "somebody is connected to the database. Stop the server first."

# Blobs are taken so many at a time: what they are linked into is synced once for all of them.
_BATCH = 1000

Watch = Callable[[CopyResult], None]


@dataclass(frozen=True, slots=True)
class RestoreTerms:
    """What a restored database is held against, and how long the rows of ended uploads are kept."""

    knows_revision: Callable[[str], bool]
    now: datetime
    keep_ended: timedelta


@dataclass(slots=True)
class Tally:
    """What became of the blobs of a backup; `lost` could not be taken, in either direction."""

    became: Counter[Outcome] = field(default_factory=Counter)
    removed: int = 0
    lost: list[CopyResult] = field(default_factory=list)

    def add(self, taken: CopyResult) -> None:
        """Count one blob."""
        self.became[taken.outcome] += 1
        if taken.outcome in {Outcome.MISSING, Outcome.DAMAGED}:
            self.lost.append(taken)

    def counts(self) -> dict[str, int]:
        """Return how many blobs were treated in which way."""
        treated = (Outcome.THERE, Outcome.LINKED, Outcome.COPIED)
        return {outcome.value: self.became[outcome] for outcome in treated} | {"removed": self.removed}


class Backups:
    """Backups of one instance: its database and its store; `watch` is told of each blob.

    By a file in `place`, the folder of its data, its backups are told from those of another one.
    """

    def __init__(self, engine: Engine, store: BlobStore, locker: Locker, place: Path, clock: Clock) -> None:
        self._engine = engine
        self._locker = locker
        self._place = place
        self._store = store
        self._clock = clock

    def create(self, root: Path, release: str, places: list[Path], watch: Watch) -> tuple[Manifest, Tally]:
        """Make the backup in the folder `root`, or renew the one in it; `places` hold the data.

        A blob that the store has lost does not keep the rest from being taken. Raises
        `UnusableBackup`, `DumpFailed` or `StorageFault`; then the backup that was there is what it was.
        """
        with backup_folder.folder_to_write(root, *places) as folder, disk_errors():
            instance = backup_folder.identify(self._place)
            folder.check_instance(instance)
            folder.clear()
            try:
                with disk_errors():
                    manifest, tally = self._take(folder, release, instance, watch)
            except StorageFull as error:
                folder.clear()
                folder.remove_unneeded()
                raise UnusableBackup(where=str(folder.root), reason=NO_ROOM) from error
            except BaseException:
                folder.clear()
                raise
            tally.removed = folder.remove_unneeded()
            folder.clear()
        return manifest, tally

    def restore(self, root: Path, terms: RestoreTerms, watch: Watch) -> tuple[Manifest, Tally]:
        """Fill this instance, which nobody serves and which has no accounts, from a backup.

        Uploads that were on their way end, for only their rows were taken, and so do all sessions.
        What the backup has lost does not keep the rest from being restored. Raises
        `UnusableBackup`, `NotRestored`, `DatabaseTooNew`, `DumpFailed`, `StorageFull`, `StorageFault`.
        """
        with backup_folder.folder_to_read(root) as (folder, manifest), disk_errors():
            self._check_target(manifest, terms)
            database = folder.checked(manifest.database)
            index = folder.checked(manifest.index).name
            with self._locker.hold(BLOBS_LOCK, timeout=None, shared=True):
                tally = _take_all(folder.iter_index, index, folder.store, self._store, watch)
            backup_folder.set_identity(self._place, manifest.instance)
            database_copy.put_back(self._engine, database, lambda connection: self._fix(connection, terms))
        return manifest, tally

    def _fix(self, connection: Connection, terms: RestoreTerms) -> None:
        _forget(connection, terms)
        has_keys = any(each["name"] == Blob.key.name for each in inspect(connection).get_columns("blob"))
        if has_keys and isinstance(self._store, ContentNamed):
            # The store that the backup is of may have named them in another way.
            connection.execute(
                update(Blob).where(Blob.key != Blob.content_hash).values(key=Blob.content_hash)
            )

    def _check_target(self, manifest: Manifest, terms: RestoreTerms) -> None:
        if manifest.kind != self._engine.dialect.name:
            raise NotRestored(reason=OTHER_DATABASE)
        if not terms.knows_revision(manifest.revision):
            raise DatabaseTooNew(revision=manifest.revision)
        if database_copy.holds_data(self._engine):
            raise NotRestored(reason=HOLDS_DATA)
        if database_copy.is_in_use(self._engine):
            raise NotRestored(reason=IN_USE)

    def _take(
        self, folder: BackupFolder, release: str, instance: str, watch: Watch
    ) -> tuple[Manifest, Tally]:
        now = self._clock()
        stamp = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        database, index = folder.root / f"{DATABASE}{stamp}", folder.root / f"{INDEX}{stamp}"
        with self._locker.hold(BLOBS_LOCK, timeout=None, shared=True):
            with database_copy.dumped(self._engine, database) as snapshot:
                blobs, size = folder.write_index(index.name, self._iter_blobs(snapshot))
                revision = snapshot.scalar(text("SELECT version_num FROM alembic_version"))
                users = snapshot.scalar(select(func.count()).where(User.deleted_at.is_(None)))
                files = snapshot.scalar(select(func.count()).where(Node.kind == Kind.FILE))
            tally = _take_all(folder.iter_index, index.name, self._store, folder.store, watch)
        manifest = Manifest(
            cabinet=release,
            revision=str(revision),
            instance=instance,
            created_at=now,
            kind=self._engine.dialect.name,
            database=backup_folder.describe(database),
            index=backup_folder.describe(index),
            counts=Counts(users=users or 0, files=files or 0, blobs=blobs, bytes=size),
        )
        folder.commit(manifest)
        return manifest, tally

    def _iter_blobs(self, snapshot: Connection) -> Iterator[BlobRef]:
        """Yield what is to be taken: all that is needed, and what else the store has."""
        rows = select(Blob.content_hash, Blob.size, Blob.key, NEEDED).order_by(Blob.content_hash)
        found = snapshot.execution_options(yield_per=_BATCH).execute(rows)
        for content_hash, size, key, is_needed in found:
            wanted = BlobRef(content_hash, size, key)
            if is_needed or copying.size_in(self._store, wanted) == wanted.size:
                yield wanted


def verify(root: Path, watch: Watch) -> tuple[Manifest, list[CopyResult]]:
    """Hash everything in a backup, and return what is missing or damaged; raises `UnusableBackup`."""
    found = []
    with backup_folder.folder_to_read(root) as (folder, manifest), disk_errors():
        folder.checked(manifest.database)
        for blob in folder.iter_index(folder.checked(manifest.index).name):
            checked = CopyResult(blob, copying.check(folder.store, blob))
            watch(checked)
            if checked.outcome is not Outcome.THERE:
                found.append(checked)
    return manifest, found


def _take_all(
    iter_index: Callable[[str], Iterator[BlobRef]],
    index: str,
    source: BlobStore,
    target: BlobStore,
    watch: Watch,
) -> Tally:
    """Have `target` hold the blobs of an index as far as `source` has them; raises `StorageFull` at once."""
    if not copying.can_link(source, target):
        missing = (blob.size for blob in iter_index(index) if copying.size_in(target, blob) != blob.size)
        check_room(target.free_bytes(), sum(missing))
    tally = Tally()
    blobs = iter_index(index)
    while batch := list(islice(blobs, _BATCH)):
        for taken in copying.copy_blobs(source, target, batch):
            tally.add(taken)
            watch(taken)
    return tally


def _forget(connection: Connection, terms: RestoreTerms) -> None:
    """End, in a restored database, what cannot go on: uploads without staging, and all sessions.

    It may be that of an older release. What a session's cookie is signed with is no part of a
    backup; and where the key is the same, one that has ended since must not be valid again.
    """
    tables = inspect(connection).get_table_names()
    if Upload.__tablename__ in tables:
        unfinished = Upload.ended_at.is_(None)
        # What has a usage, and how an upload says in which it counts: a user, before there were spaces.
        has_spaces = Space.__tablename__ in tables
        holder = Space.__tablename__ if has_spaces else User.__tablename__
        held_by: ColumnClause[int] = column("space_id" if has_spaces else "owner_id")
        counted = table(holder, column("id"), column("usage"))
        held = (
            select(func.coalesce(func.sum(Upload.offset), 0))
            .where(held_by == counted.c.id, unfinished)
            .scalar_subquery()
        )
        connection.execute(update(counted).values(usage=counted.c.usage - held))
        ended = {"ended_at": terms.now, "expires_at": terms.now + terms.keep_ended}
        connection.execute(update(Upload).where(unfinished).values(ended))
    for kept in (Session, Throttle):
        if kept.__tablename__ in tables:
            connection.execute(delete(kept))
