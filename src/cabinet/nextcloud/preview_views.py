"""Previews of images, as the apps ask for them: by the number of a file, or by its path.

    core/preview?fileId=7&x=256&y=256
    core/preview.png?file=/folder/photo.jpg&x=256&y=256
    apps/files/api/v1/thumbnail/256/256/folder/photo.jpg

The apps know only whether there is one: 404 stands for a picture that none can be made of, and for one that is still
being made, which they ask for again. Pictures of users are 404 as well, and the apps draw initials themselves.

Rule: nothing is decoded during a request.
"""

from __future__ import annotations

from flask import Response, request

from cabinet.errors import NotFound
from cabinet.nextcloud.blueprint import apps
from cabinet.services.thumbnails.sizes import SIZES
from cabinet.services.thumbnails.thumbnails import Missing
from cabinet.services.tree.file_numbers import path_of_number
from cabinet.web.identity import acting_user
from cabinet.web.places import place_at
from cabinet.web.ranges import send_entry
from cabinet.web.services import database, files, thumbnails

_SIDE = 256


@apps.get("/core/preview")
@apps.get("/core/preview.png")
def preview() -> Response:
    """Return the preview of the file with a number, or at a path."""
    number = request.args.get("fileId")
    path = request.args.get("file", "") if number is None else _path_of(number)
    return _send(path, _side("x"), _side("y"))


@apps.get("/apps/files/api/v1/thumbnail/<int:width>/<int:height>/<path:path>")
def thumbnail(width: int, height: int, path: str) -> Response:
    """Return the preview of the file at a path."""
    return _send(path, width, height)


def _path_of(number: str) -> str:
    return path_of_number(database(), acting_user().scope, number)


def _side(name: str) -> int:
    """Return the length that the query has for a side, in pixels."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else _SIDE


def _send(path: str, width: int, height: int) -> Response:
    """Return the smallest thumbnail that covers the sides; raises `NotFound`, also while it is being made."""
    place = place_at(path.strip("/"))
    entry = place.to_actor_entry(files(place.scope).get(place.path))
    wanted = max(width, height)
    size = next((known for known in SIZES if known >= wanted), SIZES[-1])
    found = thumbnails(place.scope).find(entry, size)
    if isinstance(found, Missing):
        raise NotFound
    return send_entry(request, found, lambda: files(place.scope).open(found), attachment=False)
