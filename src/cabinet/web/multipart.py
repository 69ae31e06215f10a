"""A multipart body as events: Werkzeug's decoder, fed so that it stays right and fast.

It is wrong about two cuts. Given a boundary and only the first of the two hyphens that end a form,
it counts the line break before them to the content. And of a part that is nothing but headers it
takes the line break of the next boundary for the one in front of its content, unless it has all of
that boundary: then the next part ends up in this one. Besides it copies and searches each byte
several times, which for a large file costs as much as hashing it. And it takes the backslash out of
a filename, and fails the form for one that is not UTF-8; so the parameters are read here.

Rule: the decoder never sees data that ends within two bytes behind a mark, nor begins a content
before it could know that it is empty; content that holds no mark goes round it. A name comes out as
its sender has it; whether it is one, others say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.sansio.multipart import Data, Epilogue, Event, MultipartDecoder, NeedData, State

# What the decoder is fed at a time: it searches and moves its buffer for every piece.
SLICE_SIZE = 64 * 1024
# The decoder's buffer: a slice, what the last one left, and the headers of a part.
DECODER_BYTES = 4 * SLICE_SIZE

# Stands for an empty chunk inside a content: nothing has come for a while.
PAUSE = Data(b"", more_data=True)

_DISPOSITION = "content-disposition"
_FOLDED = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
# One parameter: its name, and its value in quotes, in quotes that do not end where they should, or bare.
_PARAMETER = re.compile(
    r';[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"[ \t]*(?=;|$)|"(.*)|([^;]*))', re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\])')
# What browsers write in quotes for three characters (the HTML standard, "multipart/form-data encoding
# algorithm"), and curl since 7.81. An older curl, and Go, write a backslash before quotes and backslashes.
_PERCENT = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_ENCODED = re.compile("|".join(_PERCENT), re.IGNORECASE)
# Of RFC 8187 (section 3.2.1) and, before that, of RFC 5987.
_CHARSETS = {"utf-8", "iso-8859-1"}


def parameters_of(headers: Headers) -> Mapping[str, str]:
    """Return the parameters of a part's Content-Disposition, as their sender meant them.

    The first of a name counts, and before it the one with a star. Bytes that are not UTF-8 become
    surrogates, which no name has.
    """
    found: dict[str, str] = {}
    extended: dict[str, str] = {}
    for name, quoted, open_ended, bare in _PARAMETER.findall(headers.get(_DISPOSITION, "")):
        value = quoted or open_ended.rstrip().removesuffix('"') or bare.strip()
        if name.endswith("*"):
            extended.setdefault(name[:-1].lower(), _decoded(value))
        else:
            # Quotes that do not end: behind a backslash that was meant as one.
            text = _ESCAPED.sub(r"\1", value) if quoted else value
            found.setdefault(name.lower(), _ENCODED.sub(lambda encoded: _PERCENT[encoded[0].upper()], text))
    return found | extended


def _decoded(value: str) -> str:
    """Return what `charset'language'bytes` says; in another charset than the two only ASCII is known."""
    charset, _, rest = value.partition("'")
    raw = unquote_to_bytes(rest.partition("'")[2].encode(errors="surrogateescape"))
    return raw.decode(charset if charset.lower() in _CHARSETS else "ascii", errors="surrogateescape")


class _Decoder(MultipartDecoder):
    """Lets the bytes of a Content-Disposition pass that are not UTF-8, as surrogates."""

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
        # A boundary is a line break, this mark, and what tells whether the form ends.
        self._mark = b"--" + boundary
        self._held = b""

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Yield every event but the last, the epilogue."""
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

    def _iter_chunk(self, chunk: bytes) -> Iterator[Event]:
        data = self._held + chunk if self._held else chunk
        self._held = b""
        if self._is_all_content(data):
            yield from self._iter_untouched(data)
        else:
            for start in range(0, len(data), SLICE_SIZE):
                yield from self._iter_decoded(data[start : start + SLICE_SIZE])

    def _is_all_content(self, data: bytes) -> bool:
        """Tell whether `data` goes on inside a part and nothing in it can end that part."""
        if self._decoder.state is not State.DATA or len(data) < SLICE_SIZE:
            return False
        seam = self._decoder.buffer + data[: len(self._mark)]
        return self._mark not in seam and self._mark not in data

    def _iter_untouched(self, data: bytes) -> Iterator[Event]:
        """Pass content on, all but what may be a line break and the beginning of a mark."""
        certain = len(data) - len(self._mark) - 1
        yield Data(bytes(self._decoder.buffer), more_data=True)
        yield Data(data[:certain], more_data=True)
        self._decoder.buffer[:] = data[certain:]

    def _iter_decoded(self, piece: bytes) -> Iterator[Event]:
        data = self._held + piece
        end = data.find(self._mark, max(0, len(data) - len(self._mark) - 1))
        data, self._held = (data[:end], data[end:]) if end >= 0 else (data, b"")
        self._decoder.receive_data(data)
        while self._can_go_on() and not isinstance(event := self._decoder.next_event(), NeedData):
            yield event

    def _can_go_on(self) -> bool:
        """Tell whether a content that is about to begin shows by now whether it is empty."""
        # Of a boundary: a line break, the mark, and two bytes that tell whether the form ends.
        enough = len(self._mark) + 4
        return self._decoder.state is not State.DATA_START or len(self._decoder.buffer) >= enough
