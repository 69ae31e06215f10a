"""Return the network address of a request.

Rule: from the server and the trusted proxies, never from the client.
"""

from __future__ import annotations

from flask import request


def peer_address() -> str:
    """Return the address that the request came from, behind the trusted number of proxies."""
    return request.remote_addr or ""
