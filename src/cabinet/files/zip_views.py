"""Folders and selections as one download.

Rule: whatever is asked for is found before the first byte is sent; then the archive streams.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.files import bp
from cabinet.files.forms import ChosenForm
from cabinet.files.returning import nothing_chosen, paths_of
from cabinet.web.archives import send_zip
from cabinet.web.context import acting_user, zipping
from cabinet.web.guard import takes_body_of
from cabinet.web.pages import check_form
from cabinet.web.parameters import PATHS_BYTES
from cabinet.web.problems import wants_page


@bp.get("/zip")
def download_zip() -> ResponseReturnValue:
    """Answer with an archive of the files and folders that each `path` names."""
    return send_zip(zipping(acting_user().id).zip(request.args.getlist("path")))


@bp.post("/zip")
@takes_body_of(PATHS_BYTES)
def zip_chosen() -> ResponseReturnValue:
    """Do the same for paths in a form, as many as no address could hold."""
    user, form = acting_user(), ChosenForm()
    if wants_page() and not form.path.data:
        return nothing_chosen()
    check_form(form)
    return send_zip(zipping(user.id).zip(paths_of(form)))
