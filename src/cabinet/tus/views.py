"""The views of resumable uploads.

Rule: parse, call the service, render; storage is not handled here.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from operator import itemgetter
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed

from cabinet.errors import (
    N_,
    CabinetError,
    MalformedRequest,
    NotFound,
    UnsupportedEncoding,
    UnsupportedVersion,
    UploadIsFinal,
)
from cabinet.models import Upload, UploadKind
from cabinet.services.accounts.login_throttle import to_network
from cabinet.services.tree.entries import default_on_conflict
from cabinet.services.tree.mounts import Place
from cabinet.services.uploads.values import Part, Plan, UploadInfo
from cabinet.tus import headers
from cabinet.tus.blueprint import bp
from cabinet.web.bodies import iter_body, length_of
from cabinet.web.body_stream import interrupter
from cabinet.web.digests import CONTENT_HASH, content_hash_of, expected_content_of
from cabinet.web.identity import acting
from cabinet.web.pages import to_rfc3339
from cabinet.web.peer import peer_address
from cabinet.web.places import place_of_file, where_begun, writable_roots
from cabinet.web.request_guards import streams_body
from cabinet.web.runtime import setting
from cabinet.web.serializers import address_of, content_address, to_json
from cabinet.web.services import files, resumable

OVERRIDE = "X-HTTP-Method-Override"

FINAL_LENGTH = N_("Upload-Length is not allowed for a joined upload, which has the length of its parts.")


@bp.before_request
def _admit() -> None:
    if request.method == "OPTIONS":  # version discovery needs no sign-in
        return
    acting()
    # GET is our own addition, not part of tus.
    if request.method != "GET" and request.headers.get("Tus-Resumable") != headers.VERSION:
        raise UnsupportedVersion(supported=headers.VERSION)


@bp.after_request
def _add_version(response: Response) -> Response:
    if request.method != "OPTIONS":
        response.headers["Tus-Resumable"] = headers.VERSION
    if response.status_code == HTTPStatus.PRECONDITION_FAILED:
        response.headers["Tus-Version"] = headers.VERSION
    return response


@bp.route("", methods=["OPTIONS"], provide_automatic_options=False)
@bp.route("/<path:upload_id>", methods=["OPTIONS"], provide_automatic_options=False)
def options(upload_id: str = "") -> ResponseReturnValue:  # noqa: ARG001 - the same for every upload
    """Return the capabilities of this server; needs no sign-in."""
    return "", HTTPStatus.NO_CONTENT, headers.announcement(setting("MAX_UPLOAD_SIZE"))


@bp.get("")
def list_unfinished() -> ResponseReturnValue:
    """List the unfinished uploads of the acting user."""
    own, *behind = writable_roots()
    begun = resumable(own.scope).unfinished_roots() if behind else set()
    places = [own, *(each for each in behind if each.scope.is_whole or each.scope.root_id in begun)]
    found = [_to_json(state, place) for place in places for state in resumable(place.scope).list_unfinished()]
    return {"uploads": sorted(found, key=itemgetter("created_at"), reverse=True)}


@bp.post("")
@streams_body
def create() -> ResponseReturnValue:
    """Create an upload, with its first bytes if the request has a body."""
    if request.headers.get(OVERRIDE, "POST").upper() != "POST":
        raise MethodNotAllowed(["GET", "POST", "OPTIONS"])
    kind, part_ids = headers.parse_concat(request.headers.get("Upload-Concat"))
    place, plan = _plan(kind)
    service = resumable(place.scope)
    brings_bytes = _brings_bytes()
    if kind is UploadKind.JOINED:
        if brings_bytes:
            raise UploadIsFinal
        if "Upload-Length" in request.headers or "Upload-Defer-Length" in request.headers:
            raise MalformedRequest(reason=FINAL_LENGTH)
        # What they are parts of tells where it goes; they do not.
        other_scopes = [root.scope for root in writable_roots()]
        return _created(service.join(plan, part_ids, other_scopes), place)
    plan = replace(plan, length=headers.length_of_creation(request.headers))
    if not brings_bytes:
        return _created(service.begin(plan), place)
    part = _part(0)
    state = service.begin(plan)
    try:
        return _created(service.append(state.id, part), place)
    except CabinetError:
        # The client does not know its URL, so it could not be resumed.
        service.cancel(state.id)
        raise


@bp.route("/<path:upload_id>", methods=["HEAD"])
def get_status(upload_id: str) -> ResponseReturnValue:
    """Return the offset of an upload."""

    def tell_of(place: Place) -> ResponseReturnValue:
        """Answer from the place of the upload's target."""
        state = resumable(place.scope).get(upload_id)
        response_headers = headers.progress(state) | headers.description(state) | _outcome(state, place)
        return "", HTTPStatus.OK, response_headers

    return where_begun(Upload, upload_id, tell_of)


