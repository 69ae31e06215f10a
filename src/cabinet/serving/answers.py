"""What a connection is told that no thread ever had: the same problem documents that the application sends.

Rule: each is whole, short enough for an empty send buffer, and ends the connection.
"""

from __future__ import annotations

import json
from email.utils import formatdate
from http import HTTPStatus

from cabinet.errors import CabinetError, RequestTimeout, Unavailable

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def timeout() -> bytes:
    """Answer a sender that is too slow."""
    return _answer(HTTPStatus.REQUEST_TIMEOUT, RequestTimeout())


def busy() -> bytes:
    """Answer a sender for whose request there is no room just now."""
    error = Unavailable()
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, error, f"Retry-After: {error.retry_after}\r\n")


def head_too_large() -> bytes:
    """Answer a head that is longer than any that we could want."""
    return _answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, None)


def _answer(status: HTTPStatus, error: CabinetError | None, fields: str = "") -> bytes:
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
