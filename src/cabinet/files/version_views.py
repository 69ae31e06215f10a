"""The versions of a file for programs: list, restore, delete. Their content is in `content_views.py`.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask.typing import ResponseReturnValue

from cabinet.files.blueprint import bp
from cabinet.files.version_pages import show_versions
from cabinet.services.changes.versions import VersionEntry
from cabinet.web.pages import to_rfc3339
from cabinet.web.places import place_at
from cabinet.web.problems import wants_page
from cabinet.web.serializers import to_json
from cabinet.web.services import versions


@bp.get("/versions/<path:path>")
def list_versions(path: str) -> ResponseReturnValue:
    """List the versions of a file, newest first."""
    place = place_at(path)
    if wants_page():
        return show_versions(place)
    found = versions(place.scope).list(place.path)
    return {"path": path, "versions": [_version_json(version) for version in found]}


@bp.post("/versions/<path:path>/<int:number>/restore")
def restore_version(path: str, number: int) -> ResponseReturnValue:
    """Restore an old version of a file."""
    place = place_at(path)
    return to_json(place.to_actor_entry(versions(place.scope).restore(place.path, number)))


@bp.delete("/versions/<path:path>/<int:number>")
def discard_version(path: str, number: int) -> ResponseReturnValue:
    """Permanently delete an old version."""
    place = place_at(path)
    versions(place.scope).discard(place.path, number)
    return "", HTTPStatus.NO_CONTENT


def _version_json(version: VersionEntry) -> dict[str, Any]:
    return {
        "number": version.number,
        "size": version.size,
        "content_hash": version.content_hash,
        "created_at": to_rfc3339(version.created_at),
        "current": version.current,
    }
