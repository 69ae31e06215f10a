"""A backup on disk: one folder, which the next backup updates.

    cabinet-backup             marks the folder as a backup, and is locked by commands that use it
    manifest.json              metadata of the backup, and the names of the next two files
    database-<time>-<digits>   the copy of the database
    index-<time>-<digits>      the blobs of the backup, one per line, ordered by hash: hash, size, and
                               the key of its row if that differs
    blobs/ab/<content hash>    the blobs
    staging/                   copies in progress

The manifest is renamed into place last, when everything that it refers to is durable: until then the
previous backup is complete, afterwards the new one. Files that the new one does not need are removed
after that.

Rule: files are accessible by their owner only; names from the manifest cannot point outside the folder.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from cabinet.refusals import UnusableBackup
from cabinet.storage.content_hash import PREFIXES, is_content_hash
from cabinet.storage.copying import BlobRef
from cabinet.storage.disk import disk_errors, sync_folder
from cabinet.storage.file_locks import LockTaken, locked
from cabinet.storage.opening import open_folder

FORMAT = 1

# Bytes; real manifests have less than one thousand.
LONGEST_MANIFEST = 64 << 10

MARK = "cabinet-backup"
MANIFEST = "manifest.json"
# In the instance's data folder.
IDENTITY = "backup_identity"
DATABASE = "database-"
INDEX = "index-"

MARK_TEXT = "A backup of Cabinet. `flask backup restore` reads it; change nothing here by hand.\n"

NOT_A_FOLDER = "it is not a folder."
NOT_A_BACKUP = "it contains other files. Choose an empty folder, or one with a backup."
NO_BACKUP = "there is no backup in it."
INSIDE = "it is inside the data to back up."
OTHER_INSTANCE = "it contains a backup of another instance. Choose another folder."
IN_USE = "another backup command is using it."
NEWER_FORMAT = "a newer release has created it. Use that release."
DAMAGED = "its manifest, database or index is damaged. Use another backup."

_NO_MORE: tuple[str, Iterator[BlobRef]] = ("", iter(()))

# A time, and random digits that make the name unique.
_STAMP = r"[0-9TZ]{16}-[0-9a-f]{8}"


class StoredFile(BaseModel, frozen=True):
    """The name, size and digest of a file beside the manifest, to detect damage."""

    name: str = Field(pattern=rf"^(database|index)-{_STAMP}$")
    size: int = Field(ge=0)
    sha256: str


class BackupCounts(BaseModel, frozen=True):
    """The contents of a backup; `bytes` is the total size of the blobs."""

    users: int
    files: int
    blobs: int
    bytes: int


class Manifest(BaseModel, frozen=True):
    """The metadata of a backup."""

    format: Literal[1] = 1
    cabinet: str
    revision: str
    instance: str
    created_at: AwareDatetime
    kind: Literal["sqlite", "postgresql"]
    database: StoredFile
    index: StoredFile
    counts: BackupCounts


class _Head(BaseModel):
    format: int


class BackupFolder:
    """The folder of a backup; the caller holds its lock while it is in use."""

    def __init__(self, root: Path, *, make: bool = False) -> None:
        self.root = root
        # Its blobs are in an ordinary store.
        self.store = open_folder(root, make=make)

    def manifest(self) -> Manifest | None:
        """Return the manifest, None before the first backup is complete; raises `UnusableBackup`."""
        try:
            with (self.root / MANIFEST).open("rb") as file:
                text = file.read(LONGEST_MANIFEST)
        except FileNotFoundError:
            return None
        try:
            if _Head.model_validate_json(text).format > FORMAT:
                raise UnusableBackup(where=str(self.root), reason=NEWER_FORMAT)
            return Manifest.model_validate_json(text)
        except ValidationError as error:
            raise UnusableBackup(where=str(self.root), reason=DAMAGED) from error

    def check_instance(self, instance: str) -> None:
        """Raise `UnusableBackup` for a backup of another instance, which a new backup would destroy."""
        manifest = self.manifest()
        if manifest is not None and manifest.instance != instance:
            raise UnusableBackup(where=str(self.root), reason=OTHER_INSTANCE)

    def checked(self, file: StoredFile) -> Path:
        """Return the path of a file of the manifest; raises `UnusableBackup` when it is missing or has changed."""
        path = self.root / file.name
        try:
            if describe(path) == file:
                return path
        except OSError as error:
            raise UnusableBackup(where=str(self.root), reason=DAMAGED) from error
        raise UnusableBackup(where=str(self.root), reason=DAMAGED)

    def iter_index(self, name: str) -> Iterator[BlobRef]:
        """Yield the blobs of an index; raises `UnusableBackup`."""
        with (self.root / name).open(encoding="ascii") as lines:
            for line in lines:
                content_hash, size, key = (*line.rstrip("\n").split(" ", 2), "", "")[:3]
                if not (is_content_hash(content_hash) and size.isdigit()):
                    raise UnusableBackup(where=str(self.root), reason=DAMAGED)
                yield BlobRef(content_hash, int(size), key or content_hash)

    def write_index(self, name: str, blobs: Iterable[BlobRef]) -> tuple[int, int]:
        """Write an index, durably, and return the number of blobs and bytes; `blobs` are ordered by hash."""
        last, count, size = "", 0, 0
        with _new_file(self.root / name) as lines:
            for blob in blobs:
                # `remove_unneeded` relies on this order.
                assert last < blob.content_hash
                last = blob.content_hash
                key = "" if blob.key == blob.content_hash else f" {blob.key}"
                lines.write(f"{blob.content_hash} {blob.size}{key}\n".encode("ascii"))
                count, size = count + 1, size + blob.size
        return count, size

    def commit(self, manifest: Manifest) -> None:
        """Replace the manifest atomically; everything that it refers to is durable by now."""
        draft = self.root / f"{MANIFEST}.new"
        sync_folder(self.root)
        with _new_file(draft) as written:
            written.write(manifest.model_dump_json(indent=2).encode() + b"\n")
        os.replace(draft, self.root / MANIFEST)
        sync_folder(self.root)

    def clear(self) -> None:
        """Remove incomplete files of this and of killed backup commands."""
        manifest = self.manifest()
        kept = {manifest.database.name, manifest.index.name} if manifest else set()
        for path in self.root.iterdir():
            if path.name.startswith((DATABASE, INDEX, f"{MANIFEST}.")) and path.name not in kept:
                path.unlink()
        for staged in self.store.iter_staged():
            self.store.discard(staged.key)

    def remove_unneeded(self) -> int:
        """Remove the blobs that are not in the manifest's index, and return their number.

        Raises `UnusableBackup` before removing any when the index is damaged.
        """
        manifest = self.manifest()
        index = self.iter_index(self.checked(manifest.index).name) if manifest else iter(())
        needed = groupby(index, key=lambda blob: blob.content_hash[:2])
        removed = 0
        prefix, blobs = next(needed, _NO_MORE)
        # One of 256 parts at a time, because all hashes of a large store would fill the memory.
        for part in PREFIXES:
            keep: set[str] = set()
            if part == prefix:
                keep = {blob.content_hash for blob in blobs}
                prefix, blobs = next(needed, _NO_MORE)
            for found in list(self.store.iter_blobs(part)):
                if found.key not in keep:
                    self.store.remove(found.key)
                    removed += 1
        return removed


@contextmanager
def folder_to_write(root: Path, *data: Path) -> Iterator[BackupFolder]:
    """Open the folder for a new backup of the folders `data`; create it if missing.

    Raises `UnusableBackup`.
    """
    root = root.resolve()
    if any(root.is_relative_to(place.resolve()) for place in data):
        raise UnusableBackup(where=str(root), reason=INSIDE)
    with disk_errors():
        try:
            _make_folder(root)
            _make_mark(root)
        except (FileExistsError, NotADirectoryError) as error:
            raise UnusableBackup(where=str(root), reason=NOT_A_FOLDER) from error
    with _locked(root, shared=False):
        yield BackupFolder(root, make=True)


@contextmanager
def folder_to_read(root: Path) -> Iterator[tuple[BackupFolder, Manifest]]:
    """Open the folder of an existing backup; raises `UnusableBackup`."""
    root = root.resolve()
    if not (root / MARK).is_file():
        raise UnusableBackup(where=str(root), reason=NO_BACKUP)
    with _locked(root, shared=True):
        folder = BackupFolder(root)
        manifest = folder.manifest()
        if manifest is None:
            raise UnusableBackup(where=str(root), reason=NO_BACKUP)
        yield folder, manifest


def identify(data: Path) -> str:
    """Return the backup identity of the instance with its data at `data`; create it on first use."""
    with suppress(FileNotFoundError):
        return (data / IDENTITY).read_text("ascii").strip()
    draft = _draft_identity(data, secrets.token_hex(16))
    # A hard link, so that the file of a concurrent backup command is not replaced.
    with suppress(FileExistsError):
        os.link(draft, data / IDENTITY)
    draft.unlink()
    sync_folder(data)
    return identify(data)


def set_identity(data: Path, identity: str) -> None:
    """Set the backup identity of the instance with its data at `data`, so that it continues those backups."""
    os.replace(_draft_identity(data, identity), data / IDENTITY)
    sync_folder(data)


def _draft_identity(data: Path, identity: str) -> Path:
    draft = data / f"{IDENTITY}.{secrets.token_hex(8)}"
    with _new_file(draft) as written:
        written.write(f"{identity}\n".encode("ascii"))
    return draft


def describe(path: Path) -> StoredFile:
    """Return the name, size and digest of a file; symbolic links are not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return StoredFile(name=path.name, size=file.tell(), sha256=digest.hexdigest())


def _make_folder(root: Path) -> None:
    """Make a folder where missing, durably; raises FileExistsError or NotADirectoryError."""
    missing = [path for path in (root, *root.parents) if not path.exists()]
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def _make_mark(root: Path) -> None:
    """Make the mark, by which a folder that a killed backup left is known as ours."""
    if (root / MARK).is_file():
        return
    # A file system's own folder for what it found damaged is no reason to refuse an empty disk.
    if {path.name for path in root.iterdir()} - {"lost+found"}:
        raise UnusableBackup(where=str(root), reason=NOT_A_BACKUP)
    with suppress(FileExistsError), _new_file(root / MARK) as written:
        written.write(MARK_TEXT.encode())


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Create a new file, which is durable when the context ends."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(descriptor)


@contextmanager
def _locked(root: Path, *, shared: bool) -> Iterator[None]:
    with ExitStack() as held:
        try:
            with disk_errors():
                # Read-only, so that backups on read-only media can be restored.
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
                held.enter_context(locked(root / MARK, timeout=0, shared=shared, flags=flags))
        except LockTaken as error:
            raise UnusableBackup(where=str(root), reason=IN_USE) from error
        yield
