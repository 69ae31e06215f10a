"""The kept connections to one server, direct or by a proxy.

Rule: one pool for one origin; a proxy changes nothing about whose certificate is believed.
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

# Kept connections: as many as there may be threads.
POOL_SIZE = 40

# What http.client says where a proxy does not connect; it has no class or number for that.
_NO_TUNNEL = "Tunnel connection failed"


@dataclass(frozen=True, slots=True)
class Tls:
    """How the certificate of an https server is checked; `ca_cert` is a file of authorities."""

    ca_cert: str | None = None
    insecure: bool = False


def pool_to(
    server: Server, tls: Tls, proxy: Proxy | None, cancellation: Cancellation
) -> urllib3.HTTPConnectionPool:
    """Return the connections to a server, the waits of which `stop` ends."""
    options: dict[str, Any] = {"blocksize": CHUNK_SIZE, "maxsize": POOL_SIZE}
    if server.origin.startswith("https://"):
        options["ca_certs"] = tls.ca_cert
        if tls.insecure:
            # filecli warns in its own words, once a command and not once a request.
            urllib3.disable_warnings(InsecureRequestWarning)
            options["cert_reqs"] = "CERT_NONE"
    if proxy is None:
        pool = urllib3.connection_from_url(server.origin, **options)
    else:
        pool = _pool_by(proxy, server, tls, options)
    pool.ConnectionCls = _watched(pool.ConnectionCls, cancellation)
    return pool


def is_of_proxy(error: Exception) -> bool:
    """Tell whether a connection failed before the proxy, or by its word, and not at the server."""
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
    """Return a class of connections like `kind` whose waits `stop` ends."""

    class Watched(kind):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            # Encrypted within what is encrypted to a proxy, it is no socket but has one.
            connected: Any = self.sock
            cancellation.watch(getattr(connected, "socket", connected))

    return Watched
