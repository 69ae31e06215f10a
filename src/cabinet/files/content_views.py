"""The views of files: their bytes, in and out, and their listing.

Rule: parse, call a service, render; content streams and is never held whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from http import HTTPStatus

from flask import Response, flash, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import BaseModel, Field

from cabinet.errors import N_, CrossSiteRequest, InvalidField, MalformedRequest, NotFound
from cabinet.files.blueprint import bp
from cabinet.files.download_pages import from_its_page
from cabinet.services.tree.entries import Conflict, Entry
from cabinet.services.tree.names import join_path, split_path, to_name
from cabinet.services.tree.paging import Sort
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.uploads import Incoming, Uploads
from cabinet.storage.content_hash import BLOCK_SIZE
from cabinet.web.archives import send_zip
from cabinet.web.bodies import MAX_FILES, TOO_MANY_PARTS, iter_body, iter_parts, length_of, read_text
from cabinet.web.formats import number
from cabinet.web.guard import NOT_OURS, TOKEN_FIELD, check_token, is_vouched_for, streams_body, takes_body_of
from cabinet.web.identity import acting_user
from cabinet.web.objects import to_json
from cabinet.web.pages import goes_on_at, local_path, see_other
from cabinet.web.parameters import (
    MAX_PATHS,
    PATHS_BYTES,
    choice_of,
    limit_of,
    number_of,
    order_of,
    read_json,
)
from cabinet.web.problems import wants_page
from cabinet.web.promises import mtime_of, promised_of
from cabinet.web.ranges import precondition_of, send_entry, to_digest, to_etag
from cabinet.web.services import files, uploads, versions, zipping

# What stands round the content of a form: more than the heads of all its parts, with a path and a name
# for each, have ever had.
FRAMING_BYTES = MAX_FILES * 4096

NO_FILE = N_("there is no file in it.")
ONLY_BY_NAME = N_("a recursive listing is always in the order of names.")
NO_PARTIAL_PUT = N_("a part of a file cannot be stored; send the whole.")


class Lookup(BaseModel):
    """The body of `POST /lookup`."""

    paths: list[str] = Field(max_length=MAX_PATHS)


@bp.post("/upload")
@streams_body
def upload() -> ResponseReturnValue:
    """Store every file of a multipart form, or none of them."""
    user = acting_user()
    folder = request.args.get("folder", "")
    on_conflict = choice_of(Conflict, "on_conflict", Conflict.REPLACE)
    split_path(folder)
    with ExitStack() as held:
        received = _receive_parts(user.id, folder, on_conflict, held)
        stored = uploads(user.id).finish(received)
    if not wants_page():
        return {"files": [to_json(found.entry) for found in stored]}, HTTPStatus.CREATED
    flash(_uploaded([found.entry for found in stored]), "success")
    # The body is read: what it holds besides files is lost.
    return see_other(local_path(request.args.get("next"), url_for("files.index", path=folder or None)))


def _uploaded(entries: Sequence[Entry]) -> str:
    count = len(entries)
    if count == 1:
        return str(gettext("“%(name)s” is uploaded.", name=entries[0].name))
    return str(ngettext("%(count)s file uploaded", "%(count)s files uploaded", count, count=number(count)))


def _receive_parts(
    user_id: int, folder: str, on_conflict: Conflict, held: ExitStack
) -> list[tuple[Incoming, Target]]:
    """Receive the files of a form into staging, which `held` discards in the end."""
    service = uploads(user_id)
    received: list[tuple[Incoming, Target]] = []
    trusted = is_vouched_for()
    path: str | None = None
    for part, content in iter_parts(request):
        if part.filename is None:
            text = read_text(content)
            if part.name == TOKEN_FIELD and not trusted:
                check_token(text)
                trusted = True
            elif part.name == "path":
                path = text
            continue
        if not trusted:
            raise CrossSiteRequest(reason=NOT_OURS)
        if part.name != "file" or (part.filename == "" and path is None):
            continue  # a field of another name, or a form sent with no file chosen
        if len(received) == MAX_FILES:
            raise MalformedRequest(reason=TOO_MANY_PARTS)
        names = split_path(path) if path else (to_name(part.filename),)
        whole_path = join_path((*split_path(folder), *names))
        target = Target(whole_path, on_conflict, modified_at=mtime_of(part.headers))
        if not received:
            service.check_room_for_all(length_of(request), FRAMING_BYTES)
        upload = held.enter_context(service.begin(promised_of(part.headers), target))
        upload.append(_checked_when_large(content, service, target))
        upload.finish()
        received.append((upload, target))
        path = None
    if not received:
        raise MalformedRequest(reason=NO_FILE)
    return received


def _checked_when_large(content: Iterator[bytes], service: Uploads, target: Target) -> Iterator[bytes]:
    """Pass `content` on; raise what stands in the way of its target once it is more than a block.

    What is smaller is received sooner than its path is looked up, and finishing looks again anyway.
    """
    size = 0
    for chunk in content:
        if size <= BLOCK_SIZE < size + len(chunk):
            service.check(target, None)
        size += len(chunk)
        yield chunk


@bp.get("/files/")
@bp.get("/files")
def list_files() -> ResponseReturnValue:
    """List a folder, or with `recursive=1` everything below it."""
    path = request.args.get("path", "")
    if wants_page():
        return see_other(url_for("files.index", path=path or None))
    return _listing(path)


@bp.post("/lookup")
@takes_body_of(PATHS_BYTES)
def look_up() -> ResponseReturnValue:
    """Tell what is at each of many paths; a sender asks before it sends."""
    service = files(acting_user().id)
    entries = service.look_up(read_json(Lookup).paths)
    return {"entries": [to_json(entry) if entry else None for entry in entries]}


@bp.get("/files/<path:path>")
def get(path: str) -> ResponseReturnValue:
    """Answer with a file's bytes, or a folder's listing."""
    entry = _find(acting_user().id, path)
    if not entry.is_folder:
        return _send(entry, attachment=False)
    if wants_page():
        return see_other(url_for("files.index", path=entry.path))
    return _listing(entry.path)


@bp.get("/download/<path:path>")
@goes_on_at(from_its_page)
def download(path: str) -> ResponseReturnValue:
    """Answer with a file's bytes, or a folder as an archive, to be saved."""
    user = acting_user()
    entry = _find(user.id, path)
    if entry.is_folder:
        return send_zip(zipping(user.id).zip([entry.path]))
    return _send(entry, attachment=True)


