"""What filecli remembers of its unfinished uploads, one small file for each.

The first line says what is uploaded where, under which ids; each further line adds the digests of
blocks that the server has. A line that was not written to its end does not count, so a kill at
any moment costs at most the hashing of one part.

Rule: 0600, and held by one filecli at a time; it goes when the upload is finished. It is a
convenience: where nothing can be kept, that is a warning, and the upload goes on without.
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

# What notes raise that are damaged, or of another release.
_INVALID = (ValueError, TypeError, KeyError, IndexError, RecursionError)

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class JournalKey:
    """Whose upload it is, of which file to which path; there is one set of notes for each."""

    server: str
    username: str
    local: str
    path: str

    @property
    def file_name(self) -> str:
        """The name of the journal."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:32] + _SUFFIX


@dataclass(slots=True, eq=False)
class Piece:
    """One upload of the protocol: the whole file, or a span of it.

    `digests` are of its first blocks, `offset` is what the server has as far as we know.
    """

    id: str
    span: Span
    digests: bytearray = field(default_factory=bytearray)
    offset: int = 0

    @property
    def is_hashed(self) -> bool:
        """Whether the digests of all its blocks are there."""
        return len(self.digests) == count_blocks(self.span.length) * DIGEST_SIZE


class UploadJournal:
    """The notes on one upload; open only inside `open_journal`, and without a `descriptor` in memory only."""

    def __init__(self, path: Path, descriptor: int | None, warn: Callable[[str], None]) -> None:
        self.pieces: list[Piece] = []
        self.header: dict[str, Any] = {}
        self._path = path
        self._descriptor = descriptor
        self._warn = warn
        with self._in_memory_on_error():
            self._read()

    def matches(self, source: Source, on_conflict: str) -> bool:
        """Tell whether they are about just this state of the file, to be stored in this way."""
        return bool(self.pieces) and self._facts(source, on_conflict).items() <= self.header.items()

    def is_same_file(self, source: Source) -> bool:
        """Tell whether it is the very same file, for which nobody can have set the time back."""
        return self._marks(source).items() <= self.header.items()

    def begin(self, key: JournalKey, source: Source, on_conflict: str, pieces: Sequence[Piece]) -> None:
        """Start anew, about uploads that were just created."""
        self.pieces = list(pieces)
        ids = [[piece.id, piece.span.start, piece.span.length] for piece in pieces]
        facts = {**self._facts(source, on_conflict), **self._marks(source)}
        self.header = {**asdict(key), **facts, "pieces": ids}
        with self._in_memory_on_error():
            if self._descriptor is not None:
                os.ftruncate(self._descriptor, 0)
            self._append(self.header)

    def add(self, piece: Piece, block: int, digests: bytes) -> None:
        """Note the digests of blocks that the server has, from number `block` of the piece on."""
        piece.digests[block * DIGEST_SIZE :] = digests
        with self._in_memory_on_error():
            self._append({"piece": self.pieces.index(piece), "block": block, "digests": digests.hex()})

    def clear(self) -> None:
        """Know of no upload any more."""
        self.pieces = []
        self.header = {}

    def delete(self) -> None:
        """Remove the journal: there is nothing to go on from any more."""
        self.clear()
        with self._in_memory_on_error():
            if self._descriptor is not None:
                self._path.unlink(missing_ok=True)

    @staticmethod
    def _facts(source: Source, on_conflict: str) -> dict[str, Any]:
        return {"size": source.size, "mtime_ns": source.mtime_ns, "on_conflict": on_conflict}

    @staticmethod
    def _marks(source: Source) -> dict[str, Any]:
        return {"place": list(source.file_id), "ctime_ns": source.ctime_ns}

    @contextmanager
    def _in_memory_on_error(self) -> Iterator[None]:
        """Keep nothing more on the disk once that failed: half a line would spoil all that follow."""
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
        # Behind the last end of a line is nothing, or half a line, which the next would continue.
        os.ftruncate(self._descriptor, content.rfind(b"\n") + 1)
        lines = content.split(b"\n")[:-1]
        # What makes no sense is damaged, or of another release: as good as nothing.
        with suppress(*_INVALID):
            if lines:
                self.header, self.pieces = _to_pieces(json.loads(lines[0]))
            for line in map(json.loads, lines[1:]):
                _add_digests(self.pieces[line["piece"]], line["block"], bytes.fromhex(line["digests"]))
        if lines and not self.pieces:
            self._warn(f"“{self._path}” makes no sense; what it was about begins anew.")


