"""What a link has of its own: its page, its description for programs, its download, password and QR code.

Rule: parse, call a service, render; what lies outside of the link does not exist.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from io import BytesIO

import segno
from flask import Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cabinet.services.access.rights import Rights
from cabinet.services.shares.keys import UNLOCKED_FOR
from cabinet.services.shares.links import Link
from cabinet.services.tree.entries import Entry
from cabinet.services.tree.link_rights import words_of
from cabinet.services.tree.mounts import Place
from cabinet.shares.blueprint import link as bp
from cabinet.shares.door import cookie_name, cookie_path, password_page
from cabinet.web.archives import send_zip
from cabinet.web.contents import send_file
from cabinet.web.identity import acting
from cabinet.web.listing.folder_page import show_folder
from cabinet.web.listing.navigation import ROWS
from cabinet.web.listing.remembered import remember
from cabinet.web.listing.updates import UPDATE_BYTES, Shown
from cabinet.web.pages import local_path, see_other, to_rfc3339
from cabinet.web.parameters import read_json
from cabinet.web.peer import peer_address
from cabinet.web.places import all_behind_mounts, place_at
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import takes_body_of
from cabinet.web.runtime import setting
from cabinet.web.serializers import absolute_address, address_of, to_json
from cabinet.web.services import files, links, zipping

QR_TYPE = "image/svg+xml"


# People and programs append a slash to an address that they were given.
@bp.get("", strict_slashes=False)
def show() -> ResponseReturnValue:
    """Show the link: a page for a person, a description for a program."""
    found: Link = g.found_link
    if request.method == "GET":
        links().count_open(found, peer_address())
    if wants_page():
        return _page(found)
    entry = _entry_at(_only_file(found) or place_at(request.args.get("path", "")))
    return {
        "kind": found.kind.value,
        "name": found.title,
        "note": found.note,
        "rights": words_of(found.rights),
        "expires_at": to_rfc3339(found.expires_at),
        "entry": None if entry is None else to_json(entry),
        "files": address_of("link.files.list_files"),
        "download": address_of("link.download") if found.scope.has(Rights.READ) else None,
        "uploads": address_of("link.tus.create") if found.scope.has(Rights.WRITE) else None,
    }


def _only_file(found: Link) -> Place | None:
    """Return the place of the file that a link leads to, None if it leads to anything else."""
    if not found.is_file:
        return None
    return next(iter(all_behind_mounts().values()), None)


def _entry_at(place: Place) -> Entry | None:
    """Return the entry at a place, None if the guest may not list it."""
    if not place.scope.has(Rights.LIST):
        return None
    return place.to_actor_entry(files(place.scope).get(place.path))


def _page(found: Link) -> str:
    only = _only_file(found)
    if only is None and found.scope.has(Rights.LIST):
        return show_folder(g.list_links, request.args.get("path", ""))
    return render_template(
        "shares/file.html" if only else "shares/request.html",
        link=found,
        entry=None if only is None else _entry_at(only),
        max_upload_size=setting("MAX_UPLOAD_SIZE"),
    )


@bp.post(ROWS)
@takes_body_of(UPDATE_BYTES)
def update() -> ResponseReturnValue:
    """Update the rows of a folder that a page shows."""
    return show_folder(g.list_links, request.args.get("path", ""), shown=read_json(Shown))


@bp.get("/me")
def check() -> ResponseReturnValue:
    """Tell a page whether its guest still gets in."""
    return "", HTTPStatus.NO_CONTENT


@bp.after_request
def remember_choices(response: Response) -> Response:
    """Remember the view and the order of lists."""
    return remember(response, "link.show")


@bp.get("/download", strict_slashes=False)
def download() -> ResponseReturnValue:
    """Return the file that the link leads to, or everything in it as an archive."""
    found: Link = g.found_link
    only = _only_file(found)
    if only is not None:
        return send_file(only, files(only.scope).get(""), attachment=True)
    archive = zipping(acting().scope).zip([""])
    return send_zip(replace(archive, name=f"{found.title or 'cabinet'}.zip"))


@bp.post("/unlock")
def unlock() -> ResponseReturnValue:
    """Check the password of the link and keep it open in this browser."""
    found: Link = g.found_link
    links().unlock(found, request.form.get("password", ""), peer_address())
    if not wants_page():
        response: Response = Response(status=HTTPStatus.NO_CONTENT)
    else:
        response = see_other(local_path(request.form.get("next"), url_for("link.show")))
    response.set_cookie(
        cookie_name(),
        links().cookie_of(found),
        max_age=int(UNLOCKED_FOR.total_seconds()),
        path=cookie_path(),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


@bp.get("/unlock")
def ask_for_password() -> ResponseReturnValue:
    """Show the form for the password again, where a reloaded page leads."""
    return password_page()


@bp.get("/qr.svg")
def qr() -> ResponseReturnValue:
    """Return the address of the link as a QR code."""
    drawn = BytesIO()
    code = segno.make(absolute_address("link.show"), micro=False, error="m")
    code.save(drawn, kind="svg", xmldecl=False, scale=8, dark="#000", light="#fff")
    return Response(drawn.getvalue(), content_type=QR_TYPE)
