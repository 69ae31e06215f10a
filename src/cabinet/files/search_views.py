"""Searching by name.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.files import bp
from cabinet.web.context import acting_user, search
from cabinet.web.objects import to_json
from cabinet.web.parameters import after_of, limit_of


@bp.get("/search")
def find() -> ResponseReturnValue:
    """List what has `q` in its name, below the folder `path`."""
    asked = request.args
    page = search(acting_user().id).page(asked.get("q", ""), asked.get("path", ""), limit_of(), after_of())
    return {"path": page.path, "entries": [to_json(entry) for entry in page.entries], "next": page.next}
