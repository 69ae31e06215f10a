"""The trash for programs: list, add, restore, delete. Its page is in `trash_pages.py`.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from cabinet.files.blueprint import bp
from cabinet.files.selection_forms import (
    BatchRequest,
    FolderSelectionRequest,
    TrashRestoreRequest,
    TrashSelectionRequest,
)
from cabinet.files.trash_pages import show_trash
from cabinet.models import Batch, BatchKind
from cabinet.services.changes.trash import Trashed
from cabinet.services.tree import entries
from cabinet.services.tree.mounts import Place
from cabinet.web.identity import acting
from cabinet.web.pages import to_rfc3339
from cabinet.web.parameters import (
    MAX_PATHS,
    PATHS_BYTES,
    after_of,
    limit_of,
    read_json,
    read_one_of,
    to_on_conflict,
)
from cabinet.web.places import (
    place_at,
    place_of_trash,
    purge_ids,
    remove_paths,
    restore_ids,
    undo,
    where_begun,
)
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import takes_body_of
from cabinet.web.serializers import done_json, to_json, to_json_all
from cabinet.web.services import bulk, trash


class RestoreOneRequest(BaseModel):
    """The body of `POST /trash/<id>/restore`, which may be left out."""

    on_conflict: str = entries.OnConflict.FAIL


class DeleteRequest(BaseModel):
    """The body of `POST /trash` that names its items."""

    paths: list[str] = Field(min_length=1, max_length=MAX_PATHS)


class TrashIdsRequest(BaseModel):
    """The body of `POST /trash/purge` that names its items."""

    ids: list[str] = Field(min_length=1, max_length=MAX_PATHS)


class RestoreRequest(TrashIdsRequest):
    """The body of `POST /trash/restore` that names its items."""

    on_conflict: str = entries.OnConflict.FAIL


@bp.get("/trash")
def list_trash() -> ResponseReturnValue:
    """List the items in the trash, newest first; with `path`, in that of a team space."""
    place = _place()
    if wants_page():
        return show_trash(place)
    page = trash(place.scope).list_page(limit_of(), after_of())
    return {"entries": [_trashed_json(each.seen_from(place)) for each in page.entries], "next": page.next}


@bp.get("/trash/count")
def count_trash() -> ResponseReturnValue:
    """Return the number of items in the trash."""
    return {"count": trash(_place().scope).count()}


@bp.post("/trash")
@takes_body_of(PATHS_BYTES)
def add_to_trash() -> ResponseReturnValue:
    """Move files and folders to the trash, all or none; or everything that a batch copied or restored."""
    acting()
    wanted = read_one_of(
        ("paths", DeleteRequest), ("folder", FolderSelectionRequest), ("batch", BatchRequest)
    )
    if isinstance(wanted, FolderSelectionRequest):
        selection = wanted.selection()
        place = place_at(selection.folder)
        return done_json(bulk(place.scope).trash(replace(selection, folder=place.path)))
    if isinstance(wanted, BatchRequest):
        return {"count": undo(wanted.batch, {BatchKind.COPY, BatchKind.RESTORE})}
    removed = remove_paths(wanted.paths)
    # A shared folder that was left is in no trash.
    left = {"left": removed.left} if removed.left else {}
    return {"entries": [_trashed_json(each) for each in removed.trashed], **left}


@bp.post("/trash/restore")
@takes_body_of(PATHS_BYTES)
def restore_all() -> ResponseReturnValue:
    """Restore items, all or none; or everything that a batch deleted."""
    acting()
    wanted = read_one_of(("ids", RestoreRequest), ("all", TrashRestoreRequest), ("batch", BatchRequest))
    if isinstance(wanted, BatchRequest):
        return {"count": undo(wanted.batch, {BatchKind.TRASH})}
    on_conflict = to_on_conflict(wanted.on_conflict)
    if isinstance(wanted, TrashRestoreRequest):
        return done_json(bulk(_place().scope).restore(wanted.selection(), on_conflict))
    return {"entries": to_json_all(restore_ids(wanted.ids, on_conflict))}


@bp.post("/trash/purge")
@takes_body_of(PATHS_BYTES)
def purge_all() -> ResponseReturnValue:
    """Permanently delete items in the trash, all or none; or everything that a batch deleted."""
    acting()
    wanted = read_one_of(("ids", TrashIdsRequest), ("all", TrashSelectionRequest), ("batch", BatchRequest))
    if isinstance(wanted, BatchRequest):
        batch_id = wanted.batch
        return done_json(where_begun(Batch, batch_id, lambda place: bulk(place.scope).purge_batch(batch_id)))
    if isinstance(wanted, TrashSelectionRequest):
        return done_json(bulk(_place().scope).purge(wanted.selection()))
    purge_ids(wanted.ids)
    return "", HTTPStatus.NO_CONTENT


@bp.post("/trash/<trash_id>/restore")
def restore(trash_id: str) -> ResponseReturnValue:
    """Restore one item."""
    acting()
    wanted = read_json(RestoreOneRequest) if request.get_data() else RestoreOneRequest()
    (back,) = restore_ids([trash_id], to_on_conflict(wanted.on_conflict))
    return to_json(back)


@bp.delete("/trash/<trash_id>")
def purge(trash_id: str) -> ResponseReturnValue:
    """Permanently delete one item in the trash."""
    purge_ids([trash_id])
    return "", HTTPStatus.NO_CONTENT


@bp.delete("/trash")
def empty_trash() -> ResponseReturnValue:
    """Permanently delete everything in the trash; with `path`, in that of a team space."""
    trash(_place().scope).empty()
    return "", HTTPStatus.NO_CONTENT


def _place() -> Place:
    """Return the place with the trash that the query is about."""
    return place_of_trash(request.args.get("path", ""))


def _trashed_json(trashed: Trashed) -> dict[str, Any]:
    entry = to_json(trashed.entry)
    del entry["path"], entry["url"]  # nothing exists at this path any more
    return {
        "id": trashed.id,
        "from": trashed.entry.path,
        "trashed_at": to_rfc3339(trashed.trashed_at),
        "expires_at": to_rfc3339(trashed.expires_at),
        **entry,
    }
