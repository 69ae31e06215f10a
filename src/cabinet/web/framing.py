"""Find where a request ends: parse its head, and decode the two framings of a body.

A head is read before gunicorn parses it, to know how much to wait for. Gunicorn validates it: for a head that
is unusual in any way, nothing is waited for.

Rule: no I/O and no clock; bytes in, content out. A decoder accepts nothing that RFC 9112 forbids, so that a
proxy in front and this server always read the same message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from cabinet.storage.chunks import Chunk

# The most bytes of a chunk-size line, as in gunicorn, and of all trailer fields.
_LINE_BYTES = 8190
_TRAILER_BYTES = 32 << 10
# The bytes in which the end of a line is searched at a time; nearly all lines are shorter.
_LINE_PIECE = 64

# The size of a read while the end is unknown: another chunk may follow.
_AHEAD = 64 << 10

_END = b"\r\n\r\n"
_BARE_LF = re.compile(rb"(?<!\r)\n")
_FIELD = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect|x-forwarded-for):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)",
    re.IGNORECASE,
)
# Sixteen hexadecimal digits exceed the size of any disk; chunk extensions are ignored.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#-'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class BadFraming(Exception):
    """The bytes received are not a valid body in this framing."""


class Framing(Protocol):
    """A decoder of one body."""

    # The bytes received after the end of the body.
    rest: bytes

    @property
    def is_over(self) -> bool:
        """Return whether the whole body has arrived."""

    def wanted(self, size: int) -> int:
        """Return how many bytes may be read next, if the caller has room for `size` bytes of content."""

    def feed(self, data: Chunk) -> list[Chunk]:
        """Consume the next bytes and return the content in them; raises `BadFraming`."""


class Counted:
    """A body of known length (Content-Length)."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.rest = b""

    @property
    def is_over(self) -> bool:
        """Return whether the whole body has arrived."""
        return self._left == 0

    def wanted(self, size: int) -> int:
        return min(size, self._left)

    def feed(self, data: Chunk) -> list[Chunk]:
        piece = data[: self._left]
        self._left -= len(piece)
        self.rest += data[len(piece) :]
        return [piece] if piece else []


class Chunked:
    """A chunked body (Transfer-Encoding); trailer fields are dropped."""

    def __init__(self) -> None:
        self.is_over = False
        self.rest = b""
        self._left = 0  # the declared size of the current chunk
        self._line = b""  # the line or content received so far
        self._take_line = self._take_size
        self._trailer = 0

    def wanted(self, size: int) -> int:
        return min(size, max(self._left, _AHEAD))

    def feed(self, data: Chunk) -> list[Chunk]:
        """Return the content in `data`; bytes after the end of the body go to `rest`."""
        pieces: list[Chunk] = []
        start = 0
        while start < len(data):
            if self.is_over:
                self.rest += data[start:]
                break
            if self._left:
                piece = data[start : start + self._left]
                self._left -= len(piece)
                start += len(piece)
                pieces.append(piece)
                continue
            line, end, _ = bytes(data[start : start + _LINE_PIECE]).partition(b"\n")
            self._line += line + end
            start += len(line) + len(end)
            if len(self._line) > _LINE_BYTES:
                raise BadFraming
            if end:
                line, self._line = self._line, b""
                if line[-2:] != b"\r\n":
                    raise BadFraming
                self._take_line(line[:-2])
        return pieces

    def _take_size(self, line: bytes) -> None:
        found = _CHUNK_SIZE.fullmatch(line)
        if found is None:
            raise BadFraming
        self._left = int(found[1], 16)
        self._take_line = self._take_end_of_chunk if self._left else self._take_trailer

    def _take_end_of_chunk(self, line: bytes) -> None:
        if line:
            raise BadFraming
        self._take_line = self._take_size

    def _take_trailer(self, line: bytes) -> None:
        self._trailer += len(line)
        if not line:
            self.is_over = True
        elif self._trailer > _TRAILER_BYTES or not _TRAILER.fullmatch(line):
            raise BadFraming


@dataclass(frozen=True, slots=True)
class Head:
    """What a complete head says: its own size in bytes, the request target and the framing of the body.

    `length` is None if the head has no valid one.
    """

    size: int
    method: str
    target: str
    length: int | None = None
    is_chunked: bool = False
    expects_continue: bool = False
    forwarded_for: tuple[str, ...] = ()


def is_broken(data: bytes | bytearray, searched: int = 0) -> bool:
    """Return whether a head has a bare line feed after byte `searched`: gunicorn never finds its end."""
    return _BARE_LF.search(data, searched) is not None


def end_of_head(data: bytes | bytearray, searched: int = 0) -> int | None:
    """Return the size of the head at the beginning of `data`, None if it is incomplete.

    Bytes before `searched` were examined before.
    """
    end = data.find(_END, max(0, searched - len(_END) + 1))
    return None if end < 0 else end + len(_END)


def read_head(data: bytes) -> Head:
    """Parse a complete head, including the empty line that ends it."""
    line, _, _ = data.removeprefix(b"\r\n").partition(b"\r\n")
    method, _, rest = line.decode("latin-1").partition(" ")
    target, _, version = rest.partition(" ")
    fields: dict[bytes, list[bytes]] = {}
    for name, value in _FIELD.findall(data):
        fields.setdefault(name.lower(), []).append(value)
    is_1_1 = version == "HTTP/1.1"
    lengths, codings = fields.get(b"content-length", []), fields.get(b"transfer-encoding", [])
    forwarded = b",".join(fields.get(b"x-forwarded-for", [])).decode("latin-1")
    return Head(
        len(data),
        method,
        target,
        length=_length(lengths) if not codings else None,
        is_chunked=is_1_1 and not lengths and [coding.lower() for coding in codings] == [b"chunked"],
        expects_continue=is_1_1
        and [value.lower() for value in fields.get(b"expect", [])] == [b"100-continue"],
        forwarded_for=tuple(address.strip() for address in forwarded.split(",")) if forwarded else (),
    )


def _length(values: list[bytes]) -> int | None:
    if len(values) != 1 or not values[0].isdigit() or len(values[0]) > 19:
        return None
    return int(values[0])
