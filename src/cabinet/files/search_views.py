"""Search by name, for programs; the page is in `search_pages.py`.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.files.blueprint import bp
from cabinet.files.search_pages import show_found
from cabinet.web.parameters import after_of, limit_of
from cabinet.web.places import place_at
from cabinet.web.problems import wants_page
from cabinet.web.serializers import to_json_all
from cabinet.web.services import search


@bp.get("/search")
def find() -> ResponseReturnValue:
    """List the entries with all words of `q` in their names, below the folder `path`."""
    asked = request.args
    place = place_at(asked.get("path", ""))
    if wants_page():
        return show_found(place, asked.get("q", ""))
    page = search(place.scope).page(asked.get("q", ""), place.path, limit_of(), after_of())
    entries = to_json_all(map(place.to_actor_entry, page.entries))
    return {"path": place.to_actor_path(page.path), "entries": entries, "next": page.next}
