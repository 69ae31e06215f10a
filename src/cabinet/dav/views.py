"""The view of WebDAV: one for all methods.

Rule: hands the request over to the engine.
"""

from __future__ import annotations

from flask import Response

from cabinet.dav.blueprint import BASE, FACE, bp
from cabinet.web.dav.engine import METHODS, answer
from cabinet.web.request_guards import streams_body


@bp.route("", methods=("OPTIONS", "GET", "HEAD", "PROPFIND"), provide_automatic_options=False)
@bp.route("/<rest:path>", methods=METHODS, provide_automatic_options=False)
@streams_body
def resource(path: str = "") -> Response:
    """Answer a request about the resource at a path."""
    return answer(FACE, BASE, path)
