"""Making folders, moving and copying.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from cabinet.files import bp
from cabinet.services.entries import Conflict
from cabinet.web.context import acting_user, files, moving
from cabinet.web.guard import takes_body_of
from cabinet.web.objects import to_json
from cabinet.web.parameters import MAX_PATHS, PATHS_BYTES, read_json, to_conflict


class NewFolder(BaseModel):
    """The body of `POST /folders`."""

    path: str


class Arrangement(BaseModel):
    """The body of `POST /moves` and `POST /copies`."""

    sources: list[str] = Field(alias="from", min_length=1, max_length=MAX_PATHS)
    to: str
    on_conflict: str = Conflict.FAIL


@bp.post("/folders")
def make_folder() -> ResponseReturnValue:
    """Make a folder, with those above it."""
    body = to_json(files(acting_user().id).make_folder(read_json(NewFolder).path))
    response = jsonify(body)
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = body["url"]
    return response


@bp.post("/moves")
@takes_body_of(PATHS_BYTES)
def move() -> ResponseReturnValue:
    """Move files and folders, all of them or none."""
    service, wanted = moving(acting_user().id), read_json(Arrangement)
    moved = service.move(wanted.sources, wanted.to, to_conflict(wanted.on_conflict))
    return {"entries": [to_json(entry) for entry in moved]}


@bp.post("/copies")
@takes_body_of(PATHS_BYTES)
def copy() -> ResponseReturnValue:
    """Copy files and folders, all of them or none."""
    service, wanted = moving(acting_user().id), read_json(Arrangement)
    copied = service.copy(wanted.sources, wanted.to, to_conflict(wanted.on_conflict))
    return {"entries": [to_json(entry) for entry in copied]}
