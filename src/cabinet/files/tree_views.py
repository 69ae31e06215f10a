"""Create folders, move and copy.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from cabinet.files.blueprint import bp
from cabinet.files.selection_forms import BatchRequest, FolderRelocationRequest
from cabinet.models import BatchKind
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.crossing import Relocated
from cabinet.services.tree.entries import OnConflict
from cabinet.web.identity import acting
from cabinet.web.parameters import MAX_PATHS, PATHS_BYTES, read_json, read_one_of, to_on_conflict
from cabinet.web.places import ArrangeAll, arrange_all, copy_paths, move_paths, place_to_fill, undo
from cabinet.web.request_guards import takes_body_of
from cabinet.web.serializers import done_json, to_json, to_json_all
from cabinet.web.services import files


class NewFolderRequest(BaseModel):
    """The body of `POST /folders`."""

    path: str


class RelocationRequest(BaseModel):
    """The body of `POST /moves` and `POST /copies` that names its items."""

    sources: list[str] = Field(alias="from", min_length=1, max_length=MAX_PATHS)
    to: str
    on_conflict: str = OnConflict.FAIL


@bp.post("/folders")
def make_folder() -> ResponseReturnValue:
    """Create a folder and its missing parents."""
    place = place_to_fill(read_json(NewFolderRequest).path)
    body = to_json(place.to_actor_entry(files(place.scope).make_folder(place.path)))
    response = jsonify(body)
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = body["url"]
    return response


@bp.post("/moves")
@takes_body_of(PATHS_BYTES)
def move() -> ResponseReturnValue:
    """Move files and folders, all or none."""
    return _arrange(move_paths, Bulk.move)


@bp.post("/copies")
@takes_body_of(PATHS_BYTES)
def copy() -> ResponseReturnValue:
    """Copy files and folders, all or none."""
    return _arrange(copy_paths, Bulk.copy)


@bp.post("/moves/undo")
def undo_move() -> ResponseReturnValue:
    """Undo a move: move everything back, and restore what it replaced."""
    return {"count": undo(read_json(BatchRequest).batch, {BatchKind.MOVE})}


def _arrange(
    arrange: Callable[[Sequence[str], str, OnConflict], Relocated],
    all_by: ArrangeAll,
) -> ResponseReturnValue:
    acting()
    wanted = read_one_of(("from", RelocationRequest), ("folder", FolderRelocationRequest))
    on_conflict = to_on_conflict(wanted.on_conflict)
    if isinstance(wanted, FolderRelocationRequest):
        return done_json(arrange_all(all_by, wanted.selection(), wanted.to, on_conflict))
    done = arrange(wanted.sources, wanted.to, on_conflict)
    undoable = {} if done.batch_id is None else {"batch": done.batch_id}
    return {"entries": to_json_all(done.entries), **undoable}
