"""Multipart forms written by hand, where a client library would normalize them.

Rule: exactly what a test wrote is sent.
"""

from __future__ import annotations

from werkzeug.test import TestResponse

from tests.support.visitors import Program

BOUNDARY = "frontier"
END = b"--frontier--\r\n"


def part(name: str, content: bytes, filename: str | None = None, more: str = "") -> bytes:
    """Return one part; `more` is appended to its Content-Disposition, or has lines of its own.

    Surrogates in the head stand for single bytes.
    """
    tail = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{tail}{more}\r\n\r\n'
    return head.encode(errors="surrogateescape") + content + b"\r\n"


def file(filename: str, content: bytes = b"content", more: str = "") -> bytes:
    """Return the part of a file."""
    return part("file", content, filename, more)


def post(user: Program, *parts: bytes, query: str = "", end: bytes = END) -> TestResponse:
    """Post a form of these parts to /upload."""
    body = b"".join(parts) + end
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return user.request("POST", f"/upload{query}", data=body, content_type=kind)