@bp.get("/<path:upload_id>")
def get(upload_id: str) -> ResponseReturnValue:
    """Return the entry of a finished upload; unfinished content is never served."""

    def get_from(place: Place) -> ResponseReturnValue:
        """Answer from the place of the upload's target."""
        state = resumable(place.scope).get(upload_id)
        if state.content_hash is None:
            raise NotFound
        return to_json(place.to_actor_entry(files(place.scope).get(state.path)))

    return where_begun(Upload, upload_id, get_from)


@bp.patch("/<path:upload_id>")
@streams_body
def append(upload_id: str) -> ResponseReturnValue:
    """Append the next part to an upload."""
    acting()
    if request.mimetype != headers.PATCH_TYPE:
        raise UnsupportedEncoding(encoding=request.mimetype[:40])
    part = _part(headers.to_offset(request.headers.get("Upload-Offset")))

    def append_to(place: Place) -> ResponseReturnValue:
        """Take it where the upload goes to."""
        state = resumable(place.scope).append(upload_id, part)
        return "", HTTPStatus.NO_CONTENT, headers.progress(state) | _outcome(state, place)

    return where_begun(Upload, upload_id, append_to)


@bp.delete("/<path:upload_id>")
def cancel(upload_id: str) -> ResponseReturnValue:
    """Cancel an upload; the file of a finished one stays."""
    where_begun(Upload, upload_id, lambda place: resumable(place.scope).cancel(upload_id))
    return "", HTTPStatus.NO_CONTENT


@bp.post("/<path:upload_id>")
@streams_body
def override(upload_id: str) -> ResponseReturnValue:
    """Handle a method override of a client that can only send POST."""
    views = {"PATCH": append, "DELETE": cancel, "HEAD": get_status}
    view = views.get(request.headers.get(OVERRIDE, "").upper())
    if view is None:
        raise MethodNotAllowed(["HEAD", "PATCH", "DELETE", "OPTIONS"])
    return view(upload_id)


def _plan(kind: UploadKind) -> tuple[Place, Plan]:
    """Return where an upload goes to, and what is planned there."""
    described = request.headers.get("Upload-Metadata")
    metadata = headers.parse_metadata(described or "")
    target = headers.to_target(metadata)
    place = place_of_file(target.path, target.on_conflict if "on_conflict" in metadata else None)
    target = replace(target, path=place.path)
    if "on_conflict" not in metadata:
        target = replace(target, on_conflict=default_on_conflict(place.scope.rights))
    return place, Plan(
        target,
        kind=kind,
        description=described,
        parts=request.headers.get("Upload-Concat"),
        upload_hash=content_hash_of(request.headers, headers.UPLOAD_HASH),
        network=None if place.scope.share_id is None else to_network(peer_address()),
    )


def _brings_bytes() -> bool:
    if "Transfer-Encoding" not in request.headers and request.headers.get("Content-Length", "0") == "0":
        return False
    if request.mimetype != headers.PATCH_TYPE:
        raise UnsupportedEncoding(encoding=request.mimetype[:40])
    return True


def _part(offset: int) -> Part:
    return Part(
        offset=offset,
        chunks=iter_body(request),
        size=length_of(request),
        length=headers.optional_number(request.headers.get("Upload-Length")),
        checksum=headers.parse_checksum(request.headers.get("Upload-Checksum")),
        content_hash=expected_content_of(request.headers).content_hash,
        upload_hash=content_hash_of(request.headers, headers.UPLOAD_HASH),
        request_release=interrupter(request),
    )


def _created(state: UploadInfo, place: Place) -> ResponseReturnValue:
    location = {"Location": address_of("tus.get_status", upload_id=state.id)}
    return "", HTTPStatus.CREATED, location | headers.progress(state) | _outcome(state, place)


def _outcome(state: UploadInfo, place: Place) -> dict[str, str]:
    """Return the headers that describe the file of a finished upload."""
    if state.content_hash is None:
        return {}
    return {
        CONTENT_HASH: state.content_hash,
        "Content-Location": content_address(place.to_actor_path(state.path)),
    }


def _to_json(state: UploadInfo, place: Place) -> dict[str, Any]:
    return {
        "id": state.id,
        "url": address_of("tus.get_status", upload_id=state.id),
        "path": place.to_actor_path(state.path),
        "offset": state.offset,
        "length": state.length,
        "is_partial": state.kind is UploadKind.PARTIAL,
        "created_at": to_rfc3339(state.created_at),
        "expires_at": to_rfc3339(state.expires_at),
    }
