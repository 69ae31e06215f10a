"""Thumbnails of files.

Rule: a response may say that the thumbnail is not ready; nothing is decoded during a request.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.files.blueprint import bp
from cabinet.services.thumbnails.sizes import SIZES
from cabinet.services.thumbnails.thumbnails import Missing
from cabinet.web.places import place_at
from cabinet.web.ranges import send_entry
from cabinet.web.services import files, thumbnails

DEFAULT_SIZE = "256"

# Seconds until it is worthwhile to ask again.
RETRY_AFTER = 1

# For a URL with the content hash: its thumbnail never changes.
FOREVER = "private, max-age=31536000, immutable"
# The next release may be able to make a thumbnail that this one cannot.
A_DAY = "private, max-age=86400"


@bp.get("/thumbnails/<path:path>")
def thumbnail(path: str) -> ResponseReturnValue:
    """Return a thumbnail of a file; 202 while it is being made, 204 if none can be made.

    With `?of=` and the file's content hash the response may be cached forever.
    """
    place = place_at(path)
    scope = place.scope
    entry = place.to_actor_entry(files(scope).get(place.path))
    size = request.args.get("size", DEFAULT_SIZE)
    found = thumbnails(scope).find(entry, next((known for known in SIZES if str(known) == size), 0))
    names_content = request.args.get("of") == entry.content_hash
    if found is Missing.NOT_YET:
        return "", HTTPStatus.ACCEPTED, {"Retry-After": str(RETRY_AFTER)}
    if found is Missing.NEVER:
        # Not an error: a page requests one for every file with an image type.
        return "", HTTPStatus.NO_CONTENT, {"Cache-Control": A_DAY} if names_content else {}
    response = send_entry(request, found, lambda: files(scope).open(found), attachment=False)
    if names_content:
        response.headers["Cache-Control"] = FOREVER
    return response
