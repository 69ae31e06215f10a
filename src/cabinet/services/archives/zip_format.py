"""The zip format: yields the bytes of an archive in the order in which they are sent.

Nothing is compressed. Content that is read in one piece has its checksum and sizes before it, longer content
after it; so the length of the archive follows from names and sizes alone. Above 4 GiB, or 65,535 entries, the
format's 64-bit records are used. Each time is stored twice: in the old field in the server's local time, and
in UTC to the second for Unix programs. Sections are those of PKWARE's APPNOTE.TXT, version 6.3.10.

Rule: knows names, sizes and bytes; no row, no store. What has been written is not kept in memory.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import floor
from tempfile import SpooledTemporaryFile

from cabinet.storage.chunks import CHUNK_SIZE

# Bytes of the central directory that are held in memory; a longer one goes to a temporary file.
DIRECTORY_IN_MEMORY = 4 << 20

# Larger sizes and offsets are written with 64 bits; half the range of 32 bits, for old unpackers.
_LIMIT_32 = (1 << 31) - 1
_LIMIT_COUNT = 0xFFFF
# In a field of 16 or 32 bits: the value is in the 64-bit field.
_ELSEWHERE_16, _ELSEWHERE_32 = 0xFFFF, 0xFFFFFFFF

# Signature, version needed, flags, method, time, date, checksum, both sizes, lengths of name and extra
# (4.3.7).
_LOCAL = struct.Struct("<4s5H3L2H")
# Signature, versions, flags, method, time, date, checksum, both sizes, lengths of name, extra and comment,
# disk, attributes, offset of the local header (4.3.12).
_CENTRAL = struct.Struct("<4s6H3L5H2L")
# Signature, checksum and both sizes (4.3.9).
_DESCRIPTOR, _DESCRIPTOR_64 = struct.Struct("<4s3L"), struct.Struct("<4sL2Q")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")

# Format versions: with folders, and with 64-bit fields (4.4.3). Made on Unix, so modes are given (4.4.2).
_VERSION, _VERSION_64, _UNIX = 20, 45, 3 << 8
_STORED = 0
_DESCRIPTOR_FOLLOWS, _UTF_8 = 1 << 3, 1 << 11
_FILE_MODE, _FOLDER_MODE = 0o100644 << 16, 0o040755 << 16 | 1 << 4

# An extra field starts with its id and length (4.5.1); this one holds what does not fit into 32 bits (4.5.3).
_EXTRA = struct.Struct("<2H")
_ZIP64_ID = 1
_ZIP64_SIZES = struct.Struct("<2H2Q")

# The extended timestamp: its id, five bytes: a flag and the modification time in seconds since 1970.
_TIMESTAMP = struct.Struct("<HHBl")
_TIMESTAMP_ID, _MODIFIED = 0x5455, 1
# The range of the old field; and roughly the same in UTC, because times far from it cannot be converted to
# local ones.
_OLDEST, _NEWEST = datetime(1980, 1, 1), datetime(2107, 12, 31, 23, 59, 58)  # noqa: DTZ001 - local, as the format has it
_FIRST, _LAST = datetime(1979, 1, 1, tzinfo=UTC), datetime(2108, 12, 31, tzinfo=UTC)


def is_one_piece(size: int) -> bool:
    """Return whether content of this size is read at once, with its checksum before it."""
    return size <= CHUNK_SIZE


class Archive:
    """One archive being written; every method returns or yields the next bytes."""

    def __init__(self) -> None:
        self._offset = 0
        self._count = 0
        self._directory: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(DIRECTORY_IN_MEMORY)  # noqa: SIM115 - close() is ours

    def close(self) -> None:
        """Discard the central directory."""
        self._directory.close()

    def folder(self, name: str, modified_at: datetime) -> bytes:
        """Return the bytes of a folder; `name` ends in a slash."""
        entry = _Entry(name, modified_at, 0, mode=_FOLDER_MODE)
        return self._enter(entry, entry.local_header(0), 0)

    def small_file(self, name: str, modified_at: datetime, content: bytes) -> tuple[bytes, bytes]:
        """Return the header and the unchanged content of a file of one piece."""
        entry = _Entry(name, modified_at, len(content))
        checksum = zlib.crc32(content)
        header = self._enter(entry, entry.local_header(checksum), checksum)
        self._offset += len(content)
        return header, content

    def large_file(
        self, name: str, modified_at: datetime, size: int, chunks: Iterable[bytes]
    ) -> Iterator[bytes]:
        """Yield the bytes of a file of several pieces; `chunks` must be `size` bytes in all."""
        entry = _Entry(name, modified_at, size, flags=_DESCRIPTOR_FOLLOWS)
        header = entry.local_header(0)
        yield header
        checksum = 0
        for chunk in chunks:
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        descriptor = entry.descriptor(checksum)
        self._enter(entry, header, checksum)
        self._offset += size + len(descriptor)
        yield descriptor

    def end(self) -> Iterator[bytes]:
        """Yield the central directory, which ends the archive."""
        start, size = self._offset, self._directory.tell()
        self._directory.seek(0)
        while chunk := self._directory.read(CHUNK_SIZE):
            yield chunk
        count = self._count
        if _needs_64(count, start, size):
            yield _END_64.pack(
                b"PK\x06\x06", _END_64.size - 12, _VERSION_64, _VERSION_64, 0, 0, count, count, size, start
            )
            yield _LOCATOR_64.pack(b"PK\x06\x07", 0, start + size, 1)
        entries = min(count, _ELSEWHERE_16)
        yield _END.pack(
            b"PK\x05\x06", 0, 0, entries, entries, min(size, _ELSEWHERE_32), min(start, _ELSEWHERE_32), 0
        )

    def _enter(self, entry: _Entry, header: bytes, checksum: int) -> bytes:
        """Add an entry that starts here to the central directory."""
        self._directory.write(entry.central_header(checksum, self._offset))
        self._offset += len(header)
        self._count += 1
        return header


class Length:
    """Computes the length of an archive, entry by entry, without writing it."""

    def __init__(self) -> None:
        self._count = 0
        self._offset = 0
        self._directory = 0

    def add(self, name: str, modified_at: datetime, size: int) -> None:
        """Add an entry; a folder has size 0."""
        named = len(name.encode()) + len(_extra(modified_at))
        wide = (2 if size > _LIMIT_32 else 0) + (1 if self._offset > _LIMIT_32 else 0)
        self._directory += _CENTRAL.size + named + (_EXTRA.size + 8 * wide if wide else 0)
        self._offset += _LOCAL.size + named + size
        if size > _LIMIT_32:
            self._offset += _ZIP64_SIZES.size + _DESCRIPTOR_64.size
        elif not is_one_piece(size):
            self._offset += _DESCRIPTOR.size
        self._count += 1

    @property
    def total(self) -> int:
        """The length in bytes of an archive with these entries."""
        wide = _needs_64(self._count, self._offset, self._directory)
        return self._offset + self._directory + _END.size + (_END_64.size + _LOCATOR_64.size if wide else 0)


def _needs_64(count: int, start: int, size: int) -> bool:
    return count >= _LIMIT_COUNT or max(start, size) > _LIMIT_32


class _Entry:
    """A file or folder, with its local header and its header in the central directory."""

    def __init__(
        self, name: str, modified_at: datetime, size: int, *, mode: int = _FILE_MODE, flags: int = 0
    ) -> None:
        self._name = name.encode()
        self._flags = flags if name.isascii() else flags | _UTF_8
        self._time, self._date = _local_time(modified_at)
        self._extra = _extra(modified_at)
        self._size = size
        self._is_64 = size > _LIMIT_32
        self._mode = mode

    def local_header(self, checksum: int) -> bytes:
        """Return the header before the content; with a descriptor, that holds checksum and size instead."""
        size = self._size
        if self._flags & _DESCRIPTOR_FOLLOWS:
            checksum = size = 0
        version, extra = _VERSION, self._extra
        if self._is_64:
            version, extra = _VERSION_64, extra + _ZIP64_SIZES.pack(_ZIP64_ID, 16, size, size)
            size = _ELSEWHERE_32
        fixed = _LOCAL.pack(
            b"PK\x03\x04", version, self._flags, _STORED, self._time, self._date,
            checksum, size, size, len(self._name), len(extra),
        )  # fmt: skip
        return fixed + self._name + extra

    def descriptor(self, checksum: int) -> bytes:
        """Return the descriptor after the content, for entries with that flag."""
        shape = _DESCRIPTOR_64 if self._is_64 else _DESCRIPTOR
        return shape.pack(b"PK\x07\x08", checksum, self._size, self._size)

    def central_header(self, checksum: int, offset: int) -> bytes:
        """Return the header in the central directory; `offset` is where the entry starts."""
        wide: list[int] = []
        size = self._size
        if self._is_64:
            wide += [size, size]
            size = _ELSEWHERE_32
        if offset > _LIMIT_32:
            wide.append(offset)
            offset = _ELSEWHERE_32
        version, extra = _VERSION, self._extra
        if wide:
            field = struct.pack(f"<{len(wide)}Q", *wide)
            version, extra = _VERSION_64, _EXTRA.pack(_ZIP64_ID, len(field)) + field + extra
        fixed = _CENTRAL.pack(
            b"PK\x01\x02", _UNIX | version, version, self._flags, _STORED, self._time, self._date,
            checksum, size, size, len(self._name), len(extra), 0, 0, 0, self._mode, offset,
        )  # fmt: skip
        return fixed + self._name + extra


def _local_time(modified_at: datetime) -> tuple[int, int]:
    """Return date and time fields of the format: local time of the server, in two-second steps (4.4.6)."""
    local = min(max(_FIRST, modified_at), _LAST).astimezone().replace(tzinfo=None)
    local = min(max(_OLDEST, local), _NEWEST)
    time = local.hour << 11 | local.minute << 5 | local.second // 2
    return time, (local.year - 1980) << 9 | local.month << 5 | local.day


def _extra(modified_at: datetime) -> bytes:
    seconds = floor(modified_at.timestamp())
    if not 0 <= seconds < 1 << 31:
        return b""  # only 31 bits of the field are read alike by every reader
    return _TIMESTAMP.pack(_TIMESTAMP_ID, _TIMESTAMP.size - 4, _MODIFIED, seconds)
