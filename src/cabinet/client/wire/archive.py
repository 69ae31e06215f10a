"""Streaming reader for the files of a zip archive.

Reads only the form that the server writes for small files: uncompressed content after a local header
with its name and size. The central directory at the end is skipped.

Rule: the caller says which names come in which order. No path is taken from the archive, and any other
content is an error.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

from cabinet.storage.chunks import Reader, iter_exactly, iter_stream

# The local file header: signature, version, flags, method, time, date, CRC, both sizes, both lengths.
_HEADER = struct.Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"
_STORED = 0
# Bytes.
_AHEAD = 64 << 10

# The supported flag bits: the name is UTF-8.
_UTF_8 = 1 << 11


class UnexpectedName(Exception):
    """The next file of an archive is not the requested one."""


class UnexpectedFormat(Exception):
    """The next file of an archive is longer than expected, damaged, or in an unsupported format."""


def iter_contents(stream: Reader[bytes], names: Sequence[str], most: int) -> Iterator[bytes]:
    """Yield the contents of the files `names`, none longer than `most` bytes.

    Raises `UnexpectedName`, `UnexpectedFormat`, and `TruncatedBody` if the archive ends too early.
    """
    buffered = _Buffered(stream)
    for name in names:
        yield _read(buffered, name, most)
    for _ in iter_stream(buffered):
        pass  # read to the end, so that the connection can be reused


class _Buffered:
    """Reads ahead, because a short read of a response costs as much as a long one."""

    def __init__(self, stream: Reader[bytes]) -> None:
        self._stream = stream
        self._chunk = b""
        self._at = 0

    def read(self, size: int, /) -> bytes:
        if self._at == len(self._chunk):
            self._chunk, self._at = self._stream.read(_AHEAD) or b"", 0
        piece = self._chunk[self._at : self._at + size]
        self._at += len(piece)
        return piece


def _read(stream: Reader[bytes], name: str, most: int) -> bytes:
    header = _HEADER.unpack(_take(stream, _HEADER.size))
    signature, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = header
    if signature != _SIGNATURE:
        raise UnexpectedName
    found = _take(stream, name_length)
    _take(stream, extra_length)
    if found != name.encode():
        raise UnexpectedName
    if method != _STORED or flags & ~_UTF_8 or packed != size or size > most:
        raise UnexpectedFormat
    content = _take(stream, size)
    if zlib.crc32(content) != checksum:
        raise UnexpectedFormat
    return content


def _take(stream: Reader[bytes], size: int) -> bytes:
    return b"".join(iter_exactly(stream, size))
