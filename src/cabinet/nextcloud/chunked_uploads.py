"""Uploads in chunks, versions 1 and 2: a folder of chunks, which a MOVE of `.file` makes a file.

Rule: parse, call the service, render; the file appears by the transaction that joins the chunks.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed

from cabinet.errors import ChecksumMismatch, LengthRequired, MalformedRequest
from cabinet.nextcloud.drive_blueprint import FACE
from cabinet.services.tree.entries import OnConflict
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.transfers import INCOMPLETE, Transfers
from cabinet.services.uploads.values import Checksum, Part
from cabinet.web.bodies import iter_body, length_of
from cabinet.web.body_stream import interrupter
from cabinet.web.dav.answers import XML
from cabinet.web.dav.changes import Touched, changing
from cabinet.web.dav.destinations import destination_of
from cabinet.web.dav.face import Call, prefix
from cabinet.web.dav.headers import CHECKSUM_DIFFERS, MTIME_ACCEPTED, checksum_of, mtime_of_upload
from cabinet.web.dav.multistatus import BEGIN, END
from cabinet.web.dav.writing import answer_written
from cabinet.web.places import place_of_file, place_of_root, writable_roots
from cabinet.web.quoting import quote_path
from cabinet.web.ranges import precondition_of
from cabinet.web.services import resumable

# What the chunks are moved as, to become a file.
WHOLE = ".file"
FOLDER_METHODS = ("MKCOL", "PROPFIND", "DELETE")
CHUNK_METHODS = ("PUT", "MOVE")


def answer_transfer(transfer: str, base: str) -> Response:
    """Begin an upload, list its chunks, or cancel it; `base` is the address of the user's uploads."""
    held = _transfers()
    if request.method == "MKCOL":
        # There is nothing to make: a transfer is its chunks. What an earlier attempt left is sent again.
        held.cancel(transfer)
        return Response(status=HTTPStatus.CREATED)
    if request.method == "DELETE":
        held.cancel(transfer)
        return Response(status=HTTPStatus.NO_CONTENT)
    if request.method == "PROPFIND":
        return _listing(f"{prefix()}{quote_path(base)}/{quote_path(transfer)}/", held.chunks(transfer))
    raise MethodNotAllowed(FOLDER_METHODS)


def answer_chunk(transfer: str, chunk: str, files: str) -> Response:
    """Receive a chunk, or make the file of all of them; `files` is the address of the user's files."""
    if request.method == "MOVE" and chunk == WHOLE:
        return _join(transfer, files)
    if request.method != "PUT":
        raise MethodNotAllowed(CHUNK_METHODS)
    size = length_of(request)
    if size is None:
        raise LengthRequired
    part = Part(0, iter_body(request), size, request_release=interrupter(request))
    _transfers().put(transfer, chunk, part)
    return Response(status=HTTPStatus.CREATED)


def _transfers() -> Transfers:
    return Transfers(resumable(place_of_root().scope))


def _join(transfer: str, base: str) -> Response:
    path = destination_of(Call(FACE, base, ""))
    call = Call(FACE, base, path)
    modified_at, checksum = mtime_of_upload(), checksum_of(request.headers)
    announced = request.headers.get("OC-Total-Length")
    if announced is not None and not (announced.isascii() and announced.isdigit() and len(announced) < 19):
        raise MalformedRequest(reason=INCOMPLETE)
    length = None if announced is None else int(announced)
    place = place_of_file(path, OnConflict.REPLACE)
    target = Target(
        place.path,
        OnConflict.REPLACE,
        precondition_of(request),
        modified_at,
        checksums=None if checksum is None else str(checksum),
    )
    expected = None if checksum is None else Checksum(checksum.new, checksum.digest)
    scopes = [root.scope for root in writable_roots()]
    with changing(call, Touched(path)) as seen:
        try:
            _transfers().join(transfer, target, length, resumable(place.scope), scopes, expected)
        except ChecksumMismatch as error:
            raise MalformedRequest(reason=CHECKSUM_DIFFERS) from error
    response = answer_written(call, path, is_new=seen.resources[0] is None)
    if modified_at is not None:
        response.headers["X-OC-MTime"] = MTIME_ACCEPTED
    return response


def _listing(address: str, chunks: list[tuple[str, int]]) -> Response:
    """Return the chunks that are there, for an app that goes on with an upload."""
    found = "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    body = [
        (
            f"<d:response><d:href>{address}</d:href><d:propstat><d:prop>"
            f"<d:resourcetype><d:collection/></d:resourcetype></d:prop>{found}"
        )
    ]
    body += [
        f"<d:response><d:href>{address}{chunk}</d:href><d:propstat><d:prop><d:resourcetype/>"
        f"<d:getcontentlength>{size}</d:getcontentlength></d:prop>{found}"
        for chunk, size in chunks
    ]
    return Response(f"{BEGIN}{''.join(body)}{END}", HTTPStatus.MULTI_STATUS, content_type=XML)
