"""A request's body as chunks: raw or multipart, counted, never spooled twice.

A client that disappears looks to a WSGI application like one that has finished, so what arrived
is always held against what was announced. Large reads go straight to the server's stream, for
every layer between costs a copy of each byte.

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
from cabinet.storage.chunks import CHUNK_SIZE, iter_exactly, iter_limited, iter_stream
from cabinet.web.body_stream import body_of, peer_of
from cabinet.web.multipart import PAUSE, EventReader, parameters_of
from cabinet.web.request_body import RequestBody

# Of JSON and forms without files, unless the view is marked with another limit.
FORM_BYTES = 16 * 1024

# Files in one request, each with a text field before it, and the form's own fields.
MAX_FILES = 1000
MAX_PARTS = 2 * MAX_FILES + 16

CHUNKED = "chunked"

NOT_MULTIPART = N_("send multipart/form-data with a boundary.")
BAD_MULTIPART = N_("the multipart body is damaged or ends early.")
TOO_MANY_PARTS = N_("it has too many parts.")
BAD_LENGTH = N_("Content-Length is not a number.")


@dataclass(frozen=True, slots=True)
class Part:
    """The head of one part; `filename` is None for a text field."""

    name: str
    filename: str | None
    headers: Headers


def set_timeout(request: Request, seconds: float) -> None:
    """Give the connection up when no byte moves for so long, where the server lets us."""
    peer = peer_of(request)
    if peer is not None:
        with suppress(OSError):
            peer.settimeout(seconds)


def _framing(request: Request) -> str:
    return request.headers.get("Transfer-Encoding", "").strip().lower()


def length_of(request: Request) -> int | None:
    """Return the announced bytes of the body, None when it is chunked.

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


def hold_body(request: Request, limit: int) -> None:
    """Read the chunks of a form or of JSON now: Werkzeug would quietly cut what is beyond `limit` bytes.

    Raises `TooLarge` or `MalformedRequest`.
    """
    if _framing(request) == CHUNKED:
        chunks = iter_stream(request.environ["wsgi.input"], FORM_BYTES)
        request.environ["wsgi.input"] = BytesIO(b"".join(iter_limited(chunks, limit)))


def check_fields(request: Request) -> None:
    """Raise `MalformedRequest` for a form of more fields than any has, before it is taken apart.

    That takes a hundred times as long as to receive it, and fifty times the memory.
    """
    if (
        request.mimetype == "application/x-www-form-urlencoded"
        and request.get_data().count(b"&") >= MAX_PARTS
    ):
        raise MalformedRequest(reason=TOO_MANY_PARTS)


def iter_body(request: Request, size: int = CHUNK_SIZE) -> Iterator[bytes]:
    """Yield the body in chunks, all of it; raises as `length_of`, and `TruncatedBody`."""
    length = length_of(request)
    body = body_of(request)
    stream = request.environ["wsgi.input"] if body is None else _Pieces(body)
    return iter_stream(stream, size) if length is None else iter_exactly(stream, length, size)


class _Pieces:
    """A body that is read as it comes, and says so when nothing does."""

    def __init__(self, body: RequestBody) -> None:
        self.read = body.read_some


def iter_parts(request: Request) -> Iterator[tuple[Part, Iterator[bytes]]]:
    """Yield each part of a multipart body with its content, which is to be read before the next.

    Raises `MalformedRequest` or `TruncatedBody`, also when nothing but the end is missing.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary or not boundary.isascii():
        raise MalformedRequest(reason=NOT_MULTIPART)
    events = _iter_events(EventReader(boundary.encode(), MAX_PARTS), iter_body(request))
    for event in events:
        if isinstance(event, Field | File):
            told = parameters_of(event.headers)
            content = _iter_content(events)
            yield Part(told.get("name", ""), told.get("filename"), event.headers), content
            for _ in content:  # whatever the caller left of this part
                pass


def read_text(content: Iterator[bytes]) -> str:
    """Return the content of a text field; raises `TooLarge`.

    Bytes that are not UTF-8 become surrogates, which no name has.
    """
    text = bytearray()
    for chunk in content:
        text += chunk
        if len(text) > FORM_BYTES:
            raise TooLarge(limit=FORM_BYTES)
    return text.decode(errors="surrogateescape")


def _iter_events(reader: EventReader, chunks: Iterator[bytes]) -> Iterator[Event]:
    try:
        yield from reader.read(chunks)
    except RequestEntityTooLarge as error:
        raise MalformedRequest(reason=TOO_MANY_PARTS) from error
    except (ValueError, AttributeError) as error:  # AttributeError: no line break where one must be
        raise MalformedRequest(reason=BAD_MULTIPART) from error


def _iter_content(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if not isinstance(event, Data):
            raise MalformedRequest(reason=BAD_MULTIPART)
        if event.data or event is PAUSE:
            yield event.data
        if not event.more_data:
            return
