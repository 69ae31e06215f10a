"""Where a request ends: what its head says of its body, and decoders of the two framings.

A head is looked at before gunicorn parses it, to know what to wait for. Whether it is right is for
gunicorn to say: a head that is odd in any way has nothing to wait for.

Rule: no I/O and no clock; bytes in, content out. A decoder takes nothing that RFC 9112 forbids, for
whoever is in front must not read another message than we do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

# Bytes of a line between chunks, as gunicorn has it, and of all fields behind the last one.
_LINE_BYTES = 8190
_TRAILER_BYTES = 32 << 10

# What is read at a time where the end is not known: a chunk may be followed by others.
_AHEAD = 64 << 10

_END = b"\r\n\r\n"
_BARE_LF = re.compile(rb"(?<!\r)\n")
_FIELD = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect|x-forwarded-for):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)",
    re.IGNORECASE,
)
# Sixteen hexadecimal digits are more than any disk has bytes; extensions say nothing to us.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#-'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class BadFraming(Exception):
    """What came is no body of this framing."""


class Framing(Protocol):
    """A decoder of one body."""

    # What came behind the end of the body.
    rest: bytes

    @property
    def is_over(self) -> bool:
        """Tell whether all of it has come."""

    def wanted(self, size: int) -> int:
        """Return how many bytes may be read next, if the caller has room for `size` of content."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the content in them; raises `BadFraming`."""


class Counted:
    """A body of so many bytes (Content-Length)."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.rest = b""

    @property
    def is_over(self) -> bool:
        """Tell whether all of it has come."""
        return self._left == 0

    def wanted(self, size: int) -> int:
        return min(size, self._left)

    def feed(self, data: bytes) -> list[bytes]:
        piece = data[: self._left]
        self._left -= len(piece)
        self.rest += data[len(piece) :]
        return [piece] if piece else []


class Chunked:
    """A body in chunks (Transfer-Encoding); what its trailer fields say is dropped."""

    def __init__(self) -> None:
        self.is_over = False
        self.rest = b""
        self._left = 0  # of the chunk that is being read
        self._line = b""  # as far as it has come
        self._take_line = self._take_size
        self._trailer = 0

    def wanted(self, size: int) -> int:
        return min(size, max(self._left, _AHEAD))

    def feed(self, data: bytes) -> list[bytes]:
        """Return the content in `data`; what lies behind the end of the body goes to `rest`."""
        pieces: list[bytes] = []
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
            end = data.find(b"\n", start) + 1
            self._line += data[start : end or None]
            start = end or len(data)
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
    """What a whole head says: its own size in bytes, what is asked for, and of the body.

    `length` is None where the head has none, or none that can be believed.
    """

    size: int
    method: str
    target: str
    length: int | None = None
    is_chunked: bool = False
    expects_continue: bool = False
    forwarded_for: tuple[str, ...] = ()


def is_broken(data: bytes | bytearray, searched: int = 0) -> bool:
    """Tell whether a head has a line feed without its return, behind byte `searched`: it never ends."""
    return _BARE_LF.search(data, searched) is not None


def end_of_head(data: bytes | bytearray, searched: int = 0) -> int | None:
    """Return the size of the head that `data` begins with, None while its end has not come.

    Bytes before `searched` were looked at before.
    """
    end = data.find(_END, max(0, searched - len(_END) + 1))
    return None if end < 0 else end + len(_END)


def read_head(data: bytes) -> Head:
    """Return what a whole head, with the empty line that ends it, says."""
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
