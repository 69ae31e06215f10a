"""Searching by name, for programs; the page is in `search_pages.py`.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.files.blueprint import bp
from cabinet.files.search_pages import show_found
from cabinet.web.identity import acting_user
from cabinet.web.objects import to_json
from cabinet.web.parameters import after_of, limit_of
from cabinet.web.problems import wants_page
from cabinet.web.services import search


@bp.get("/search")
def find() -> ResponseReturnValue:
    """List what has all words of `q` in its name, below the folder `path`."""
    asked, user = request.args, acting_user()
    if wants_page():
        return show_found(user.scope, asked.get("q", ""), asked.get("path", ""))
    page = search(user.scope).page(asked.get("q", ""), asked.get("path", ""), limit_of(), after_of())
    return {"path": page.path, "entries": [to_json(entry) for entry in page.entries], "next": page.next}
