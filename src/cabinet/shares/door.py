"""The door of a link: every request below one comes through here, and gets the link's scope or nothing.

A view of the account's files exists below a link only if it is listed here. So a new view is outside, until
somebody decides what it means for guests.

Rule: an address without a link, a view that links do not have and a link that has ended answer alike: 404.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from cabinet.errors import LinkPasswordRequired, NotFound
from cabinet.services.shares.links import Link
from cabinet.services.shares.policy import Sharing
from cabinet.shares.blueprint import link as bp
from cabinet.shares.guest_links import links_for
from cabinet.web.guest import LINK, Guest, guest, may_resume_download
from cabinet.web.i18n import translate_error
from cabinet.web.page_user import is_from_script
from cabinet.web.pages import here
from cabinet.web.peer import peer_address
from cabinet.web.problems import status_of, to_response, wants_page
from cabinet.web.runtime import setting
from cabinet.web.services import database, links

# The views of the account's files that links have as well; the rights of the link decide in each.
IN_LINKS = {
    "files.list_files", "files.get", "files.download", "files.look_up", "files.find", "files.thumbnail",
    "files.download_zip", "files.zip_selected", "files.update_found",
    "files.arrange", "files.rename", "files.move_selected", "files.copy_selected", "files.delete",
    "files.upload", "files.new_folder", "files.put", "files.make_folder", "files.move", "files.copy", "files.trash", "files.add_to_trash",
    "tus.options", "tus.create", "tus.get_status", "tus.get", "tus.append", "tus.cancel", "tus.override",
}  # fmt: skip

# Views of a link in place of those of an account.
_INSTEAD = {"files.index": f"{LINK}.show"}

# Views that a link with a password has before the password is known.
_OPEN = {f"{LINK}.unlock", f"{LINK}.ask_for_password", f"{LINK}.qr"}
# Views of bytes, where a download that was counted may continue although none is left.
_BYTES = {f"{LINK}.download", f"{LINK}.files.get", f"{LINK}.files.download"}

COOKIE = "cabinet-share"

# The pages of links and of errors below them say whose they are.
bp.app_context_processor(lambda: {"guest": guest()})


class LinkAwareFlask(Flask):
    """An application whose URLs stay within the link that a request came through.

    A URL of a view that links have leads into the same link; other views, such as the help, are the same for
    everybody.
    """

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Return the URL of a view, as `Flask.url_for`."""
        if guest() is not None:
            inside = f"{LINK}.{endpoint}" if endpoint in IN_LINKS else endpoint
            endpoint = _INSTEAD.get(endpoint, inside)
        return super().url_for(endpoint, **values)


def cookie_name() -> str:
    """Return the name of the cookie that keeps a link open; browsers protect the prefix on HTTPS."""
    return f"__Secure-{COOKIE}" if request.is_secure else COOKIE


def cookie_path() -> str:
    """Return the path of that cookie: the link's own."""
    return f"{request.script_root}/s/{g.link_token}"


@bp.url_value_preprocessor
def _take_token(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.link_token = (values or {}).pop("token", "")


@bp.url_defaults
def _add_token(_endpoint: str, values: dict[str, Any]) -> None:
    if "link_token" in g:
        values.setdefault("token", g.link_token)


@bp.before_request
def _enter() -> None:
    """Find the link and let its guest in; raises `NotFound`, `LinkPasswordRequired` or `TooManyAttempts`."""
    endpoint = (request.endpoint or "").removeprefix(f"{LINK}.")
    if "." in endpoint and endpoint not in IN_LINKS:
        raise NotFound
    if setting("SHARING") == Sharing.OFF:
        raise NotFound
    try:
        found = links().find(g.link_token, peer_address())
        if found.is_used_up and not _continues(found):
            raise NotFound
        g.found_link = found
        if found.has_password and request.endpoint not in _OPEN:
            _check_password(found)
    finally:
        # The request may wait for its client next; the database connection is freed for others.
        database().rollback()
    g.guest = Guest(found)
    g.list_links = links_for(found)


def _continues(found: Link) -> bool:
    """Return whether the request continues a download that was counted."""
    path = (request.view_args or {}).get("path", "")
    return request.endpoint in _BYTES and may_resume_download(found, path)


def _check_password(found: Link) -> None:
    shown = request.authorization
    if shown is not None and shown.type == "basic":
        links().unlock(found, shown.password or "", peer_address())
        return
    links().check_cookie(found, request.cookies.get(cookie_name(), ""))


@bp.errorhandler(LinkPasswordRequired)
def _ask_for_password(error: LinkPasswordRequired) -> ResponseReturnValue:
    """Show the form for the password to a person, and the usual error to a program."""
    if not wants_page() or is_from_script():
        return to_response(error)
    return password_page(error), status_of(error)


def password_page(error: LinkPasswordRequired | None = None) -> str:
    """Return the page that asks for the password of a link, with the error of a wrong one."""
    wrong = None if error is None or type(error) is LinkPasswordRequired else translate_error(error)[1]
    back = here() if request.method == "GET" else request.form.get("next", "")
    return render_template("shares/unlock.html", wrong=wrong, next=back)


@bp.after_request
def _add_headers(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.vary.update(("Accept", "Cookie", "Authorization"))
    return response
