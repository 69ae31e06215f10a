"""The methods that change one resource: PUT, MKCOL and DELETE.

Rule: a change is made by the services of all protocols, in their one transaction, under the conditions of WebDAV.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request

from cabinet.errors import EntryExists, IsAFolder
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.tree.entries import OnConflict
from cabinet.services.uploads.publishing import Target
from cabinet.web.dav.answers import refuse
from cabinet.web.dav.changes import Touched, changing
from cabinet.web.dav.face import Call
from cabinet.web.dav.headers import MTIME_ACCEPTED, BodyChecksums, mtime_of_upload
from cabinet.web.dav.lookup import find
from cabinet.web.dav.properties import etag_of
from cabinet.web.dav.system_files import refuse_system_file
from cabinet.web.dav.xml_body import read_body
from cabinet.web.identity import acting_user
from cabinet.web.places import place_at, place_of_file, place_to_fill, remove_paths
from cabinet.web.ranges import precondition_of, to_etag
from cabinet.web.receiving import receive_content, refuse_parts
from cabinet.web.services import database, files, uploads


def put(call: Call) -> Response:
    """Store the body as the content of a file; the folder above it must exist."""
    if not call.path or call.has_slash:
        refuse(HTTPStatus.METHOD_NOT_ALLOWED)
    refuse_system_file(call.path)
    refuse_parts()
    modified_at, checksums = mtime_of_upload(), BodyChecksums(request.headers)
    place = place_of_file(call.path, OnConflict.REPLACE)
    place.scope.require(Rights.WRITE)
    target = Target(place.path, OnConflict.REPLACE, precondition_of(request), modified_at)
    with changing(call, Touched(call.path)) as seen:
        if seen.resources[0] is not None and seen.resources[0].is_folder:
            raise IsAFolder(path=place.path)
        stored = receive_content(uploads(place.scope), target, checksums.watch, checksums.known)
    response = answer_written(call, call.path, is_new=stored.is_new)
    if stored.entry.content_hash is not None:
        response.headers["ETag"] = to_etag(stored.entry.content_hash)
    if modified_at is not None:
        response.headers["X-OC-MTime"] = MTIME_ACCEPTED
    return response


def mkcol(call: Call) -> Response:
    """Create a folder; the folder above it must exist."""
    if read_body():
        refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if not call.path:
        refuse(HTTPStatus.METHOD_NOT_ALLOWED)
    refuse_system_file(call.path)
    place = place_to_fill(call.path)
    place.scope.require(Rights.WRITE)
    try:
        with changing(call, Touched(call.path)) as seen:
            if seen.resources[0] is not None:
                refuse(HTTPStatus.METHOD_NOT_ALLOWED)
            files(place.scope).make_folder(place.path)
    except EntryExists:
        refuse(HTTPStatus.METHOD_NOT_ALLOWED)
    return answer_written(call, call.path, is_new=True)


def delete(call: Call) -> Response:
    """Move a file or a folder to the trash, or leave a mount."""
    # The server has dropped what follows; it would delete the folder of the resource that is meant.
    if "#" in request.environ.get("RAW_URI", ""):
        refuse(HTTPStatus.BAD_REQUEST)
    if not call.path or request.headers.get("Depth", "infinity").lower() != "infinity":
        refuse(HTTPStatus.FORBIDDEN if not call.path else HTTPStatus.BAD_REQUEST)
    place = place_at(call.path)
    (acting_user().scope if place.is_mount else place.scope).require(CHANGE)
    with changing(call, Touched(call.path, must_exist=True, is_removed=True)):
        remove_paths([call.path])
    return Response(status=HTTPStatus.NO_CONTENT)


def answer_written(call: Call, path: str, *, is_new: bool) -> Response:
    """Return the answer to a request that wrote the resource at a path, with its entity tag."""
    response = Response(status=HTTPStatus.CREATED if is_new else HTTPStatus.NO_CONTENT)
    written = find(path)
    database().rollback()
    if written is None:  # it was moved or removed at once
        return response
    tag = etag_of(written)
    if tag is not None:
        response.headers["ETag"] = response.headers["OC-ETag"] = to_etag(tag)
    for name, value in call.face.headers(written).items():
        response.headers[name] = value
    return response
