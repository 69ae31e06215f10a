"""A corporate proxy: forwards http, and tunnels https.

Rule: it resolves only the names that the test gives it, so nothing leaves the machine.
"""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

_PIECE = 1 << 16

# Seconds without a byte after which a connection is given up.
_PATIENCE = 60


@dataclass(slots=True)
class ForwardProxy:
    """`asked` are the received request lines; `credentials` are required from clients, if given.

    `names` maps "name:port" to a port of 127.0.0.1.
    """

    names: dict[str, int] = field(default_factory=dict)
    credentials: str | None = None
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def forward_proxy(certificate: Path | None = None) -> Iterator[ForwardProxy]:
    """Run a proxy, itself behind TLS with a `certificate`."""
    proxy = ForwardProxy()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                _handle(proxy, self.connection)

    class Server(ThreadingTCPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            connection, address = super().get_request()
            if certificate is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                connection = context.wrap_socket(connection, server_side=True)
            return connection, address

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _handle(proxy: ForwardProxy, client: socket.socket) -> None:
    head = _read_head(client)
    if not head:
        return
    first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    proxy.asked.append(first)
    method, target, version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if proxy.credentials is not None:
        wanted = base64.b64encode(proxy.credentials.encode()).decode()
        if headers.get("proxy-authorization") != f"Basic {wanted}":
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
    is_tunnel = method == "CONNECT"
    parts = urlsplit(f"//{target}" if is_tunnel else target)
    port = proxy.names.get(f"{parts.hostname}:{parts.port or 80}")
    if port is None:
        client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return
    with socket.create_connection(("127.0.0.1", port)) as server:
        if is_tunnel:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            # One request a connection, so that every one is looked at.
            path = parts._replace(scheme="", netloc="").geturl()
            kept = [line for line in lines if not line.lower().startswith(("proxy-", "connection:"))]
            server.sendall(
                "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""]).encode(
                    "latin-1"
                )
            )
            server.sendall(head.partition(b"\r\n\r\n")[2])
        _pass(client, server)


def _read_head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = client.recv(_PIECE)
        if not piece:
            return b""
        head += piece
    return head


def _pass(client: socket.socket, server: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""
    others = {client: server, server: client}
    while True:
        ready = select.select([client, server], [], [], _PATIENCE)[0]
        if isinstance(client, ssl.SSLSocket) and client.pending():
            ready.append(client)
        for end in ready:
            piece = end.recv(_PIECE)
            if not piece:
                return
            others[end].sendall(piece)
        if not ready:
            return
