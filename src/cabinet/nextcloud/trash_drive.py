"""The trash of the user's own files, as the apps list, restore and empty it.

Rule: a restored item gets another name where its own is taken, so that nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from flask import Response, request

from cabinet.errors import NotFound
from cabinet.nextcloud.collections import (
    Collection,
    Write,
    check_restored,
    collection,
    depth,
    multistatus,
    refuse_method,
)
from cabinet.nextcloud.drive_blueprint import FACE, FILES
from cabinet.services.changes.trash import Trashed
from cabinet.services.tree.entries import OCTETS, OnConflict
from cabinet.web.dav.changes import Touched, changing
from cabinet.web.dav.face import Call
from cabinet.web.dav.lookup import find
from cabinet.web.dav.properties import to_http_date
from cabinet.web.dav.xml_names import NEXTCLOUD, dav, owncloud, to_text
from cabinet.web.identity import acting_user
from cabinet.web.places import restore_ids
from cabinet.web.runtime import runtime
from cabinet.web.services import database, trash

_PAGE = 1000


def _size(item: Trashed) -> str:
    totals = item.entry.totals
    return str(item.entry.size or 0 if totals is None else totals.size)


def _nextcloud(local: str) -> str:
    return f"{{{NEXTCLOUD}}}{local}"


TABLE: Mapping[str, Write[Trashed]] = {
    dav("resourcetype"): lambda item: "<d:collection/>" if item.entry.is_folder else "",
    dav("displayname"): lambda item: to_text(item.entry.name),
    dav("getcontenttype"): lambda item: (
        None if item.entry.is_folder else to_text(item.entry.media_type or OCTETS)
    ),
    dav("getcontentlength"): _size,
    dav("getlastmodified"): lambda item: to_http_date(item.entry.modified_at),
    dav("getetag"): lambda item: f"&quot;{item.id}&quot;",
    owncloud("size"): _size,
    owncloud("id"): lambda item: f"{item.entry.file_id:08}oc{runtime().instance_id}",
    owncloud("fileid"): lambda item: str(item.entry.file_id),
    owncloud("permissions"): lambda _item: "GD",
    owncloud("favorite"): lambda _item: "0",
    _nextcloud("trashbin-filename"): lambda item: to_text(item.entry.name),
    _nextcloud("trashbin-original-location"): lambda item: to_text(item.entry.path),
    _nextcloud("trashbin-deletion-time"): lambda item: str(int(item.trashed_at.timestamp())),
    _nextcloud("has-preview"): lambda _item: "false",
}


def answer_trash(base: str, name: str, path: str) -> Response:
    """Answer a request about the trash; `base` is its address, `name` the user's as the app wrote it."""
    kind, _, trash_id = path.partition("/")
    if kind != "trash" or "/" in trash_id:
        raise NotFound
    if request.method == "PROPFIND":
        return _list(collection(f"{base}/trash", TABLE), trash_id)
    if request.method == "MOVE" and trash_id:
        return _restore(base, f"{FILES}/{name}", trash_id)
    if request.method != "DELETE":
        refuse_method("PROPFIND", "MOVE", "DELETE")
    service = trash(acting_user().scope)
    if trash_id:
        service.purge(trash_id)
    else:
        service.empty()
    return Response(status=HTTPStatus.NO_CONTENT)


def _list(listed: Collection[Trashed], trash_id: str) -> Response:
    if trash_id:
        return multistatus([listed.response(trash_id, _get(trash_id))])
    return multistatus(_responses(listed, depth()))


def _responses(listed: Collection[Trashed], wanted: str) -> Iterator[str]:
    service = trash(acting_user().scope)
    page = service.list_page(_PAGE)
    yield listed.itself()
    while wanted == "1":
        yield "".join(listed.response(item.id, item) for item in page.entries)
        database().rollback()
        if page.next is None:
            return
        page = service.list_page(_PAGE, page.next)


def _get(trash_id: str) -> Trashed:
    found = trash(acting_user().scope).look_up([trash_id])
    if trash_id not in found:
        raise NotFound
    return found[trash_id]


def _restore(base: str, files: str, trash_id: str) -> Response:
    check_restored(FACE, base)
    above = _get(trash_id).entry.path.rpartition("/")[0]
    folder = find(above)
    # A lock of the folder binds what comes into it; one that is gone is created again, without a lock.
    touched = [Touched(f"{above}/{trash_id}".strip("/"), is_source=False)] if folder is not None else []
    with changing(Call(FACE, files, ""), *touched):
        restore_ids([trash_id], OnConflict.RENAME)
    return Response(status=HTTPStatus.CREATED)
