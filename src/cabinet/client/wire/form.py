"""Several files as one multipart form (RFC 7578), small enough to be held in memory.

Rule: a name never becomes a header: paths go as the content of a field.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_FIELD = b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
_FILE = b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="-"\r\n%b\r\n%b\r\n'


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form: where it goes, what its part says besides, and its content."""

    path: str
    headers: Mapping[str, str]
    content: bytes


def encode(files: Iterable[FormFile], path_field: str, file_field: str) -> tuple[str, bytes]:
    """Return the content type and the body: for each file a field with its path, then itself."""
    # 128 random bits: no content holds them by chance, and none can be made to.
    boundary = secrets.token_hex(16).encode()
    pieces = []
    for file in files:
        pieces.append(_FIELD % (boundary, path_field.encode(), file.path.encode()))
        headers = "".join(f"{name}: {value}\r\n" for name, value in file.headers.items())
        pieces.append(_FILE % (boundary, file_field.encode(), headers.encode("ascii"), file.content))
    pieces.append(b"--%b--\r\n" % boundary)
    return f"multipart/form-data; boundary={boundary.decode()}", b"".join(pieces)
