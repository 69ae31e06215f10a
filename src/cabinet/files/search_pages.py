"""The page of search results.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.files.blueprint import bp, links_here
from cabinet.services.tree.mounts import Place
from cabinet.web.listing.forms import empty_forms
from cabinet.web.listing.highlight import Marker
from cabinet.web.listing.navigation import ROWS, current_list_page
from cabinet.web.listing.rows import ListContent, ListPage, RowMaker, plain_columns, tag_of_entry, whole
from cabinet.web.listing.updates import UPDATE_BYTES, Shown
from cabinet.web.parameters import after_of, limit_of, read_json
from cabinet.web.places import place_at
from cabinet.web.request_guards import takes_body_of
from cabinet.web.runtime import setting
from cabinet.web.services import search

# Results per page.
PAGE_LIMIT = 100


def show_found(place: Place, query: str, shown: Shown | None = None) -> str:
    """Show the search results, or only the search field without a query.

    `from` is the folder where a search of all files began: the way back, and the other place to search.
    """
    path = place.to_actor_path(place.path)
    origin = path or request.args.get("from", "")
    back = current_list_page()
    maker = RowMaker(links_here(), back, Marker(query))
    content, after = _found(place, query, maker, shown) if query.strip() else (whole([]), None)
    listing = ListPage(
        links=links_here(),
        place="search",
        content=content,
        columns=plain_columns(gettext("Modified")),
        more=_address(query, path, origin, after) if after else "",
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
        max_upload_size=setting("MAX_UPLOAD_SIZE"),
        **empty_forms(),
    )


@bp.post("/search" + ROWS)
@takes_body_of(UPDATE_BYTES)
def update_found() -> ResponseReturnValue:
    """Update the search results that a page shows."""
    shown = read_json(Shown)
    return show_found(place_at(request.args.get("path", "")), request.args.get("q", ""), shown)


def _found(place: Place, query: str, maker: RowMaker, shown: Shown | None) -> tuple[ListContent, str | None]:
    """Return a page of results, or an update of the rows that a page shows; and the next page's cursor."""
    service, path = search(place.scope), place.path
    if shown is None:
        page = service.page(query, path, limit_of(PAGE_LIMIT), after_of())
        return whole([maker.found(place.to_actor_entry(entry)) for entry in page.entries]), page.next
    page = service.first_part(query, path, shown.extent(limit_of(PAGE_LIMIT)), after_of())
    entries = [place.to_actor_entry(entry) for entry in page.entries]
    tags = [tag_of_entry(each.path, each) for each in entries]
    content = shown.compare(tags, lambda numbers: {each: maker.found(entries[each]) for each in numbers})
    return content, page.next


def _scopes(query: str, path: str, origin: str) -> list[tuple[str, str, bool]]:
    """Return the places to search: label, URL, and whether it is the current one."""
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
