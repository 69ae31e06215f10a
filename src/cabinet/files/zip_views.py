"""Folders and selections as one download.

Rule: whatever is asked for is found before the first byte is sent; then the archive streams.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.files import bp
from cabinet.web.archives import send_zip
from cabinet.web.context import acting_user, zipping


@bp.get("/zip")
def download_zip() -> ResponseReturnValue:
    """Answer with an archive of the files and folders that each `path` names."""
    service = zipping(acting_user().id)
    return send_zip(service.zip(request.args.getlist("path")))