@bp.put("/files/<path:path>")
@streams_body
def put(path: str) -> ResponseReturnValue:
    """Store the body as the content of a file."""
    service = uploads(acting_user().id)
    if "Content-Range" in request.headers:  # half of a file must not replace the whole (RFC 9110, 14.5)
        raise MalformedRequest(reason=NO_PARTIAL_PUT)
    on_conflict = choice_of(Conflict, "on_conflict", Conflict.REPLACE)
    target = Target(path, on_conflict, precondition_of(request), mtime_of(request.headers))
    promised = promised_of(request.headers, length_of(request))
    service.check(target, promised.size)
    with service.begin(promised, target) as upload:
        upload.append(iter_body(request))
        upload.finish()
        stored = service.finish([(upload, target)])[0]
    body = to_json(stored.entry)
    response = jsonify(body)
    response.status_code = HTTPStatus.CREATED if stored.is_new else HTTPStatus.OK
    response.headers["Location"] = body["url"]
    response.headers["ETag"] = to_etag(stored.entry.content_hash or "")
    return response


@bp.delete("/files/<path:path>")
def trash(path: str) -> ResponseReturnValue:
    """Move a file, or a folder with all in it, to the trash, or remove it for ever."""
    service = files(acting_user().id)
    remove = service.trash if request.args.get("permanent", "0") in {"", "0"} else service.purge
    remove(path, precondition_of(request))
    return "", HTTPStatus.NO_CONTENT


def _find(user_id: int, path: str) -> Entry:
    """Return the entry at a path, as it was in the version that the query asks for, if it does.

    The path of a folder may end in a slash.
    """
    number, names = number_of("version"), path.removesuffix("/")
    entry = files(user_id).get(names) if number is None else versions(user_id).get(names, number)
    if names != path and not entry.is_folder:
        raise NotFound
    return entry


def _send(entry: Entry, *, attachment: bool) -> Response:
    service = files(acting_user().id)
    response = send_entry(request, entry, lambda: service.open(entry), attachment=attachment)
    if "sha-256" in request.headers.get("Want-Repr-Digest", "").lower() and entry.content_hash:
        response.headers["Repr-Digest"] = to_digest(service.sha256(entry.content_hash))
    return response


def _listing(path: str) -> ResponseReturnValue:
    service = files(acting_user().id)
    limit, order = limit_of(), order_of()
    if request.args.get("recursive", "0") in {"", "0"}:
        page = service.list_page(path, order, limit)
    elif order.sort is Sort.NAME and not order.descending:
        page = service.list_below(path, limit, order.after)
    else:
        raise InvalidField(field="sort", reason=ONLY_BY_NAME)
    return {"path": page.path, "entries": [to_json(entry) for entry in page.entries], "next": page.next}
