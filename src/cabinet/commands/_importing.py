"""Local files become files of a user: received one by one, finished together where they are small.

A file costs a sync of its own bytes in any case. What a batch saves is the transaction, of which
10,000 small files would need 10,000.

Rule: no batch is open while a large file is read; a file that cannot be stored is told alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace

from cabinet.commands._report import LocalError, Report
from cabinet.commands._sources import GREW, FileChanged, ImportItem
from cabinet.errors import CabinetError, EntryExists
from cabinet.services.changes.files import Files
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.names import join_path
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.uploads import Incoming, Promised, Uploads

# All files of a batch are published under the lock of the database, a few milliseconds each: others
# who write wait for less than a second.
BATCH_FILES = 50
# Bytes; more than that is worth a transaction of its own.
BATCH_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class _Received:
    """A file whose bytes are safe in staging."""

    label: str
    target: Target
    upload: Incoming
    size: int
    has_grown: bool


class Importer:
    """Stores what it is given as files of one user."""

    def __init__(self, files: Files, uploads: Uploads, on_conflict: Conflict, report: Report) -> None:
        self._files = files
        self._uploads = uploads
        self._on_conflict = on_conflict
        self._report = report
        self._paths: set[str] = set()
        self._folders: list[ImportItem] = []
        self._batch: list[_Received] = []
        self._held = ExitStack()

    def store(self, sources: Iterable[ImportItem]) -> None:
        """Store everything; what could not be is told to the report."""
        with self._held:
            for source in sources:
                if source.is_folder:
                    self._folders.append(source)
                else:
                    self._receive(source)
                if len(self._batch) + len(self._folders) >= BATCH_FILES:
                    self._finish_batch()
            self._finish_batch()

    def _receive(self, source: ImportItem) -> None:
        target = Target(join_path(source.names), self._on_conflict)
        try:
            self._check_is_first(target)
            try:
                self._take(source, target)
            except FileChanged:
                self._take(source, target)
        except (CabinetError, LocalError, OSError) as error:
            # It may be the end of the import, and those before it are safe already.
            if self._batch:
                self._finish_batch()
            self._report.failed(source.label, error)

    def _check_is_first(self, target: Target) -> None:
        """Raise `EntryExists` where one imported file would replace another.

        Files of the same name from two folders, or two spellings of one name: é is one character
        or two.
        """
        if self._on_conflict is Conflict.REPLACE:
            if target.path in self._paths:
                raise EntryExists(path=target.path)
            self._paths.add(target.path)

    def _take(self, source: ImportItem, target: Target) -> None:
        with source.open() as file:
            if sum(received.size for received in self._batch) + file.size > BATCH_BYTES:
                self._finish_batch()
            self._uploads.check(target, file.size)
            with ExitStack() as held:
                upload = held.enter_context(self._uploads.begin(Promised(size=file.size), target))
                upload.append(self._report.metered(file.chunks(), source.label))
                measured = upload.seal()
                has_grown = file.has_grown(measured.content_hash)
                self._held.push(held.pop_all())
        target = replace(target, modified_at=file.modified_at)
        self._batch.append(_Received(source.label, target, upload, measured.size, has_grown))

    def _finish_batch(self) -> None:
        folders, files = self._folders, self._batch
        self._folders, self._batch = [], []
        with self._held.pop_all():
            if folders:
                self._make_folders(folders)
            if files:
                self._finish(files)

    def _make_folders(self, folders: Sequence[ImportItem]) -> None:
        """Make the folders, which need not have files in them, together or else one by one."""
        try:
            self._files.make_folders([join_path(folder.names) for folder in folders])
        except CabinetError as error:
            if len(folders) == 1:
                self._report.failed(folders[0].label, error)
            else:
                for folder in folders:
                    self._make_folders([folder])

    def _finish(self, batch: Sequence[_Received]) -> None:
        """Store the files together or, where one of them cannot be stored, one by one."""
        try:
            stored = self._uploads.commit([(received.upload, received.target) for received in batch])
        except CabinetError as error:
            if len(batch) == 1:
                self._report.failed(batch[0].label, error)
            else:
                for received in batch:
                    self._finish([received])
            return
        for received, became in zip(batch, stored, strict=True):
            if received.has_grown:
                self._report.warned(received.label, GREW)
            self._report.done(received.size, local=received.label, entry=asdict(became.entry))
