"""The versions of a file: listed, restored, removed; as JSON and as a page. Their bytes are in `views.py`.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import CurrentVersion, QuotaExceeded
from cabinet.files import bp
from cabinet.files.forms import VersionForm
from cabinet.services.tree.versions import VersionEntry
from cabinet.web.context import acting_user, setting, versions
from cabinet.web.listing.navigation import crumbs_of, refuse
from cabinet.web.objects import to_json
from cabinet.web.pages import check_form, local_path, see_other, text_of, to_rfc3339, with_next
from cabinet.web.problems import wants_page


@bp.get("/versions/<path:path>")
def list_versions(path: str) -> ResponseReturnValue:
    """List the versions of a file, the newest first."""
    user = acting_user()
    if wants_page():
        return _versions_page(user.id, path)
    found = versions(user.id).list(path)
    return {"path": path, "versions": [_version_json(version) for version in found]}


@bp.post("/versions/<path:path>/<int:number>/restore")
def restore_version(path: str, number: int) -> ResponseReturnValue:
    """Give a file the bytes of an old version again."""
    return to_json(versions(acting_user().id).restore(path, number))


@bp.delete("/versions/<path:path>/<int:number>")
def discard_version(path: str, number: int) -> ResponseReturnValue:
    """Remove an old version for ever."""
    versions(acting_user().id).discard(path, number)
    return "", HTTPStatus.NO_CONTENT


@bp.post("/index/versions/restore")
def restore_version_from_page() -> ResponseReturnValue:
    """Give a file the bytes of an old version again."""
    user, form = acting_user(), VersionForm()
    path = text_of(form.path)
    try:
        check_form(form)
        versions(user.id).restore(path, form.number.data or 0)
    except QuotaExceeded as error:
        status = refuse(form, error, {})
        return _versions_page(user.id, path, form), status
    flash(
        gettext("The file has the content of version %(number)s again.", number=form.number.data), "success"
    )
    return see_other(with_next(url_for("files.list_versions", path=path), _begun()))


@bp.post("/index/versions/discard")
def discard_version_from_page() -> ResponseReturnValue:
    """Remove an old version for ever."""
    user, form = acting_user(), VersionForm()
    path = text_of(form.path)
    try:
        check_form(form)
        versions(user.id).discard(path, form.number.data or 0)
    except CurrentVersion as error:
        status = refuse(form, error, {})
        return _versions_page(user.id, path, form), status
    flash(gettext("Version %(number)s is gone for ever.", number=form.number.data), "success")
    return see_other(with_next(url_for("files.list_versions", path=path), _begun()))


def _versions_page(user_id: int, path: str, form: VersionForm | None = None) -> str:
    """Show the versions of a file; `form` is one that was refused."""
    found = versions(user_id).list(path)
    *folders, (name, _) = crumbs_of(path)
    return render_template(
        "files/versions.html",
        path=path,
        name=name,
        breadcrumbs=folders,
        versions=found,
        kept=setting("VERSIONS_KEPT"),
        refused_form=form,
        begun=_begun(),
        back=with_next(url_for("files.arrange", path=path), _begun()),
    )


def _begun() -> str | None:
    """Return the list that the way to these versions began in, if the request tells."""
    return local_path(request.values.get("next"), "") or None


def _version_json(version: VersionEntry) -> dict[str, Any]:
    return {
        "number": version.number,
        "size": version.size,
        "content_hash": version.content_hash,
        "created_at": to_rfc3339(version.created_at),
        "current": version.current,
    }
