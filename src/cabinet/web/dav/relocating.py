"""COPY and MOVE.

Rule: the result appears in one transaction, with what it replaces going to the trash in the same one.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request

from cabinet.errors import EntryExists, IntoItself, MalformedRequest, NotFound, PreconditionFailed
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.dav.resources import Resource
from cabinet.services.tree.entries import OnConflict
from cabinet.web.dav.answers import refuse
from cabinet.web.dav.changes import Touched, changing
from cabinet.web.dav.destinations import destination_of
from cabinet.web.dav.face import Call
from cabinet.web.dav.headers import BAD_HEADER
from cabinet.web.dav.system_files import refuse_system_file
from cabinet.web.dav.writing import answer_written
from cabinet.web.dav.xml_body import read_body
from cabinet.web.identity import acting_user
from cabinet.web.places import copy_paths, move_paths, place_to_fill, places_at
from cabinet.web.services import moving


def copy(call: Call) -> Response:
    """Copy a resource, with `Depth: 0` a folder without its members."""
    return _relocate(call, is_move=False)


def move(call: Call) -> Response:
    """Move a resource with all that is below it."""
    return _relocate(call, is_move=True)


def _relocate(call: Call, *, is_move: bool) -> Response:
    read_body()
    to, on_conflict = destination_of(call), _on_conflict()
    is_shallow = _is_shallow(is_move=is_move)
    if not call.path or not to or to == call.path:
        refuse(HTTPStatus.FORBIDDEN)
    refuse_system_file(to)
    _require(call.path, to, is_move=is_move)
    begin = Touched(call.path, must_exist=True, is_written=is_move, is_removed=is_move)
    end = Touched(to, is_source=False, is_removed=True)
    try:
        with changing(call, begin, end) as seen:
            source, there = seen.resources
            if there is not None and on_conflict is OnConflict.FAIL:
                raise PreconditionFailed
            _arrange(call.path, to, source, on_conflict, is_move=is_move, is_shallow=is_shallow)
    except EntryExists as error:
        raise PreconditionFailed from error
    except IntoItself:
        refuse(HTTPStatus.FORBIDDEN)
    return answer_written(call, to, is_new=there is None)


def _require(path: str, to: str, *, is_move: bool) -> None:
    """Raise `Forbidden` if the actor may not do this, whatever is there."""
    source, end = places_at([path, to])
    end.scope.require(Rights.WRITE)
    if is_move and source.is_mount:
        acting_user().scope.require(CHANGE)
    else:
        source.scope.require(CHANGE if is_move else Rights.READ)


def _arrange(
    path: str, to: str, source: Resource | None, on_conflict: OnConflict, *, is_move: bool, is_shallow: bool
) -> None:
    if source is None:  # refused before
        raise NotFound
    if is_move:
        move_paths([path], to, on_conflict, is_exact=True)
    elif is_shallow and source.is_folder:
        source.scope.require(Rights.READ)
        if path.startswith(f"{to}/"):
            raise IntoItself(path=to)
        place = place_to_fill(to)
        moving(place.scope).make_folder_at(place.path, on_conflict)
    else:
        copy_paths([path], to, on_conflict, is_exact=True)


def _on_conflict() -> OnConflict:
    overwrite = request.headers.get("Overwrite", "T").strip().upper()
    if overwrite not in {"T", "F"}:
        raise MalformedRequest(reason=BAD_HEADER)
    return OnConflict.REPLACE if overwrite == "T" else OnConflict.FAIL


def _is_shallow(*, is_move: bool) -> bool:
    depth = request.headers.get("Depth", "infinity").strip().lower()
    if depth not in {"0", "infinity"} or (is_move and depth == "0"):
        raise MalformedRequest(reason=BAD_HEADER)
    return depth == "0"
