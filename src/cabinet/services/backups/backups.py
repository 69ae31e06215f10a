"""Create backups of a running server, update them in place, verify them, and restore an empty instance.

A backup copies the database first. The blobs that it refers to are in the store by then, and stay there
until they are copied, because the sweep removes no blobs meanwhile. Later uploads are in the next backup.

A restore copies the blobs first, so that a database is never without its blobs.

Rule: the previous backup stays complete until the new one is; an instance with data is never changed.
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
from cabinet.models import Blob, Kind, Node, Space, Throttle, Upload, User, UserSession
from cabinet.refusals import DatabaseTooNew, NotRestored, UnusableBackup
from cabinet.services.backups import backup_folder, database_copy
from cabinet.services.backups.backup_folder import DATABASE, INDEX, BackupCounts, BackupFolder, Manifest
from cabinet.services.kernel.clock import Clock
from cabinet.services.maintenance.blob_references import REFERENCED
from cabinet.storage import copying
from cabinet.storage.copying import BlobRef, CopyResult, Outcome
from cabinet.storage.disk import disk_errors
from cabinet.storage.protocols import BLOBS_LOCK, BlobStore, ContentNamed, Locker
from cabinet.storage.reserve import check_room

OTHER_DATABASE = "it is of another kind of database. Set DATABASE_URL to that kind."
HOLDS_DATA = "this instance already has accounts. Set CABINET_INSTANCE and DATABASE_URL to an empty one."
NO_ROOM = "there is no space left. The previous backup is still complete."
IN_USE = "other programs are connected to the database. Stop the server first."

# Blobs per batch: the folders that they are linked into are synced once per batch.
_BATCH = 1000

OnCopied = Callable[[CopyResult], None]


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """The known revisions, and how long the rows of ended uploads are kept."""

    knows_revision: Callable[[str], bool]
    now: datetime
    keep_ended: timedelta


@dataclass(slots=True)
class BackupSummary:
    """The numbers of blobs by outcome; `lost` blobs could not be copied, in either direction."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    removed: int = 0
    lost: list[CopyResult] = field(default_factory=list)

    def add(self, result: CopyResult) -> None:
        """Count one blob."""
        self.outcomes[result.outcome] += 1
        if result.outcome in {Outcome.MISSING, Outcome.DAMAGED}:
            self.lost.append(result)

    def counts(self) -> dict[str, int]:
        """Return the number of blobs by outcome."""
        counted = (Outcome.THERE, Outcome.LINKED, Outcome.COPIED)
        return {outcome.value: self.outcomes[outcome] for outcome in counted} | {"removed": self.removed}


