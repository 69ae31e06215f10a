"""Searching by name; as JSON and as a page.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from cabinet.files import bp
from cabinet.web.context import acting_user, search
from cabinet.web.objects import to_json
from cabinet.web.parameters import after_of, limit_of
from cabinet.web.problems import wants_page

# Hits on one page.
PAGE_LIMIT = 100


@bp.get("/search")
def find() -> ResponseReturnValue:
    """List what has `q` in its name, below the folder `path`."""
    asked, user = request.args, acting_user()
    if wants_page():
        return _search_page(user.id, asked.get("q", ""), asked.get("path", ""))
    page = search(user.id).page(asked.get("q", ""), asked.get("path", ""), limit_of(), after_of())
    return {"path": page.path, "entries": [to_json(entry) for entry in page.entries], "next": page.next}


def _search_page(user_id: int, query: str, path: str) -> str:
    """Show what is found; who has asked for nothing yet sees where to ask."""
    is_asked = bool(query.strip())
    page = search(user_id).page(query, path, PAGE_LIMIT, after_of()) if is_asked else None
    return render_template(
        "files/search.html", query=query, folder=path, page=page, is_first=after_of() is None
    )
