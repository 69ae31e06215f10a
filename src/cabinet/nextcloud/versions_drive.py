"""The old versions of a file, as the apps list, read and restore them; the current one is not among them.

Rule: a file is found by its number, wherever it lies; restoring adds a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, request

from cabinet.errors import IsAFolder, NotFound
from cabinet.nextcloud.collections import Write, check_restored, collection, depth, multistatus, refuse_method
from cabinet.nextcloud.drive_blueprint import FACE, FILES
from cabinet.services.changes.versions import VersionEntry
from cabinet.services.tree.file_numbers import path_of_number
from cabinet.services.tree.mounts import Place
from cabinet.web.contents import send_file
from cabinet.web.dav.changes import Touched, changing
from cabinet.web.dav.face import Call
from cabinet.web.dav.properties import to_http_date
from cabinet.web.dav.xml_names import dav, owncloud
from cabinet.web.identity import acting_user
from cabinet.web.places import place_at
from cabinet.web.services import database, versions

TABLE: Mapping[str, Write[VersionEntry]] = {
    dav("resourcetype"): lambda _version: "",
    dav("getcontentlength"): lambda version: str(version.size),
    dav("getlastmodified"): lambda version: to_http_date(version.created_at),
    dav("getetag"): lambda version: f"&quot;{version.content_hash}&quot;",
    owncloud("size"): lambda version: str(version.size),
}


def answer_versions(base: str, name: str, path: str) -> Response:
    """Answer a request about versions; `base` is their address, `name` the user's as the app wrote it."""
    kind, _, rest = path.partition("/")
    file_number, _, number = rest.partition("/")
    if kind != "versions" or not file_number:
        raise NotFound
    at = path_of_number(database(), acting_user().scope, file_number)
    place = place_at(at)
    if request.method == "PROPFIND":
        return _list(f"{base}/versions/{file_number}", place, number)
    if not number or request.method not in {"GET", "HEAD", "MOVE"}:
        refuse_method("PROPFIND", "GET", "MOVE")
    if request.method == "MOVE":
        check_restored(FACE, base)
        with changing(Call(FACE, f"{FILES}/{name}", at), Touched(at, is_source=False, must_exist=True)):
            versions(place.scope).restore(place.path, _to_number(number))
        return Response(status=HTTPStatus.CREATED)
    return send_file(place, versions(place.scope).get(place.path, _to_number(number)), attachment=True)


def _list(address: str, place: Place, number: str) -> Response:
    listed, wanted = collection(address, TABLE), depth()
    try:
        found = versions(place.scope).list(place.path)
    except IsAFolder as error:
        raise NotFound from error
    old = [each for each in found if not each.current and number in {"", str(each.number)}]
    if number and not old:
        raise NotFound
    own = [] if number else [listed.itself()]
    shown = old if number or wanted == "1" else []
    return multistatus([*own, *(listed.response(str(each.number), each) for each in shown)])


def _to_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise NotFound
    return int(text)
