"""Raw HTTP responses to connections that get no thread, with the application's problem documents.

Rule: each response is complete, fits into an empty send buffer, and closes the connection.
"""

from __future__ import annotations

import json
from email.utils import formatdate
from http import HTTPStatus

from cabinet.errors import CabinetError, RequestTimeout, Unavailable

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def timeout() -> bytes:
    """Return the response to a request that arrives too slowly."""
    return _response(HTTPStatus.REQUEST_TIMEOUT, RequestTimeout())


def busy() -> bytes:
    """Return the response to a request for which the server has no capacity."""
    error = Unavailable()
    return _response(HTTPStatus.SERVICE_UNAVAILABLE, error, f"Retry-After: {error.retry_after}\r\n")


def head_too_large() -> bytes:
    """Return the response to request headers that are too large."""
    return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, None)


def _response(status: HTTPStatus, error: CabinetError | None, fields: str = "") -> bytes:
    slug = error.slug if error else status.phrase.lower().replace(" ", "-")
    document = {
        "type": f"/problems/{slug}",
        "title": error.title if error else status.phrase,
        "status": int(status),
        "detail": str(error or CabinetError.message),
    }
    body = json.dumps(document).encode() + b"\n"
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nDate: {formatdate(usegmt=True)}\r\n"
        f"Connection: close\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{fields}\r\n"
    )
    return head.encode() + body
