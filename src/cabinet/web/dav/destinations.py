"""Resolve the addresses that requests name in headers to paths of the actor: `Destination`, and those of `If`.

They are whole URLs or paths, percent-encoded, with the path that a proxy serves the application below. Whether a proxy
passes http or https on does not matter.

Rule: what leads to another server, or outside of the face, has no path.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import unquote_to_bytes, urlsplit

from flask import request

from cabinet.errors import N_, InvalidName, MalformedRequest
from cabinet.services.tree.names import NOT_UNICODE
from cabinet.web.dav.answers import refuse
from cabinet.web.dav.face import Call, normal, prefix
from cabinet.web.request_guards import own_hosts

NO_DESTINATION = N_("the header Destination is missing.")


def destination_of(call: Call) -> str:
    """Return the path in the header `Destination`; refuses one of another server with 502."""
    address = request.headers.get("Destination")
    if not address:
        raise MalformedRequest(reason=NO_DESTINATION)
    path = path_of(call, address)
    if path is None:
        refuse(HTTPStatus.BAD_GATEWAY)
    return path


def path_of(call: Call, address: str) -> str | None:
    """Return the path of the actor that an address leads to, None if it is none of this face."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.netloc and parts.netloc.rpartition("@")[2] not in own_hosts():
        return None
    try:
        path = unquote_to_bytes(parts.path).decode()
    except UnicodeDecodeError as error:
        raise InvalidName(name=parts.path[:80], reason=NOT_UNICODE) from error
    path = f"/{normal(path)}"
    outer = prefix()
    if outer and not path.startswith(f"{outer}/"):
        return None
    path = path.removeprefix(outer)
    for base in (call.base, *call.face.bases()):
        if path == base or path.startswith(f"{base}/"):
            return path[len(base) :].strip("/")
    return None
