"""Read the body of a request in chunks: raw or multipart, counted, never spooled twice.

To a WSGI application, a client that disconnects looks like one that has finished, so the received size is
always compared with the announced one. Large reads go straight to the server's stream, because every layer in
between copies each byte.

Rule: content is never read through `request.data`, `request.form` or `request.files`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Event, Field, File

from cabinet.errors import N_, LengthRequired, MalformedRequest, TooLarge, UnsupportedEncoding
from cabinet.storage.chunks import CHUNK_SIZE, Chunk, iter_exactly, iter_limited, iter_stream
from cabinet.web.body_stream import body_of, peer_of
from cabinet.web.multipart import PAUSE, EventReader, parameters_of
from cabinet.web.request_body import RequestBody

# The limit for JSON and for forms without files, unless the view sets another one.
FORM_BYTES = 16 * 1024

# The most files in one request; each may follow a text field, and the form has fields of its own.
MAX_FILES = 1000
MAX_PARTS = 2 * MAX_FILES + 16

CHUNKED = "chunked"

NOT_MULTIPART = N_("send multipart/form-data with a boundary.")
BAD_MULTIPART = N_("the multipart body is damaged or ends early.")
TOO_MANY_PARTS = N_("it has too many parts.")
BAD_LENGTH = N_("Content-Length is not a number.")


@dataclass(frozen=True, slots=True)
class FormPart:
    """The headers of one part; `filename` is None for a text field."""

    name: str
    filename: str | None
    headers: Headers


def set_timeout(request: Request, seconds: float) -> None:
    """Close the connection after this many seconds without a byte, if the server supports it."""
    peer = peer_of(request)
    if peer is not None:
        with suppress(OSError):
            peer.settimeout(seconds)


def _framing(request: Request) -> str:
    return request.headers.get("Transfer-Encoding", "").strip().lower()


def length_of(request: Request) -> int | None:
    """Return the announced size of the body in bytes, None if it is chunked.

    Raises `LengthRequired`, `MalformedRequest`, or `UnsupportedEncoding` for a compressed body.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding != "identity":
        raise UnsupportedEncoding(encoding=coding[:40])
    framing = _framing(request)
    if framing == CHUNKED:
        return None
    if framing:
        raise UnsupportedEncoding(encoding=framing[:40])
    announced = request.headers.get("Content-Length")
    if announced is None:
        raise LengthRequired
    if not (announced.isascii() and announced.isdigit() and len(announced) < 20):
        raise MalformedRequest(reason=BAD_LENGTH)
    return int(announced)


def limit_body(request: Request, limit: int) -> None:
    """Read a form or JSON body into memory, because Werkzeug silently truncates at `limit` bytes.

    Raises `TooLarge` or `MalformedRequest`.
    """
    if _framing(request) == CHUNKED:
        chunks = iter_stream(request.environ["wsgi.input"], FORM_BYTES)
        request.environ["wsgi.input"] = BytesIO(b"".join(iter_limited(chunks, limit)))


def check_fields(request: Request) -> None:
    """Raise `MalformedRequest` before a form with too many fields is parsed.

    Parsing takes a hundred times as long as receiving, and fifty times the memory.
    """
    if (
        request.mimetype == "application/x-www-form-urlencoded"
        and request.get_data().count(b"&") >= MAX_PARTS
    ):
        raise MalformedRequest(reason=TOO_MANY_PARTS)


def iter_body(request: Request, size: int = CHUNK_SIZE) -> Iterator[Chunk]:
    """Yield the whole body in chunks; raises as `length_of`, and `TruncatedBody`."""
    length = length_of(request)
    body = body_of(request)
    stream = request.environ["wsgi.input"] if body is None else _Pieces(body)
    return iter_stream(stream, size) if length is None else iter_exactly(stream, length, size)


class _Pieces:
    """A body that is read as it arrives and reports when nothing does."""

    def __init__(self, body: RequestBody) -> None:
        self.read = body.read_some


def iter_parts(request: Request) -> Iterator[tuple[FormPart, Iterator[Chunk]]]:
    """Yield each part of a multipart body with its content, which must be read before the next part.

    Raises `MalformedRequest` or `TruncatedBody`, even if only the final boundary is missing.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary or not boundary.isascii():
        raise MalformedRequest(reason=NOT_MULTIPART)
    events = _iter_events(EventReader(boundary.encode(), MAX_PARTS), iter_body(request))
    for event in events:
        if isinstance(event, Field | File):
            parameters = parameters_of(event.headers)
            content = _iter_content(events)
            yield FormPart(parameters.get("name", ""), parameters.get("filename"), event.headers), content
            for _ in content:  # skip what the caller left unread of this part
                pass


def read_text(content: Iterator[Chunk]) -> str:
    """Return the content of a text field; raises `TooLarge`.

    Bytes that are not UTF-8 become surrogates, which names do not allow.
    """
    text = bytearray()
    for chunk in content:
        text += chunk
        if len(text) > FORM_BYTES:
            raise TooLarge(limit=FORM_BYTES)
    return text.decode(errors="surrogateescape")


def _iter_events(reader: EventReader, chunks: Iterator[Chunk]) -> Iterator[Event]:
    try:
        yield from reader.read(chunks)
    except RequestEntityTooLarge as error:
        raise MalformedRequest(reason=TOO_MANY_PARTS) from error
    except (ValueError, AttributeError) as error:  # AttributeError: a required line break is missing
        raise MalformedRequest(reason=BAD_MULTIPART) from error


def _iter_content(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if not isinstance(event, Data):
            raise MalformedRequest(reason=BAD_MULTIPART)
        if event.data or event is PAUSE:
            yield event.data
        if not event.more_data:
            return
