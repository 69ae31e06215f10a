"""The journals of unfinished uploads, one small file for each.

The first line says which file is uploaded where, and the ids of the uploads; each further line adds the
digests of blocks on the server. An incomplete line is ignored, so a kill at any time costs at most the
hashing of one part.

Rule: mode 0600, locked by one filecli process at a time, deleted when the upload is finished. If it
cannot be written, filecli prints a warning and uploads without it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cabinet.client.failures import UploadInUse
from cabinet.client.local import Source, local_errors, state_folder
from cabinet.client.transfer.parts import Span, count_blocks
from cabinet.errors import CabinetError
from cabinet.storage import file_locks
from cabinet.storage.content_hash import DIGEST_SIZE
from cabinet.storage.file_locks import LockTaken

_SUFFIX = ".upload"

# Seconds: 90 days.
_KEPT_FOR = 90 * 86400

# The errors of a journal that is damaged, or of another release.
_INVALID = (ValueError, TypeError, KeyError, IndexError, RecursionError)

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class JournalKey:
    """The key of a journal: server, user, local file and server path."""

    server: str
    username: str
    local: str
    path: str

    @property
    def file_name(self) -> str:
        """The file name of the journal."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:32] + _SUFFIX


@dataclass(slots=True, eq=False)
class Piece:
    """One tus upload: of the whole file, or of a span of it.

    `digests` are of its first blocks; `offset` is the last known offset on the server.
    """

    id: str
    span: Span
    digests: bytearray = field(default_factory=bytearray)
    offset: int = 0

    @property
    def is_hashed(self) -> bool:
        """Whether the digests of all its blocks are recorded."""
        return len(self.digests) == count_blocks(self.span.length) * DIGEST_SIZE


