"""Folders and selections as one download.

Rule: whatever is asked for is found before the first byte is sent; then the archive streams.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.files import bp
from cabinet.web.archives import send_zip
from cabinet.web.context import acting_user, zipping
from cabinet.web.guard import takes_body_of

# Bytes of a form with many paths, and the most that Werkzeug reads of one: 1000 paths of 160 letters.
FORM_BYTES = 500_000


@bp.get("/zip")
def download_zip() -> ResponseReturnValue:
    """Answer with an archive of the files and folders that each `path` names."""
    return send_zip(zipping(acting_user().id).zip(request.args.getlist("path")))


@bp.post("/zip")
@takes_body_of(FORM_BYTES)
def download_selection() -> ResponseReturnValue:
    """Do the same for paths in a form, as many as no address could hold."""
    return send_zip(zipping(acting_user().id).zip(request.form.getlist("path")))
