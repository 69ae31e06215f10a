"""The connection pool of one server, direct or through a proxy.

Rule: one pool per origin; a proxy does not change which certificates are trusted.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import InsecureRequestWarning, ProxyError

from cabinet.client.failures import TlsFailed
from cabinet.client.proxies import Proxy
from cabinet.client.settings import Server
from cabinet.client.wire.cancellation import Cancellation
from cabinet.storage.chunks import CHUNK_SIZE

# Connections in the pool: at least as many as threads.
POOL_SIZE = 40

# The message of http.client if a proxy refuses a tunnel; it has no error class or code for it.
_NO_TUNNEL = "Tunnel connection failed"


@dataclass(frozen=True, slots=True)
class Tls:
    """How to verify the certificate of an https server; `ca_cert` is a file of authorities."""

    ca_cert: str | None = None
    insecure: bool = False


def pool_to(
    server: Server, tls: Tls, proxy: Proxy | None, cancellation: Cancellation
) -> urllib3.HTTPConnectionPool:
    """Return the connection pool of a server; `cancellation` ends its waits."""
    options: dict[str, Any] = {"blocksize": CHUNK_SIZE, "maxsize": POOL_SIZE}
    if server.origin.startswith("https://"):
        options["ca_certs"] = tls.ca_cert
        if tls.insecure:
            # filecli prints its own warning, once per command and not once per request.
            urllib3.disable_warnings(InsecureRequestWarning)
            options["cert_reqs"] = "CERT_NONE"
    if proxy is None:
        pool = urllib3.connection_from_url(server.origin, **options)
    else:
        pool = _pool_by(proxy, server, tls, options)
    pool.ConnectionCls = _watched(pool.ConnectionCls, cancellation)
    return pool


def is_of_proxy(error: Exception) -> bool:
    """Return whether the proxy, and not the server, made a connection fail."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ProxyError) or (type(inner) is OSError and str(inner).startswith(_NO_TUNNEL)):
            return True
        inner = inner.__cause__ or inner.__context__
    return False


def _pool_by(proxy: Proxy, server: Server, tls: Tls, options: dict[str, Any]) -> urllib3.HTTPConnectionPool:
    headers = {} if proxy.authorization is None else {"Proxy-Authorization": proxy.authorization}
    context = None
    if proxy.address.startswith("https://"):
        try:
            context = ssl.create_default_context(cafile=tls.ca_cert)
        except OSError as error:
            raise TlsFailed(server=str(proxy), reason=str(error)) from error
    manager = urllib3.ProxyManager(proxy.address, proxy_headers=headers, proxy_ssl_context=context, **options)
    parts = urlsplit(server.origin)
    return manager.connection_from_host(parts.hostname, parts.port, parts.scheme)


def _watched(kind: Any, cancellation: Cancellation) -> Any:
    """Return a subclass of the connection class `kind` whose waits `cancellation` ends."""

    class Watched(kind):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            # TLS inside TLS to a proxy: the object wraps a socket.
            connected: Any = self.sock
            cancellation.watch(getattr(connected, "socket", connected))

    return Watched
