"""Import of local files for a user: received one by one, small ones committed together.

Each file needs its own sync. A batch saves transactions, of which 10,000 small files would need 10,000.

Rule: no batch is open while a large file is read; a file that cannot be stored is reported by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace

from cabinet.commands._report import LocalError, Report
from cabinet.commands._sources import GREW, FileChanged, ImportItem
from cabinet.errors import CabinetError, EntryExists
from cabinet.services.changes.files import Files
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import join_path
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.uploads import ExpectedContent, Incoming, Uploads

# All files of a batch are published under the lock of the database, a few milliseconds each: other
# writers wait less than a second.
BATCH_FILES = 50
# Bytes; a larger file gets its own transaction.
BATCH_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class _Received:
    """A file whose bytes are durable in staging."""

    label: str
    target: Target
    upload: Incoming
    size: int
    has_grown: bool


class Importer:
    """Imports files for one user."""

    def __init__(self, files: Files, uploads: Uploads, on_conflict: OnConflict, report: Report) -> None:
        self._files = files
        self._uploads = uploads
        self._on_conflict = on_conflict
        self._report = report
        self._paths: set[str] = set()
        self._folders: list[ImportItem] = []
        self._batch: list[_Received] = []
        self._held = ExitStack()

    def store(self, sources: Iterable[ImportItem]) -> None:
        """Store all files and folders; failures go to the report."""
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
            # The error may end the import, and the files before it are received already.
            if self._batch:
                self._finish_batch()
            self._report.failed(source.label, error)

    def _check_is_first(self, target: Target) -> None:
        """Raise `EntryExists` if one imported file would replace another.

        Two folders may have files of the same name, or of two Unicode forms of one name.
        """
        if self._on_conflict is OnConflict.REPLACE:
            if target.path in self._paths:
                raise EntryExists(path=target.path)
            self._paths.add(target.path)

    def _take(self, source: ImportItem, target: Target) -> None:
        with source.open() as file:
            if sum(received.size for received in self._batch) + file.size > BATCH_BYTES:
                self._finish_batch()
            self._uploads.check(target, file.size)
            with ExitStack() as held:
                upload = held.enter_context(self._uploads.begin(ExpectedContent(size=file.size), target))
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
        """Create the folders, empty ones too, together or, if that fails, one by one."""
        try:
            self._files.make_folders([join_path(folder.names) for folder in folders])
        except CabinetError as error:
            if len(folders) == 1:
                self._report.failed(folders[0].label, error)
            else:
                for folder in folders:
                    self._make_folders([folder])

    def _finish(self, batch: Sequence[_Received]) -> None:
        """Store the files together or, if that fails, one by one."""
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
