"""The page of a file's versions, and its forms.

Rule: parse, call the service, render; a refused form is shown again on the page.
"""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import CurrentVersion, QuotaExceeded
from cabinet.files.blueprint import LINKS, bp
from cabinet.files.forms import VersionForm
from cabinet.services.tree.mounts import Place
from cabinet.web.listing.navigation import crumbs_of, refuse
from cabinet.web.pages import check_form, local_path, see_other, text_of, with_next
from cabinet.web.places import place_at
from cabinet.web.runtime import setting
from cabinet.web.services import versions


def show_versions(place: Place, form: VersionForm | None = None) -> str:
    """Show the versions of the file at a place; `form` is a refused one."""
    found, path = versions(place.scope).list(place.path), place.to_actor_path(place.path)
    *folders, (name, _) = crumbs_of(path)
    return render_template(
        "files/versions.html",
        links=LINKS,
        path=path,
        name=name,
        breadcrumbs=folders,
        versions=found,
        kept=setting("VERSIONS_KEPT"),
        may_discard=place.scope.is_whole,
        refused_form=form,
        begun=_begun(),
        back=with_next(url_for("files.arrange", path=path), _begun()),
    )


@bp.post("/index/versions/restore")
def restore_version_from_page() -> ResponseReturnValue:
    """Restore an old version of a file."""
    form = VersionForm()
    path = text_of(form.path)
    place = place_at(path)
    try:
        check_form(form)
        versions(place.scope).restore(place.path, form.number.data or 0)
    except QuotaExceeded as error:
        status = refuse(form, error, {})
        return show_versions(place, form), status
    flash(gettext("Version %(number)s restored", number=form.number.data), "success")
    return see_other(with_next(url_for("files.list_versions", path=path), _begun()))


@bp.post("/index/versions/discard")
def discard_version_from_page() -> ResponseReturnValue:
    """Permanently delete an old version."""
    form = VersionForm()
    path = text_of(form.path)
    place = place_at(path)
    try:
        check_form(form)
        versions(place.scope).discard(place.path, form.number.data or 0)
    except CurrentVersion as error:
        status = refuse(form, error, {})
        return show_versions(place, form), status
    flash(gettext("Version %(number)s permanently deleted", number=form.number.data), "success")
    return see_other(with_next(url_for("files.list_versions", path=path), _begun()))


def _begun() -> str | None:
    """Return the list page that the user came from, if the request names one."""
    return local_path(request.values.get("next"), "") or None
