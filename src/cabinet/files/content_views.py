"""The views for content and listings: upload, download, look up and list.

Rule: parse, call a service, render; content is streamed and never held whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response, flash, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response as BaseResponse

from cabinet.errors import N_, InvalidField, NotFound
from cabinet.files.blueprint import bp
from cabinet.files.download_pages import download_page_url
from cabinet.services.tree.entries import Entry, FolderTotals, OnConflict
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.paging import Sort
from cabinet.services.uploads.publishing import Stored
from cabinet.web.archives import send_zip
from cabinet.web.conditional import send_listing
from cabinet.web.contents import send_file
from cabinet.web.formats import number
from cabinet.web.pages import continues_at, local_path, see_other
from cabinet.web.parameters import (
    MAX_PATHS,
    PATHS_BYTES,
    limit_of,
    number_of,
    order_of,
    read_json,
)
from cabinet.web.places import (
    all_behind_mounts,
    is_mounted_file,
    look_up_all,
    place_at,
    place_of_file,
    place_of_root,
    remove_paths,
)
from cabinet.web.problems import wants_page
from cabinet.web.ranges import precondition_of, to_etag
from cabinet.web.receiving import Destination, on_conflict_of_upload, receive_body, receive_files
from cabinet.web.request_guards import streams_body, takes_body_of
from cabinet.web.serializers import to_json, to_json_all
from cabinet.web.services import files, uploads, versions, zipping

# Werkzeug's for redirects, or Flask's.
_Response = TypeVar("_Response", bound=BaseResponse)

ONLY_BY_NAME = N_("a recursive listing is always sorted by name.")


class LookupRequest(BaseModel):
    """The body of `POST /lookup`."""

    paths: list[str] = Field(max_length=MAX_PATHS)


@bp.post("/upload")
@streams_body
def upload() -> ResponseReturnValue:
    """Store every file of a multipart form, or none of them."""
    folder = request.args.get("folder", "")
    stored = _receive_in(folder)
    if not wants_page():
        return {"files": to_json_all(found.entry for found in stored)}, HTTPStatus.CREATED
    flash(_uploaded([found.entry for found in stored]), "success")
    # The body has been read; anything in it besides files is dropped.
    return see_other(local_path(request.args.get("next"), url_for("files.index", path=folder or None)))


def _receive_in(folder: str) -> list[Stored]:
    if folder:
        place = place_at(folder)
        service = uploads(place.scope)
        return receive_files(
            place.path, lambda path: Destination(service, replace(place, path=path)), is_one=True
        )
    own, behind = place_of_root(), all_behind_mounts()
    if on_conflict_of_upload() is OnConflict.RENAME:
        behind = {name: place for name, place in behind.items() if not is_mounted_file(place)}
    services = {place.scope: uploads(place.scope) for place in (own, *behind.values())}

    def lead(path: str) -> Destination:
        """Return the destination of a path, which may begin with the name of a mount."""
        first, _, rest = path.partition("/")
        found = replace(behind[first], path=rest) if first in behind else replace(own, path=path)
        return Destination(services[found.scope], found)

    return receive_files("", lead, is_one=not behind)


def _uploaded(entries: Sequence[Entry]) -> str:
    count = len(entries)
    if count == 1:
        return str(gettext("Uploaded “%(name)s”", name=entries[0].name))
    return str(ngettext("%(count)s file uploaded", "%(count)s files uploaded", count, count=number(count)))


@bp.get("/files/")
@bp.get("/files")
def list_files() -> ResponseReturnValue:
    """List a folder, or with `recursive=1` everything below it."""
    path = request.args.get("path", "")
    if wants_page():
        return _of_both(see_other(url_for("files.index", path=path or None)))
    return _listing(place_at(path))


@bp.post("/lookup")
@takes_body_of(PATHS_BYTES)
def look_up() -> ResponseReturnValue:
    """Return the entries at many paths, for a client that checks before it uploads."""
    entries = look_up_all(read_json(LookupRequest).paths)
    return {"entries": to_json_all(entries)}


@bp.get("/files/<path:path>")
def get(path: str) -> ResponseReturnValue:
    """Return the content of a file, or the listing of a folder."""
    place = place_at(path)
    entry = _find(place)
    if not entry.is_folder:
        return send_file(place, entry, attachment=False)
    if wants_page():
        return _of_both(see_other(url_for("files.index", path=place.to_actor_path(entry.path))))
    return _listing(replace(place, path=entry.path))


@bp.get("/download/<path:path>")
@continues_at(download_page_url)
def download(path: str) -> ResponseReturnValue:
    """Return the content of a file, or a folder as an archive, as a download."""
    place = place_at(path)
    entry = _find(place)
    if entry.is_folder:
        wanted = [replace(place, path=entry.path)]
        return send_zip(zipping(place.scope).zip_places(wanted), wanted)
    return send_file(place, entry, attachment=True)


@bp.put("/files/<path:path>")
@streams_body
def put(path: str) -> ResponseReturnValue:
    """Store the body as the content of a file."""
    place = place_of_file(path, on_conflict_of_upload())
    stored = receive_body(uploads(place.scope), place.path)
    body = to_json(place.to_actor_entry(stored.entry))
    response = jsonify(body)
    response.status_code = HTTPStatus.CREATED if stored.is_new else HTTPStatus.OK
    response.headers["Location"] = body["url"]
    response.headers["ETag"] = to_etag(stored.entry.content_hash or "")
    return response


@bp.delete("/files/<path:path>")
def trash(path: str) -> ResponseReturnValue:
    """Move a file, or a folder with its contents, to the trash, or delete it permanently."""
    place = place_at(path)
    if place.is_mount:
        # The target of a mount is not the actor's to delete.
        remove_paths([path])
        return "", HTTPStatus.NO_CONTENT
    service = files(place.scope)
    remove = service.trash if request.args.get("permanent", "0") in {"", "0"} else service.purge
    remove(place.path, precondition_of(request))
    return "", HTTPStatus.NO_CONTENT


def _find(place: Place) -> Entry:
    """Return the entry at a place, or the version of it that the query asks for.

    The path of a folder may end with a slash.
    """
    number, names, scope = number_of("version"), place.path.removesuffix("/"), place.scope
    entry = files(scope).get(names) if number is None else versions(scope).get(names, number)
    if names != place.path and not entry.is_folder:
        raise NotFound
    return entry


def _listing(place: Place) -> Response:
    scope, path = place.scope, place.path
    service, limit, order = files(scope), limit_of(), order_of()
    is_recursive = request.args.get("recursive", "0") not in {"", "0"}
    if is_recursive and (order.sort is not Sort.NAME or order.descending):
        raise InvalidField(field="sort", reason=ONLY_BY_NAME)

    def find() -> tuple[FolderTotals | None, Sequence[str]]:
        return service.get(path).totals, service.beside(path, below=is_recursive)

    def list_() -> tuple[dict[str, Any], FolderTotals, Sequence[str]]:
        """Return a page of the listing as JSON, the folder's state then, and what else the listing shows."""
        if is_recursive:
            page = service.list_below(path, limit, order.after)
        else:
            page = service.list_page(path, order, limit)
        entries = to_json_all(map(place.to_actor_entry, page.entries))
        return (
            {"path": place.to_actor_path(page.path), "entries": entries, "next": page.next},
            page.totals,
            page.beside,
        )

    return _of_both(send_listing(scope, find, list_))


def _of_both(response: _Response) -> _Response:
    """Add the Vary header: the same URL serves HTML and JSON."""
    response.vary.update(("Accept", "Cookie"))
    return response
