"""Send listings of folders with an entity tag, or 304 if the client has the current one.

Rule: the tag covers everything that the response depends on besides the folder's contents: the URL with its
query, the language, and what the actor may see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request
from flask_babel import get_locale

from cabinet.services.access.scope import Scope
from cabinet.services.tree.entries import FolderTotals
from cabinet.web.ranges import to_etag
from cabinet.web.runtime import runtime, setting


def listing_tag(scope: Scope, totals: FolderTotals, shown: Sequence[str] = ()) -> str | None:
    """Return the entity tag of the requested listing, None if it may have none.

    `shown` is what the listing shows besides the folder's contents.
    """
    beside = (
        # The URLs of entries begin with it.
        setting("PUBLIC_URL") or request.script_root,
        request.path,
        request.query_string.decode("latin-1"),
        str(get_locale()),
        *map(str, (*scope.key, scope.rights.value, scope.actor.user_id)),
        *shown,
    )
    return runtime().folder_tags.tag_of(totals, beside)


def send_listing(
    scope: Scope,
    find: Callable[[], tuple[FolderTotals | None, Sequence[str]]],
    list_: Callable[[], tuple[Mapping[str, Any], FolderTotals, Sequence[str]]],
) -> Response:
    """Respond with what `list_` returns, or with 304, for which `find` reads only the folder itself.

    Both return what the folder contains and what its listing shows besides that.
    """
    if "If-None-Match" in request.headers:
        held, shown = find()
        tag = None if held is None else listing_tag(scope, held, shown)
        if tag is not None and request.if_none_match.contains_weak(tag):
            return _with_tag(Response(status=HTTPStatus.NOT_MODIFIED), tag)
    document, totals, shown = list_()
    return _with_tag(jsonify(document), listing_tag(scope, totals, shown))


def _with_tag(response: Response, tag: str | None) -> Response:
    if tag is not None:
        response.headers["ETag"] = to_etag(tag)
        response.headers["Cache-Control"] = "private, no-cache"
    return response
