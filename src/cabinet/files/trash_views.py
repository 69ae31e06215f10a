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
from cabinet.files.selection_forms import BatchChoice, FolderChoice, TrashChoice, TrashReturn
from cabinet.files.trash_pages import show_trash
from cabinet.models import Batch, BatchKind
from cabinet.services.changes.trash import Trashed
from cabinet.services.tree import entries
from cabinet.web.identity import acting_user
from cabinet.web.pages import to_rfc3339
from cabinet.web.parameters import (
    MAX_PATHS,
    PATHS_BYTES,
    after_of,
    limit_of,
    read_json,
    read_one_of,
    to_conflict,
)
from cabinet.web.places import place_at, remove_paths, restore_ids, undo, where_begun
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import takes_body_of
from cabinet.web.serializers import done_json, to_json
from cabinet.web.services import bulk, trash


class Restoring(BaseModel):
    """The body of `POST /trash/<id>/restore`, which may be left out."""

    on_conflict: str = entries.Conflict.FAIL


class Deletion(BaseModel):
    """The body of `POST /trash` that names its items."""

    paths: list[str] = Field(min_length=1, max_length=MAX_PATHS)


class Choice(BaseModel):
    """The body of `POST /trash/purge` that names its items."""

    ids: list[str] = Field(min_length=1, max_length=MAX_PATHS)


class Return(Choice):
    """The body of `POST /trash/restore` that names its items."""

    on_conflict: str = entries.Conflict.FAIL


@bp.get("/trash")
def list_trash() -> ResponseReturnValue:
    """List the items in the trash, newest first."""
    user = acting_user()
    if wants_page():
        return show_trash(user.scope)
    page = trash(user.scope).list_page(limit_of(), after_of())
    return {"entries": [_trashed_json(each) for each in page.entries], "next": page.next}


@bp.get("/trash/count")
def count_trash() -> ResponseReturnValue:
    """Return the number of items in the trash."""
    return {"count": trash(acting_user().scope).count()}


@bp.post("/trash")
@takes_body_of(PATHS_BYTES)
def add_to_trash() -> ResponseReturnValue:
    """Move files and folders to the trash, all or none; or everything that a batch copied or restored."""
    acting_user()
    wanted = read_one_of(("paths", Deletion), ("folder", FolderChoice), ("batch", BatchChoice))
    if isinstance(wanted, FolderChoice):
        selection = wanted.selection()
        place = place_at(selection.folder)
        return done_json(bulk(place.scope).trash(replace(selection, folder=place.path)))
    if isinstance(wanted, BatchChoice):
        return {"count": undo(wanted.batch, {BatchKind.COPY, BatchKind.RESTORE})}
    removed = remove_paths(wanted.paths)
    # A shared folder that was left is in no trash.
    left = {"left": removed.left} if removed.left else {}
    return {"entries": [_trashed_json(each) for each in removed.trashed], **left}


@bp.post("/trash/restore")
@takes_body_of(PATHS_BYTES)
def restore_all() -> ResponseReturnValue:
    """Restore items, all or none; or everything that a batch deleted."""
    scope = acting_user().scope
    wanted = read_one_of(("ids", Return), ("all", TrashReturn), ("batch", BatchChoice))
    if isinstance(wanted, BatchChoice):
        return {"count": undo(wanted.batch, {BatchKind.TRASH})}
    on_conflict = to_conflict(wanted.on_conflict)
    if isinstance(wanted, TrashReturn):
        return done_json(bulk(scope).restore(wanted.selection(), on_conflict))
    return {"entries": [to_json(entry) for entry in restore_ids(wanted.ids, on_conflict)]}


@bp.post("/trash/purge")
@takes_body_of(PATHS_BYTES)
def purge_all() -> ResponseReturnValue:
    """Permanently delete items in the trash, all or none; or everything that a batch deleted."""
    scope = acting_user().scope
    wanted = read_one_of(("ids", Choice), ("all", TrashChoice), ("batch", BatchChoice))
    if isinstance(wanted, BatchChoice):
        batch_id = wanted.batch
        return done_json(where_begun(Batch, batch_id, lambda place: bulk(place.scope).purge_batch(batch_id)))
    if isinstance(wanted, TrashChoice):
        return done_json(bulk(scope).purge(wanted.selection()))
    trash(scope).purge_all(wanted.ids)
    return "", HTTPStatus.NO_CONTENT


@bp.post("/trash/<trash_id>/restore")
def restore(trash_id: str) -> ResponseReturnValue:
    """Restore one item."""
    acting_user()
    wanted = read_json(Restoring) if request.get_data() else Restoring()
    (back,) = restore_ids([trash_id], to_conflict(wanted.on_conflict))
    return to_json(back)


@bp.delete("/trash/<trash_id>")
def purge(trash_id: str) -> ResponseReturnValue:
    """Permanently delete one item in the trash."""
    trash(acting_user().scope).purge(trash_id)
    return "", HTTPStatus.NO_CONTENT


@bp.delete("/trash")
def empty_trash() -> ResponseReturnValue:
    """Permanently delete everything in the trash."""
    trash(acting_user().scope).empty()
    return "", HTTPStatus.NO_CONTENT


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
