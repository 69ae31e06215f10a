"""All of `/remote.php/`: the files of the acting user, at both addresses that the apps have, and what belongs to them.

    webdav/...                      files
    dav/files/<user>/...            the same
    dav/uploads/<user>/<id>/...     chunks
    dav/trashbin/<user>/...         the trash
    dav/versions/<user>/...         old versions of a file

Rule: finds out what an address is, and hands the request over.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request

from cabinet.errors import NotFound
from cabinet.nextcloud.chunked_uploads import answer_chunk, answer_transfer
from cabinet.nextcloud.drive_blueprint import FACE, FILES, TRASH, UPLOADS, VERSIONS, WEBDAV, base_of, drive
from cabinet.nextcloud.trash_drive import answer_trash
from cabinet.nextcloud.versions_drive import answer_versions
from cabinet.web.dav.answers import XML
from cabinet.web.dav.engine import METHODS, answer
from cabinet.web.dav.face import normal
from cabinet.web.dav.multistatus import BEGIN, END
from cabinet.web.identity import acting_user
from cabinet.web.request_guards import streams_body


@drive.route("/<rest:path>", methods=(*METHODS, "REPORT"), provide_automatic_options=False)
@streams_body
def remote(path: str) -> Response:
    """Answer a request of an app; clients send double slashes."""
    if request.method == "OPTIONS":
        return answer(FACE, WEBDAV, "")
    acting_user()
    first, _, rest = normal(path).partition("/")
    end = "/" if path.endswith("/") else ""
    if first == "webdav":
        return _of_files(WEBDAV, rest + end)
    kind, _, rest = rest.partition("/")
    name, _, rest = rest.partition("/")
    if first == "dav" and kind == "files" and name:
        return _of_files(base_of(FILES, name), rest + end)
    if first == "dav" and kind == "uploads" and rest:
        return _of_uploads(base_of(UPLOADS, name), name, rest)
    if first == "dav" and kind == "trashbin" and rest:
        return answer_trash(base_of(TRASH, name), name, rest)
    if first == "dav" and kind == "versions" and rest:
        return answer_versions(base_of(VERSIONS, name), name, rest)
    raise NotFound


def _of_files(base: str, path: str) -> Response:
    if request.method != "REPORT":
        return answer(FACE, base, path)
    # Favorites are what they ask for, and there are none.
    return Response(f"{BEGIN}{END}", HTTPStatus.MULTI_STATUS, content_type=XML)


def _of_uploads(base: str, name: str, rest: str) -> Response:
    transfer, _, chunk = rest.partition("/")
    if chunk:
        return answer_chunk(transfer, chunk, f"{FILES}/{name}")
    return answer_transfer(transfer, base)