def _to_pieces(header: dict[str, Any]) -> tuple[dict[str, Any], list[Piece]]:
    """Return the first line and what it tells of; raises one of `_INVALID` unless that covers the file."""
    pieces, end = [], 0
    for id_, start, length in header["pieces"]:
        if not isinstance(id_, str) or start != end or not isinstance(length, int) or length < 1:
            raise ValueError("the pieces do not follow each other")
        pieces.append(Piece(id_, Span(end, length)))
        end += length
    if end != header["size"]:
        raise ValueError("the pieces are not the whole")
    return header, pieces


def _add_digests(piece: Piece, block: int, digests: bytes) -> None:
    begin = block * DIGEST_SIZE
    longest = count_blocks(piece.span.length) * DIGEST_SIZE
    if not 0 <= begin <= len(piece.digests) or len(digests) % DIGEST_SIZE or begin + len(digests) > longest:
        raise ValueError("digests of blocks that there are not")
    piece.digests[begin:] = digests


def _restart_warning(error: CabinetError) -> str:
    return f"{error} An upload that is interrupted will begin anew."


def default_folder() -> Path:
    """Return where the notes lie on this system; a relative path where nobody's home is known."""
    return state_folder() / "uploads"


@contextmanager
def open_journal(folder: Path, key: JournalKey, warn: Callable[[str], None]) -> Iterator[UploadJournal]:
    """Open the notes on `subject`, empty if there are none; raises `UploadInUse`.

    Empty ones are removed in the end. Where none can be kept, `warn` hears why.
    """
    path = folder / key.file_name
    descriptor = None
    try:
        with local_errors(folder):
            _make_folder(folder)
            _remove_old(folder)
            descriptor = _open_alone(path, key)
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
    if not folder.is_absolute():  # nobody's home is known
        raise OSError(errno.ENOENT, "there is no home folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def local_files(folder: Path) -> dict[str, str]:
    """Return which local file each upload is of that there are notes on, by its id."""
    return {
        str(piece[0]): str(header["local"]) for _, header in _headers(folder) for piece in header["pieces"]
    }


def sibling_ids(folder: Path, upload_id: str) -> list[str]:
    """Return the ids of all the pieces of the file that the upload `upload_id` belongs to."""
    for _, header in _headers(folder):
        ids = [str(piece[0]) for piece in header["pieces"]]
        if upload_id in ids:
            return ids
    return [upload_id]


def delete_journal_of(folder: Path, upload_id: str) -> None:
    """Remove the notes on an upload that was cancelled; there need not be any."""
    for path, header in _headers(folder):
        if any(piece[0] == upload_id for piece in header["pieces"]):
            with suppress(OSError):  # it is old soon enough
                path.unlink()


def _remove_old(folder: Path) -> None:
    """Remove the notes on uploads that nobody came back for: no server keeps them so long."""
    for path in _list(folder):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _KEPT_FOR:
                path.unlink()


def _headers(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield all notes that can be read, with their first lines."""
    for path in sorted(_list(folder)):
        with suppress(OSError, *_INVALID), path.open("rb") as file:
            header = json.loads(file.readline())
            _to_pieces(header)
            yield path, header


def _list(folder: Path) -> list[Path]:
    with suppress(OSError):  # there are none, or none that could be read
        if folder.is_absolute():
            # A pipe would not be opened before somebody writes to it.
            return [path for path in folder.iterdir() if path.name.endswith(_SUFFIX) and path.is_file()]
    return []


def _open_alone(path: Path, key: JournalKey) -> int:
    def look(status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    try:
        return file_locks.open_locked(path, _FLAGS, 0o600, look)
    except LockTaken as error:
        raise UploadInUse(path=key.local) from error
