"""Blobs on a local disk: `blobs/ab/<content hash>` and `staging/<id>` in one folder.

An upload is written to staging, counted, hashed and fsynced. A hard link then makes it a blob,
and the blob's folder is fsynced before a row may refer to it. A crash in between leaves
unreferenced bytes, which the sweep removes.

Rule: both folders lie on one filesystem; files are opened without following symbolic links;
blobs are never changed in place.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from cabinet.errors import BlobMissing
from cabinet.refusals import BadSetting, UnusableStore
from cabinet.storage.content_hash import PREFIXES, is_content_hash
from cabinet.storage.disk import disk_errors, sync_folder
from cabinet.storage.local.joining import LocalJoined
from cabinet.storage.local.locks import LocalLocker
from cabinet.storage.local.staging import (
    CREATE,
    LocalResumed,
    LocalStaging,
    digests_of,
)
from cabinet.storage.protocols import BlobStore, ResumedStaging, Sealed, StagedPart, Staging, StoredObject
from cabinet.storage.reserve import NO_RESERVE, DiskSpace, FreeSpace, Reserve

# Errors of opening a missing blob, or a symlink or socket in its place.
NO_BLOB = {errno.ENOENT, errno.ELOOP, errno.ENXIO}

# Errors of linking: other filesystem, a file of another user, no support for hard links, too many
# links to the file, missing file.
NO_LINK = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.ENOENT}

ONE_FILESYSTEM = "its folders blobs and staging must lie on one filesystem."

_STAGING_ID = re.compile(r"[0-9a-f]{32}")
# O_NONBLOCK: opening a FIFO that was placed here must not wait for its writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalStore:
    """A `ResumableStore` in one folder of a local disk; keys are content hashes."""

    def __init__(self, root: Path, reserve: Reserve = NO_RESERVE) -> None:
        self.root = root
        self._blobs = root / "blobs"
        self._staging = root / "staging"
        self._disk_space = DiskSpace(self._staging, reserve)

    def make(self) -> None:
        """Create missing folders, durably; raises `UnusableStore`."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self._staging, self._blobs):
                folder.mkdir(mode=0o700, exist_ok=True)
            if missing := set(PREFIXES) - {folder.name for folder in self._blobs.iterdir()}:
                for prefix in missing:
                    (self._blobs / prefix).mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._blobs)
                sync_folder(self.root)
            self._check_hard_links()
        except OSError as error:
            reason = ONE_FILESYSTEM if error.errno == errno.EXDEV else f"{error.strerror}."
            raise UnusableStore(where=str(self.root), reason=reason) from error

    @contextmanager
    def begin(self, expected_size: int | None = None) -> Iterator[Staging]:
        with disk_errors():
            self._disk_space.check(expected_size or 0)
            staging = LocalStaging(self._staging / secrets.token_hex(16), self._disk_space)
        with self._discarding(staging):
            yield staging

    def create(self, expected_size: int | None = None) -> str:
        """Create the two files of a staged upload: its content and the digests of its blocks."""
        path = self._staging / secrets.token_hex(16)
        with disk_errors():
            self._disk_space.check(expected_size or 0)
            for made in (path, digests_of(path)):
                os.close(os.open(made, CREATE, 0o600))
            sync_folder(self._staging)
        return path.name

    @contextmanager
    def resume(self, staging_id: str, offset: int, *, tentative: bool = False) -> Iterator[ResumedStaging]:
        """Open the files of a staged upload; on leaving, bytes that were not kept are truncated."""
        with disk_errors():
            staging = LocalResumed(self._staged(staging_id), self._disk_space, offset, tentative=tentative)
        try:
            yield staging
        finally:
            # What could not be truncated now is truncated when the upload is resumed.
            with suppress(OSError):
                staging.close()

    @contextmanager
    def join(self, parts: Sequence[StagedPart]) -> Iterator[LocalJoined]:
        """Create a file and copy the parts into it, in the kernel where supported."""
        with disk_errors():
            self._disk_space.check(sum(part.size for part in parts))
            sources = [(self._staged(part.staging_id), part.size) for part in parts]
            staging = LocalJoined(self._staging / secrets.token_hex(16), sources)
        with self._discarding(staging):
            yield staging

    @contextmanager
    def _discarding(self, staging: LocalStaging | LocalJoined) -> Iterator[None]:
        try:
            yield
        finally:
            # A published upload is durable by now, and an error of the body must not be hidden.
            with suppress(OSError):
                staging.close()
            with suppress(OSError):
                (self._staging / staging.id).unlink(missing_ok=True)

    def _staged(self, staging_id: str) -> Path:
        if not _STAGING_ID.fullmatch(staging_id):
            raise ValueError("not a staging id")
        return self._staging / staging_id

    def key_of(self, content_hash: str) -> str:
        """Return the content hash itself."""
        return content_hash

    def publish(self, finished: Sequence[tuple[Staging, Sealed]]) -> None:
        """Link each staged file to its hash, then sync the folders of the links."""
        with disk_errors():
            for staging, sealed in finished:
                self._link(self._staging / staging.id, sealed)
            # Also for existing blobs: the process that linked one may have died before this sync.
            for folder in {self._blob(sealed.key).parent for _, sealed in finished}:
                sync_folder(folder)

    def _link(self, source: Path, sealed: Sealed) -> None:
        blob = self._blob(sealed.key)
        try:
            os.link(source, blob)
        except FileExistsError:
            if self.size_of(sealed.key) != sealed.size:
                os.replace(source, blob)

    def link_from(self, source: BlobStore, content_hashes: Sequence[str]) -> Sequence[str]:
        """Link files of a store on the same filesystem, and return the hashes that could be linked."""
        if not isinstance(source, LocalStore):
            return []
        with disk_errors():
            linked = [key for key in content_hashes if self._link_blob(source._blob(key), key)]  # noqa: SLF001
            for folder in {self._blob(key).parent for key in linked}:
                sync_folder(folder)
        return linked

    def _link_blob(self, source: Path, content_hash: str) -> bool:
        """Link `source` as that blob, replacing an existing file; return whether it could be linked."""
        blob = self._blob(content_hash)
        for _ in range(2):
            try:
                os.link(source, blob, follow_symlinks=False)
            except FileExistsError:
                blob.unlink()
            except OSError as error:
                if error.errno not in NO_LINK:
                    raise
                return False
            else:
                return True
        return False

    def open(self, key: str) -> BinaryIO:
        """Open the file of a blob; raises `BlobMissing`."""
        with disk_errors():
            try:
                descriptor = os.open(self._blob(key), _READ)
            except OSError as error:
                if error.errno not in NO_BLOB:
                    raise
                raise BlobMissing(content_hash=key) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BlobMissing(content_hash=key)
        return open(descriptor, "rb", buffering=0)

    def size_of(self, key: str) -> int | None:
        try:
            status = os.lstat(self._blob(key))
        except FileNotFoundError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def remove(self, key: str) -> None:
        with disk_errors():
            self._blob(key).unlink(missing_ok=True)

    def staged_size(self, staging_id: str) -> int | None:
        """Return the size of the content; None also when the file of the digests is missing."""
        path = self._staged(staging_id)
        try:
            os.lstat(digests_of(path))
            return os.lstat(path).st_size
        except FileNotFoundError:
            return None

    def discard(self, staging_id: str) -> None:
        """Remove both files of a staged upload."""
        if _STAGING_ID.fullmatch(staging_id):
            path = self._staging / staging_id
            with disk_errors():
                # The content goes last: a sweep finds the leftovers of a crash by it.
                digests_of(path).unlink(missing_ok=True)
                path.unlink(missing_ok=True)

    def iter_blobs(self, prefix: str = "") -> Iterator[StoredObject]:
        """List the folders that can have matches; each is named by the first two digits of its hashes."""
        for folder in PREFIXES:
            if folder[: len(prefix)] == prefix[: len(folder)]:
                for found in _regular_files(self._blobs / folder):
                    if is_content_hash(found.key) and found.key.startswith(max(folder, prefix, key=len)):
                        yield found

    def iter_staged(self) -> Iterator[StoredObject]:
        yield from (found for found in _regular_files(self._staging) if _STAGING_ID.fullmatch(found.key))

    def free_bytes(self) -> FreeSpace:
        with disk_errors():
            return self._disk_space.free()

    def _blob(self, content_hash: str) -> Path:
        if not is_content_hash(content_hash):
            raise ValueError("not a content hash")
        return self._blobs / content_hash[:2] / content_hash

    def _check_hard_links(self) -> None:
        """Raise OSError unless staged files can be linked as blobs: one filesystem, with hard links.

        If the process dies in between, the sweep removes both files, because of their names.
        """
        probe = self._staging / secrets.token_hex(16)
        target = self._blob(secrets.token_hex(32))
        os.close(os.open(probe, CREATE, 0o600))
        try:
            os.link(probe, target)
            target.unlink()
        finally:
            probe.unlink()


def _regular_files(folder: Path) -> Iterator[StoredObject]:
    with os.scandir(folder) as found:
        for entry in found:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # published or swept since the folder was read
                continue
            if stat.S_ISREG(status.st_mode):
                # ctime: linking sets it, while an old mtime would not protect a new blob from the sweep.
                yield StoredObject(entry.name, status.st_size, datetime.fromtimestamp(status.st_ctime, UTC))


def open_store(url: str, reserve: Reserve = NO_RESERVE) -> LocalStore:
    """Return the store at `file:///folder`; create it if missing."""
    store = LocalStore(_folder_of(url), reserve)
    store.make()
    return store


def open_locker(url: str) -> LocalLocker:
    """Return the locker of the existing store at `file:///folder`."""
    return LocalLocker(_folder_of(url))


def _folder_of(url: str) -> Path:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute():
        raise BadSetting(setting="STORE_URL", reason="a local store is file:///an/absolute/folder.")
    return path