class UploadJournal:
    """The journal of one upload; open inside `open_journal` only; in memory without `descriptor`."""

    def __init__(self, path: Path, descriptor: int | None, warn: Callable[[str], None]) -> None:
        self.pieces: list[Piece] = []
        self.header: dict[str, Any] = {}
        self._path = path
        self._descriptor = descriptor
        self._warn = warn
        with self._in_memory_on_error():
            self._read()

    def matches(self, source: Source, on_conflict: str) -> bool:
        """Return whether the journal is of this state of the file and this `on_conflict`."""
        return bool(self.pieces) and self._state(source, on_conflict).items() <= self.header.items()

    def is_same_file(self, source: Source) -> bool:
        """Return whether inode and change time match, so that the file is certainly unchanged."""
        return self._identity(source).items() <= self.header.items()

    def begin(self, key: JournalKey, source: Source, on_conflict: str, pieces: Sequence[Piece]) -> None:
        """Start a new journal for uploads that were just created."""
        self.pieces = list(pieces)
        ids = [[piece.id, piece.span.start, piece.span.length] for piece in pieces]
        facts = {**self._state(source, on_conflict), **self._identity(source)}
        self.header = {**asdict(key), **facts, "pieces": ids}
        with self._in_memory_on_error():
            if self._descriptor is not None:
                os.ftruncate(self._descriptor, 0)
            self._append(self.header)

    def add(self, piece: Piece, block: int, digests: bytes) -> None:
        """Record the digests of blocks on the server, starting with number `block` of the piece."""
        piece.digests[block * DIGEST_SIZE :] = digests
        with self._in_memory_on_error():
            self._append({"piece": self.pieces.index(piece), "block": block, "digests": digests.hex()})

    def clear(self) -> None:
        """Clear the journal in memory."""
        self.pieces = []
        self.header = {}

    def delete(self) -> None:
        """Delete the journal: there is nothing to resume."""
        self.clear()
        with self._in_memory_on_error():
            if self._descriptor is not None:
                self._path.unlink(missing_ok=True)

    @staticmethod
    def _state(source: Source, on_conflict: str) -> dict[str, Any]:
        return {"size": source.size, "mtime_ns": source.mtime_ns, "on_conflict": on_conflict}

    @staticmethod
    def _identity(source: Source) -> dict[str, Any]:
        return {"place": list(source.file_id), "ctime_ns": source.ctime_ns}

    @contextmanager
    def _in_memory_on_error(self) -> Iterator[None]:
        """Stop writing to disk after an error: an incomplete line would invalidate the next ones."""
        try:
            with local_errors(self._path.parent):
                yield
        except CabinetError as error:
            self._descriptor = None
            self._warn(_restart_warning(error))

    def _append(self, line: dict[str, Any]) -> None:
        if self._descriptor is not None:
            content = json.dumps(line).encode() + b"\n"
            if os.write(self._descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _read(self) -> None:
        if self._descriptor is None:
            return
        with open(self._descriptor, "rb", closefd=False) as file:
            file.seek(0)
            content = file.read()
        # Remove an incomplete last line, which the next line would continue.
        os.ftruncate(self._descriptor, content.rfind(b"\n") + 1)
        lines = content.split(b"\n")[:-1]
        # An invalid journal is damaged or of another release, and is ignored.
        with suppress(*_INVALID):
            if lines:
                self.header, self.pieces = _to_pieces(json.loads(lines[0]))
            for line in map(json.loads, lines[1:]):
                _add_digests(self.pieces[line["piece"]], line["block"], bytes.fromhex(line["digests"]))
        if lines and not self.pieces:
            self._warn(f"“{self._path}” is damaged; its upload starts again.")


def _to_pieces(header: dict[str, Any]) -> tuple[dict[str, Any], list[Piece]]:
    """Return the header and its pieces; raises one of `_INVALID` unless they cover the file."""
    pieces, end = [], 0
    for id_, start, length in header["pieces"]:
        if not isinstance(id_, str) or start != end or not isinstance(length, int) or length < 1:
            raise ValueError("the pieces are not contiguous")
        pieces.append(Piece(id_, Span(end, length)))
        end += length
    if end != header["size"]:
        raise ValueError("the pieces do not cover the file")
    return header, pieces


def _add_digests(piece: Piece, block: int, digests: bytes) -> None:
    begin = block * DIGEST_SIZE
    longest = count_blocks(piece.span.length) * DIGEST_SIZE
    if not 0 <= begin <= len(piece.digests) or len(digests) % DIGEST_SIZE or begin + len(digests) > longest:
        raise ValueError("digests of blocks that do not exist")
    piece.digests[begin:] = digests


def _restart_warning(error: CabinetError) -> str:
    return f"{error} An interrupted upload will start again from the beginning."


def default_folder() -> Path:
    """Return the folder of journals; a relative path if there is no home folder."""
    return state_folder() / "uploads"


@contextmanager
def open_journal(folder: Path, key: JournalKey, warn: Callable[[str], None]) -> Iterator[UploadJournal]:
    """Open the journal of `key`, new if there is none; raises `UploadInUse`.

    An empty one is removed at the end. If none can be written, `warn` gets the reason.
    """
    path = folder / key.file_name
    descriptor = None
    try:
        with local_errors(folder):
            _make_folder(folder)
            _remove_old(folder)
            descriptor = _open_locked(path, key)
    except UploadInUse:
        raise
    except CabinetError as error:
        warn(_restart_warning(error))
    journal = None
    try:
        journal = UploadJournal(path, descriptor, warn)
        yield journal
    finally:
        if journal is not None and not journal.pieces:
            journal.delete()
        if descriptor is not None:
            os.close(descriptor)


def _make_folder(folder: Path) -> None:
    if not folder.is_absolute():  # there is no home folder
        raise OSError(errno.ENOENT, "there is no home folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def local_files(folder: Path) -> dict[str, str]:
    """Return the local file of each upload with a journal, by upload id."""
    return {
        str(piece[0]): str(header["local"]) for _, header in _headers(folder) for piece in header["pieces"]
    }


def sibling_ids(folder: Path, upload_id: str) -> list[str]:
    """Return the ids of all pieces of the file that `upload_id` is a piece of."""
    for _, header in _headers(folder):
        ids = [str(piece[0]) for piece in header["pieces"]]
        if upload_id in ids:
            return ids
    return [upload_id]


def delete_journal_of(folder: Path, upload_id: str) -> None:
    """Delete the journal of a canceled upload, if there is one."""
    for path, header in _headers(folder):
        if any(piece[0] == upload_id for piece in header["pieces"]):
            with suppress(OSError):  # it will be removed when it is old
                path.unlink()


def _remove_old(folder: Path) -> None:
    """Delete old journals: no server keeps an upload that long."""
    for path in _list(folder):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _KEPT_FOR:
                path.unlink()


def _headers(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the path and header of every readable journal."""
    for path in sorted(_list(folder)):
        with suppress(OSError, *_INVALID), path.open("rb") as file:
            header = json.loads(file.readline())
            _to_pieces(header)
            yield path, header


def _list(folder: Path) -> list[Path]:
    with suppress(OSError):  # there are none, or they are unreadable
        if folder.is_absolute():
            # Opening a pipe would block until it has a writer.
            return [path for path in folder.iterdir() if path.name.endswith(_SUFFIX) and path.is_file()]
    return []


def _open_locked(path: Path, key: JournalKey) -> int:
    def look(status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    try:
        return file_locks.open_locked(path, _FLAGS, 0o600, look)
    except LockTaken as error:
        raise UploadInUse(path=key.local) from error