class Backups:
    """Backups of one instance: its database and its store; `on_copied` is called for each blob.

    A file in `place`, the folder of its data, identifies the backups of this instance.
    """

    def __init__(self, engine: Engine, store: BlobStore, locker: Locker, place: Path, clock: Clock) -> None:
        self._engine = engine
        self._locker = locker
        self._place = place
        self._store = store
        self._clock = clock

    def create(
        self, root: Path, release: str, places: list[Path], on_copied: OnCopied
    ) -> tuple[Manifest, BackupSummary]:
        """Create or update the backup in the folder `root`; `places` are the folders of the data.

        Blobs that are missing in the store are reported and skipped. Raises `UnusableBackup`,
        `DumpFailed` or `StorageFault`; then the previous backup is unchanged.
        """
        with backup_folder.folder_to_write(root, *places) as folder, disk_errors():
            instance = backup_folder.identify(self._place)
            folder.check_instance(instance)
            folder.clear()
            try:
                with disk_errors():
                    manifest, summary = self._create(folder, release, instance, on_copied)
            except StorageFull as error:
                folder.clear()
                folder.remove_unneeded()
                raise UnusableBackup(where=str(folder.root), reason=NO_ROOM) from error
            except BaseException:
                folder.clear()
                raise
            summary.removed = folder.remove_unneeded()
            folder.clear()
        return manifest, summary

    def restore(
        self, root: Path, options: RestoreOptions, on_copied: OnCopied
    ) -> tuple[Manifest, BackupSummary]:
        """Restore a backup into this instance, which must have no accounts and no running server.

        Unfinished uploads end, because a backup contains only their rows, and so do all sessions. Blobs
        that are missing in the backup are reported and skipped. Raises `UnusableBackup`,
        `NotRestored`, `DatabaseTooNew`, `DumpFailed`, `StorageFull`, `StorageFault`.
        """
        with backup_folder.folder_to_read(root) as (folder, manifest), disk_errors():
            self._check_target(manifest, options)
            database = folder.checked(manifest.database)
            index = folder.checked(manifest.index).name
            with self._locker.hold(BLOBS_LOCK, timeout=None, shared=True):
                summary = _copy_all(folder.iter_index, index, folder.store, self._store, on_copied)
            backup_folder.set_identity(self._place, manifest.instance)
            database_copy.restore_dump(
                self._engine, database, lambda connection: self._fix(connection, options)
            )
        return manifest, summary

    def _fix(self, connection: Connection, options: RestoreOptions) -> None:
        _forget(connection, options)
        has_keys = any(each["name"] == Blob.key.name for each in inspect(connection).get_columns("blob"))
        if has_keys and isinstance(self._store, ContentNamed):
            # The backed-up store may have used other keys.
            connection.execute(
                update(Blob).where(Blob.key != Blob.content_hash).values(key=Blob.content_hash)
            )

    def _check_target(self, manifest: Manifest, options: RestoreOptions) -> None:
        if manifest.kind != self._engine.dialect.name:
            raise NotRestored(reason=OTHER_DATABASE)
        if not options.knows_revision(manifest.revision):
            raise DatabaseTooNew(revision=manifest.revision)
        if database_copy.holds_data(self._engine):
            raise NotRestored(reason=HOLDS_DATA)
        if database_copy.is_in_use(self._engine):
            raise NotRestored(reason=IN_USE)

    def _create(
        self, folder: BackupFolder, release: str, instance: str, on_copied: OnCopied
    ) -> tuple[Manifest, BackupSummary]:
        now = self._clock()
        stamp = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        database, index = folder.root / f"{DATABASE}{stamp}", folder.root / f"{INDEX}{stamp}"
        with self._locker.hold(BLOBS_LOCK, timeout=None, shared=True):
            with database_copy.dumped(self._engine, database) as snapshot:
                blobs, size = folder.write_index(index.name, self._iter_blobs(snapshot))
                revision = snapshot.scalar(text("SELECT version_num FROM alembic_version"))
                users = snapshot.scalar(select(func.count()).where(User.deleted_at.is_(None)))
                files = snapshot.scalar(select(func.count()).where(Node.kind == Kind.FILE))
            summary = _copy_all(folder.iter_index, index.name, self._store, folder.store, on_copied)
        manifest = Manifest(
            cabinet=release,
            revision=str(revision),
            instance=instance,
            created_at=now,
            kind=self._engine.dialect.name,
            database=backup_folder.describe(database),
            index=backup_folder.describe(index),
            counts=BackupCounts(users=users or 0, files=files or 0, blobs=blobs, bytes=size),
        )
        folder.commit(manifest)
        return manifest, summary

    def _iter_blobs(self, snapshot: Connection) -> Iterator[BlobRef]:
        """Yield the blobs to copy: all referenced ones, and the others that the store has."""
        rows = select(Blob.content_hash, Blob.size, Blob.key, REFERENCED).order_by(Blob.content_hash)
        found = snapshot.execution_options(yield_per=_BATCH).execute(rows)
        for content_hash, size, key, is_needed in found:
            wanted = BlobRef(content_hash, size, key)
            if is_needed or copying.size_in(self._store, wanted) == wanted.size:
                yield wanted


def verify(root: Path, on_copied: OnCopied) -> tuple[Manifest, list[CopyResult]]:
    """Hash all blobs of a backup, and return the missing and damaged ones; raises `UnusableBackup`."""
    found = []
    with backup_folder.folder_to_read(root) as (folder, manifest), disk_errors():
        folder.checked(manifest.database)
        for blob in folder.iter_index(folder.checked(manifest.index).name):
            checked = CopyResult(blob, copying.check(folder.store, blob))
            on_copied(checked)
            if checked.outcome is not Outcome.THERE:
                found.append(checked)
    return manifest, found


def _copy_all(
    iter_index: Callable[[str], Iterator[BlobRef]],
    index: str,
    source: BlobStore,
    target: BlobStore,
    on_copied: OnCopied,
) -> BackupSummary:
    """Copy the blobs of an index to `target`; raises `StorageFull` before copying if they do not fit."""
    if not copying.can_link(source, target):
        missing = (blob.size for blob in iter_index(index) if copying.size_in(target, blob) != blob.size)
        check_room(target.free_bytes(), sum(missing))
    summary = BackupSummary()
    blobs = iter_index(index)
    while batch := list(islice(blobs, _BATCH)):
        for result in copying.copy_blobs(source, target, batch):
            summary.add(result)
            on_copied(result)
    return summary


def _forget(connection: Connection, options: RestoreOptions) -> None:
    """End unfinished uploads and all sessions in a restored database.

    The database may be of an older release. A backup does not contain the key that signs cookies; with
    the same key, a session that has ended since the backup must not become valid again.
    """
    tables = inspect(connection).get_table_names()
    if Upload.__tablename__ in tables:
        unfinished = Upload.ended_at.is_(None)
        # The table with the usage, and the column by which uploads refer to it: users, before there were spaces.
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
        ended = {"ended_at": options.now, "expires_at": options.now + options.keep_ended}
        connection.execute(update(Upload).where(unfinished).values(ended))
    for kept in (UserSession, Throttle):
        if kept.__tablename__ in tables:
            connection.execute(delete(kept))
