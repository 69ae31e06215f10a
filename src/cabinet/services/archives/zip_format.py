"""The bytes of a zip archive, in the order in which they are sent.

Nothing is compressed. Content that is read in one piece has its checksum and sizes in front of
it, longer content behind it; so the length of the whole is known from names and sizes alone. Above
4 GiB, or 65,535 entries, the format's 64-bit records take over by themselves. Times are kept
twice: the old field in the server's local time, and in UTC to the second as Unix programs read it.

Rule: knows names, sizes and bytes; no row, no store. What has been written is not kept in memory.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import floor
from tempfile import SpooledTemporaryFile
from typing import Any

from zipstream import ZipStreamInfo  # type: ignore[import-untyped]  # it ships neither annotations nor stubs

from cabinet.storage.chunks import CHUNK_SIZE

# Bytes of the table of contents that are held in memory; what is longer goes to a temporary file.
DIRECTORY_IN_MEMORY = 4 << 20

# Sizes and offsets above it are written with 64 bits; half of what 32 hold, for old unpackers.
_LIMIT_32 = zipfile.ZIP64_LIMIT
_LIMIT_COUNT = zipfile.ZIP_FILECOUNT_LIMIT

_LOCAL_HEADER, _CENTRAL_HEADER = 30, 46
_ZIP64_SIZES, _ZIP64_EXTRA = 20, 4
_DESCRIPTOR, _DESCRIPTOR_64 = 16, 24
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_VERSION_64 = 45

_DESCRIPTOR_FOLLOWS = 1 << 3
_FILE_MODE, _FOLDER_MODE = 0o100644 << 16, 0o040755 << 16 | 1 << 4

# The extended timestamp: its id, five bytes, the time of the last change, in seconds since 1970.
_TIMESTAMP = struct.Struct("<HHBl")
_TIMESTAMP_ID, _MODIFIED = 0x5455, 1
_OLDEST, _NEWEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
_FIRST, _LAST = datetime(1979, 1, 1, tzinfo=UTC), datetime(2108, 12, 31, tzinfo=UTC)


def is_one_piece(size: int) -> bool:
    """Tell whether content of so many bytes is read at once, and its checksum stands before it."""
    return size <= CHUNK_SIZE


class Archive:
    """One archive being written; every method returns or yields the bytes that come next."""

    def __init__(self) -> None:
        self._offset = 0
        self._count = 0
        self._directory: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(DIRECTORY_IN_MEMORY)  # noqa: SIM115 - close() is ours

    def close(self) -> None:
        """Forget the table of contents."""
        self._directory.close()

    def folder(self, name: str, modified_at: datetime) -> bytes:
        """Return a folder; `name` ends in a slash."""
        info = _info(name, modified_at, 0)
        info.external_attr = _FOLDER_MODE
        return self._enter(info, info.FileHeader(zip64=False))

    def small_file(self, name: str, modified_at: datetime, content: bytes) -> tuple[bytes, bytes]:
        """Return a file of one piece: its header and, as it is, its content."""
        info = _info(name, modified_at, len(content))
        info.CRC = zlib.crc32(content)
        header = self._enter(info, info.FileHeader(zip64=False))
        self._offset += len(content)
        return header, content

    def large_file(
        self, name: str, modified_at: datetime, size: int, chunks: Iterable[bytes]
    ) -> Iterator[bytes]:
        """Yield a file of several pieces; `chunks` have to be `size` bytes together."""
        info = _info(name, modified_at, size)
        info.flag_bits |= _DESCRIPTOR_FOLLOWS
        is_64 = size > _LIMIT_32
        header: bytes = info.FileHeader(is_64)
        yield header
        checksum = 0
        for chunk in chunks:
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        info.CRC = checksum
        descriptor: bytes = info.DataDescriptor(is_64)
        self._enter(info, header)
        self._offset += size + len(descriptor)
        yield descriptor

    def end(self) -> Iterator[bytes]:
        """Yield the table of contents, which ends the archive."""
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
        most, longest = 0xFFFF, 0xFFFFFFFF
        entries = min(count, most)
        yield _END.pack(b"PK\x05\x06", 0, 0, entries, entries, min(size, longest), min(start, longest), 0)

    def _enter(self, info: Any, header: bytes) -> bytes:
        """Note an entry that begins here in the table of contents."""
        info.header_offset = self._offset
        self._directory.write(info._central_directory_header_data())  # noqa: SLF001 - FileHeader's other half
        self._offset += len(header)
        self._count += 1
        return header


class Length:
    """Adds up how long an archive becomes, entry by entry, without writing it."""

    def __init__(self) -> None:
        self._count = 0
        self._offset = 0
        self._directory = 0

    def add(self, name: str, modified_at: datetime, size: int) -> None:
        """Count an entry; a folder has no size."""
        named = len(name.encode()) + len(_extra(modified_at))
        wide = (2 if size > _LIMIT_32 else 0) + (1 if self._offset > _LIMIT_32 else 0)
        self._directory += _CENTRAL_HEADER + named + (_ZIP64_EXTRA + 8 * wide if wide else 0)
        self._offset += _LOCAL_HEADER + named + size
        if size > _LIMIT_32:
            self._offset += _ZIP64_SIZES + _DESCRIPTOR_64
        elif not is_one_piece(size):
            self._offset += _DESCRIPTOR
        self._count += 1

    @property
    def total(self) -> int:
        """The bytes of the archive, were it to end here."""
        wide = _needs_64(self._count, self._offset, self._directory)
        return self._offset + self._directory + _END.size + (_END_64.size + _LOCATOR_64.size if wide else 0)


def _needs_64(count: int, start: int, size: int) -> bool:
    return count >= _LIMIT_COUNT or max(start, size) > _LIMIT_32


def _info(name: str, modified_at: datetime, size: int) -> Any:
    # Far from what the format has, a time may have no local form.
    local = min(max(_FIRST, modified_at), _LAST).astimezone().timetuple()[:6]
    info = ZipStreamInfo(name, min(max(_OLDEST, local), _NEWEST))
    info.compress_type = zipfile.ZIP_STORED
    info.external_attr = _FILE_MODE
    info.extra = _extra(modified_at)
    info.file_size = info.compress_size = size
    info.CRC = 0
    return info


def _extra(modified_at: datetime) -> bytes:
    seconds = floor(modified_at.timestamp())
    if not 0 <= seconds < 1 << 31:
        return b""  # the field has no more than 31 bits that every reader agrees on
    return _TIMESTAMP.pack(_TIMESTAMP_ID, _TIMESTAMP.size - 4, _MODIFIED, seconds)
