"""The trash: listed, put back, emptied.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from cabinet.files import bp
from cabinet.services.entries import Conflict
from cabinet.services.trash import Trashed
from cabinet.web.context import acting_user, trash
from cabinet.web.objects import to_json
from cabinet.web.pages import to_rfc3339
from cabinet.web.parameters import after_of, limit_of, read_json, to_conflict


class Restoring(BaseModel):
    """The body of `POST /trash/<id>/restore`, which may be left out."""

    on_conflict: str = Conflict.FAIL


@bp.get("/trash")
def list_trash() -> ResponseReturnValue:
    """List what was deleted, the newest first."""
    page = trash(acting_user().id).list_page(limit_of(), after_of())
    return {"entries": [_trashed_json(each) for each in page.entries], "next": page.next}


@bp.post("/trash/<trash_id>/restore")
def restore(trash_id: str) -> ResponseReturnValue:
    """Put something back where it was."""
    service = trash(acting_user().id)
    wanted = read_json(Restoring) if request.get_data() else Restoring()
    return to_json(service.restore(trash_id, to_conflict(wanted.on_conflict)))


@bp.delete("/trash/<trash_id>")
def purge(trash_id: str) -> ResponseReturnValue:
    """Remove something in the trash for ever."""
    trash(acting_user().id).purge(trash_id)
    return "", HTTPStatus.NO_CONTENT


@bp.delete("/trash")
def empty_trash() -> ResponseReturnValue:
    """Remove everything in the trash for ever."""
    trash(acting_user().id).empty()
    return "", HTTPStatus.NO_CONTENT


def _trashed_json(trashed: Trashed) -> dict[str, Any]:
    entry = to_json(trashed.entry)
    del entry["path"], entry["url"]  # nothing is there any more
    return {
        "id": trashed.id,
        "from": trashed.entry.path,
        "trashed_at": to_rfc3339(trashed.trashed_at),
        "expires_at": to_rfc3339(trashed.expires_at),
        **entry,
    }
