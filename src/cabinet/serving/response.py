"""gunicorn's response, in one write where the body is small: the headers together with the first bytes.

Two writes would wake the client twice, and preparing `sendfile` takes longer than reading a small file.

Rule: headers and framing stay gunicorn's; only the number of writes differs.
"""

from __future__ import annotations

from typing import Any

from gunicorn import util
from gunicorn.http import wsgi

# Bytes; files of at most this size are read and sent together with the headers.
_SMALL_FILE = 64 << 10


class Response(wsgi.Response):  # type: ignore[misc]  # gunicorn carries no types
    """A response whose headers wait for the first bytes of the body, or for its end."""

    headers_sent: bool

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._head = b""

    def send_headers(self) -> None:
        """Prepare the headers, which are sent with the bytes that follow."""
        if not self.headers_sent:
            fields = (f"{name}: {value}\r\n" for name, value in self.headers)
            self._head = "".join((*self.default_headers(), *fields, "\r\n")).encode("latin-1")
            self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        framed = b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data
        self._send(framed)

    def _send(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head or data:
            util.write(self.sock, head + data if head else data)

    def sendfile(self, respiter: Any) -> bool:
        """Send a large file by `sendfile` if possible; return whether it was, else the file is read."""
        length = self.response_length
        if length is not None and length <= _SMALL_FILE:
            return False
        self.send_headers()
        self._send(b"")
        return bool(super().sendfile(respiter))

    def close(self) -> None:
        """Send the headers of a response without a body, and the end of a chunked one."""
        self.send_headers()
        self._send(b"")
        super().close()
