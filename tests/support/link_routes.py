"""What each route below a link needs of the link's rights, with a request for each.

Rule: a test walks all routes, so that a new one must be added here, or to those that links do not have.
"""

from __future__ import annotations

from cabinet.services.access.rights import CHANGE, Rights
from tests.support.route_rights import ANYTHING, SHOWN, RequiredRights

NONE, LIST, READ, WRITE = Rights.NONE, Rights.LIST, Rights.READ, Rights.WRITE
BELOW = "/s/<token>"

# Routes of links only.
OWN: dict[tuple[str, str], RequiredRights] = {
    ("GET", ""): RequiredRights(NONE, ""),
    ("GET", "/download"): RequiredRights(READ, "/download"),
    ("GET", "/unlock"): RequiredRights(NONE, "/unlock"),
    ("POST", "/unlock"): RequiredRights(NONE, "/unlock", form={"password": "x"}),
    ("GET", "/qr.svg"): RequiredRights(NONE, "/qr.svg"),
    ("GET", "/me"): RequiredRights(NONE, "/me"),
    ("POST", "/rows"): RequiredRights(LIST, "/rows", SHOWN),
}

# Routes of an account that guests have as well, and the rights that each needs there.
SHARED: dict[tuple[str, str], Rights] = {
    ("GET", "/files"): LIST,
    ("GET", "/files/"): LIST,
    ("POST", "/lookup"): LIST,
    ("GET", "/search"): LIST,
    ("GET", "/files/<path:path>"): LIST | READ,
    ("GET", "/download/<path:path>"): LIST | READ,
    ("GET", "/thumbnails/<path:path>"): LIST | READ,
    ("GET", "/zip"): READ,
    ("POST", "/zip"): READ,
    ("POST", "/search/rows"): LIST,
    ("GET", "/index/arrange"): LIST,
    ("POST", "/index/arrange"): LIST,
    ("POST", "/upload"): WRITE,
    ("PUT", "/files/<path:path>"): WRITE,
    # The answer tells whether there was one.
    ("POST", "/folders"): WRITE | LIST,
    ("POST", "/index/folders"): WRITE | LIST,
    ("POST", "/uploads"): WRITE,
    ("PATCH", "/uploads/<path:upload_id>"): WRITE,
    ("POST", "/uploads/<path:upload_id>"): WRITE,
    ("DELETE", "/uploads/<path:upload_id>"): WRITE,
    ("GET", "/uploads/<path:upload_id>"): WRITE,
    ("POST", "/copies"): READ | WRITE,
    ("POST", "/index/copy"): READ | WRITE,
    ("DELETE", "/files/<path:path>"): CHANGE,
    ("POST", "/moves"): CHANGE,
    ("POST", "/trash"): CHANGE,
    ("POST", "/index/rename"): CHANGE,
    ("POST", "/index/move"): CHANGE,
    ("POST", "/index/delete"): CHANGE,
}

# Routes of the account's files that a link has not: undoing, versions, and the trash as a place.
OUTSIDE: set[tuple[str, str]] = {
    ("GET", "/index"), ("POST", "/index/rows"), ("GET", "/index/download"), ("GET", "/uploads"), ("POST", "/moves/undo"),
    ("GET", "/versions/<path:path>"), ("POST", "/versions/<path:path>/<int:number>/restore"),
    ("DELETE", "/versions/<path:path>/<int:number>"),
    ("POST", "/index/versions/restore"), ("POST", "/index/versions/discard"),
    ("GET", "/trash"), ("POST", "/trash/rows"), ("GET", "/trash/count"), ("DELETE", "/trash"),
    ("POST", "/trash/restore"), ("POST", "/trash/<trash_id>/restore"), ("DELETE", "/trash/<trash_id>"),
    ("POST", "/trash/purge"), ("POST", "/index/trash/restore"), ("POST", "/index/trash/purge"),
    ("GET", "/index/trash/empty"), ("POST", "/index/trash/empty"),
}  # fmt: skip


def request_for(route: tuple[str, str]) -> RequiredRights:
    """Return the request for a route below a link."""
    return OWN.get(route) or ANYTHING[route]
