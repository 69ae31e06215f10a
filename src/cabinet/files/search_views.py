"""Searching by name; as JSON and as a page.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.files import bp
from cabinet.files.returning import page_at_hand
from cabinet.files.rows import Listing, RowMaker, plain_columns
from cabinet.web.context import acting_user, search
from cabinet.web.marking import Marker
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
    """Show what is found; who has asked for nothing yet sees where to ask.

    `from` is the folder that a search everywhere began in: the way back, and the other place to look.
    """
    page = search(user_id).page(query, path, limit_of(PAGE_LIMIT), after_of()) if query.strip() else None
    origin = path or request.args.get("from", "")
    back = page_at_hand()
    maker = RowMaker(back, Marker(query))
    listing = Listing(
        place="search",
        rows=[maker.found(entry) for entry in page.entries] if page else [],
        columns=plain_columns(gettext("Modified")),
        more=_address(query, path, origin, page.next) if page and page.next else "",
        back=back or url_for("files.find"),
    )
    return render_template(
        "files/search.html",
        listing=listing,
        query=query,
        folder=path,
        origin=origin,
        scopes=_scopes(query, path, origin),
        is_first=after_of() is None,
    )


def _scopes(query: str, path: str, origin: str) -> list[tuple[str, str, bool]]:
    """Return where one may search: what that is called, its address, and whether it is searched now."""
    if not origin:
        return []
    name = gettext("In “%(name)s”", name=origin.rpartition("/")[2])
    return [
        (name, _address(query, origin, origin), bool(path)),
        (gettext("Everywhere"), _address(query, "", origin), not path),
    ]


def _address(query: str, path: str, origin: str, after: str | None = None) -> str:
    begun_in = None if path == origin else origin
    asked: dict[str, Any] = {"q": query, "path": path or None, "from": begun_in, "after": after}
    return url_for("files.find", **asked)
