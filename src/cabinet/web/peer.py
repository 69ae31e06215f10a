"""Who is at the other end of a request.

Rule: as the server and the proxies that are trusted tell it, never as the client does.
"""

from __future__ import annotations

from flask import request


def peer_address() -> str:
    """Return the address that the request came from, behind as many proxies as are trusted."""
    return request.remote_addr or ""
