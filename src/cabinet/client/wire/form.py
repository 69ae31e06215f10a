"""Encoding of several small files as one multipart form (RFC 7578) in memory.

Rule: a name is never put into a header: paths are sent as the content of a field.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_FIELD = b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
_FILE = b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="-"\r\n%b\r\n%b\r\n'


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form: its path, the extra headers of its part, and its content."""

    path: str
    headers: Mapping[str, str]
    content: bytes


def encode(files: Iterable[FormFile], path_field: str, file_field: str) -> tuple[str, bytes]:
    """Return the content type and the body: for each file, a field with its path, then its content."""
    # 128 random bits: no content contains them by chance or on purpose.
    boundary = secrets.token_hex(16).encode()
    pieces = []
    for file in files:
        pieces.append(_FIELD % (boundary, path_field.encode(), file.path.encode()))
        headers = "".join(f"{name}: {value}\r\n" for name, value in file.headers.items())
        pieces.append(_FILE % (boundary, file_field.encode(), headers.encode("ascii"), file.content))
    pieces.append(b"--%b--\r\n" % boundary)
    return f"multipart/form-data; boundary={boundary.decode()}", b"".join(pieces)
