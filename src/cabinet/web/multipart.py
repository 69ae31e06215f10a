"""Turn a multipart body into events with Werkzeug's decoder, working around its faults and its cost.

The decoder handles two splits of the input wrongly. If its input ends after the boundary and the first of the
two hyphens that end a form, it counts the line break before the boundary as content. And in a part without
content it takes the line break of the next boundary for the one before the content, unless it has that whole
boundary: then the next part ends up in this one. It also copies and searches each byte several times, which
for a large file costs as much as hashing it. And it removes backslashes from a filename, and rejects a form
with one that is not UTF-8; so the parameters are parsed here.

Rule: the decoder never gets input that ends within two bytes after a boundary, nor begins a content before it
can know whether that is empty; content without a boundary bypasses it. A name is returned as the client sent
it; it is validated elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.sansio.multipart import Data, Epilogue, Event, MultipartDecoder, NeedData, State

from cabinet.storage.chunks import Chunk

# The size of the decoder's input: it searches and moves its buffer for every piece.
SLICE_SIZE = 64 * 1024
# The size of a copy that is searched for a boundary: small enough to stay in the processor's cache.
SEARCHED_SIZE = 32 * 1024
# The decoder's buffer: one slice, the rest of the previous one, and the headers of a part.
DECODER_BYTES = 4 * SLICE_SIZE

# Stands for an empty chunk inside a content: no bytes have arrived for a while.
PAUSE = Data(b"", more_data=True)

_DISPOSITION = "content-disposition"
_FOLDED = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
# One parameter: its name and its value, which is quoted, quoted without a valid end, or bare.
_PARAMETER = re.compile(
    r';[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"[ \t]*(?=;|$)|"(.*)|([^;]*))', re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\])')
# How browsers encode three characters in quotes (the HTML standard, "multipart/form-data encoding
# algorithm"), and curl since 7.81. Older versions of curl, and Go, put a backslash before quotes and
# backslashes.
_PERCENT = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_ENCODED = re.compile("|".join(_PERCENT), re.IGNORECASE)
# From RFC 8187 (section 3.2.1) and its predecessor, RFC 5987.
_CHARSETS = {"utf-8", "iso-8859-1"}


def parameters_of(headers: Headers) -> Mapping[str, str]:
    """Return the parameters of a part's Content-Disposition, decoded as the client encoded them.

    The first of a repeated name counts, and an extended one (`name*`) takes precedence. Bytes that are not
    UTF-8 become surrogates, which names do not allow.
    """
    found: dict[str, str] = {}
    extended: dict[str, str] = {}
    for name, quoted, open_ended, bare in _PARAMETER.findall(headers.get(_DISPOSITION, "")):
        value = quoted or open_ended.rstrip().removesuffix('"') or bare.strip()
        if name.endswith("*"):
            extended.setdefault(name[:-1].lower(), _decoded(value))
        else:
            # Quotes without a valid end: the backslash before the last one was literal.
            text = _ESCAPED.sub(r"\1", value) if quoted else value
            found.setdefault(name.lower(), _ENCODED.sub(lambda encoded: _PERCENT[encoded[0].upper()], text))
    return found | extended


def _decoded(value: str) -> str:
    """Decode a `charset'language'bytes` value; in charsets other than the two, only ASCII is decoded."""
    charset, _, rest = value.partition("'")
    raw = unquote_to_bytes(rest.partition("'")[2].encode(errors="surrogateescape"))
    return raw.decode(charset if charset.lower() in _CHARSETS else "ascii", errors="surrogateescape")


class _Decoder(MultipartDecoder):
    """Accepts bytes in a Content-Disposition that are not UTF-8, as surrogates."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        headers = Headers()
        for line in filter(None, _FOLDED.sub(b" ", data).splitlines()):
            name, _, value = line.partition(b":")
            key = name.decode().strip(" \t")
            errors = "surrogateescape" if key.lower() == _DISPOSITION else "strict"
            headers.add(key, value.decode(errors=errors).strip(" \t"))
        return headers


class EventReader:
    """Turns the chunks of one body into events; raises what the decoder raises."""

    def __init__(self, boundary: bytes, max_parts: int) -> None:
        self._decoder = _Decoder(boundary, DECODER_BYTES, max_parts=max_parts)
        # A boundary is a line break, this mark, and two bytes that tell whether the form ends.
        self._mark = b"--" + boundary
        self._held = b""

    def read(self, chunks: Iterable[Chunk]) -> Iterator[Event]:
        """Yield every event except the last, the epilogue."""
        for chunk in chunks:
            if not chunk:
                if self._decoder.state is State.DATA:
                    yield PAUSE
                continue
            yield from self._iter_chunk(chunk)
        self._decoder.receive_data(self._held)
        self._decoder.receive_data(None)
        while not isinstance(event := self._decoder.next_event(), Epilogue):
            yield event

    def _iter_chunk(self, chunk: Chunk) -> Iterator[Event]:
        data = self._held + chunk if self._held else chunk
        self._held = b""
        if self._is_all_content(data):
            yield from self._iter_untouched(data)
        else:
            for start in range(0, len(data), SLICE_SIZE):
                yield from self._iter_decoded(data[start : start + SLICE_SIZE])

    def _is_all_content(self, data: Chunk) -> bool:
        """Return whether `data` continues the content of a part and cannot contain its end."""
        if self._decoder.state is not State.DATA or len(data) < SLICE_SIZE:
            return False
        seam = self._decoder.buffer + data[: len(self._mark)]
        return self._mark not in seam and not self._has_mark(data)

    def _has_mark(self, data: Chunk) -> bool:
        """Return whether `data` contains the mark; a view is searched in short copies, which are cached."""
        beyond = SEARCHED_SIZE + len(self._mark) - 1
        return any(
            self._mark in bytes(data[start : start + beyond]) for start in range(0, len(data), SEARCHED_SIZE)
        )

    def _iter_untouched(self, data: Chunk) -> Iterator[Event]:
        """Yield content without decoding, except for what may be a line break and the beginning of a mark."""
        certain = len(data) - len(self._mark) - 1
        yield Data(bytes(self._decoder.buffer), more_data=True)
        yield Data(data[:certain], more_data=True)  # type: ignore[arg-type]  # its readers take views
        self._decoder.buffer[:] = data[certain:]

    def _iter_decoded(self, piece: Chunk) -> Iterator[Event]:
        data = self._held + piece
        end = data.find(self._mark, max(0, len(data) - len(self._mark) - 1))
        data, self._held = (data[:end], data[end:]) if end >= 0 else (data, b"")
        self._decoder.receive_data(data)
        while self._can_go_on() and not isinstance(event := self._decoder.next_event(), NeedData):
            yield event

    def _can_go_on(self) -> bool:
        """Return whether it is known if the content that begins next is empty."""
        # The size of a boundary: a line break, the mark, and two bytes that tell whether the form ends.
        enough = len(self._mark) + 4
        return self._decoder.state is not State.DATA_START or len(self._decoder.buffer) >= enough
