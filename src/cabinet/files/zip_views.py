"""Download folders and selections as archives.

Rule: all entries are looked up before the first byte is sent; then the archive is streamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from cabinet.errors import MalformedRequest
from cabinet.files.blueprint import bp, links_here
from cabinet.files.download_pages import download_page_url
from cabinet.files.selection_forms import FolderSelectionRequest, selection_of_form
from cabinet.services.archives.zip_names import Naming
from cabinet.services.changes.selections import FolderSelection
from cabinet.web.archives import send_zip
from cabinet.web.forms import SelectionForm, paths_of
from cabinet.web.identity import acting
from cabinet.web.listing.navigation import nothing_selected
from cabinet.web.pages import check_form, continues_at
from cabinet.web.parameters import MAX_PATHS, NOT_EXACTLY_ONE_FORM, PATHS_BYTES, read_one_of, to_choice
from cabinet.web.places import place_at, places_at
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import takes_body_of
from cabinet.web.services import zipping


class ZipPaths(BaseModel):
    """The body of `POST /zip` that names its items."""

    path: list[str] = Field(min_length=1, max_length=MAX_PATHS)
    names: str = Naming.SAFE


class ZipFolder(FolderSelectionRequest):
    """The body that selects everything in a folder except some entries."""

    names: str = Field(default=Naming.SAFE, strict=False)


@bp.get("/zip")
@continues_at(download_page_url)
def download_zip() -> ResponseReturnValue:
    """Return an archive of the files and folders that each `path` names."""
    return _send(request.args.getlist("path"), _naming())


@bp.post("/zip")
@continues_at(download_page_url)
@takes_body_of(PATHS_BYTES)
def zip_selected() -> ResponseReturnValue:
    """Return an archive of the paths in the body, too many for a URL, or of a folder except some entries."""
    acting()
    if request.is_json:
        wanted = read_one_of(("path", ZipPaths), ("folder", ZipFolder))
        naming = _to_naming(wanted.names)
        if isinstance(wanted, ZipFolder):
            return _send_all(wanted.selection(), naming)
        return _send(wanted.path, naming)
    form, selection = SelectionForm(), selection_of_form()
    if selection is not None:
        if form.path.data:
            raise MalformedRequest(reason=NOT_EXACTLY_ONE_FORM)
        return _send_all(selection, _naming())
    if wants_page() and not form.path.data:
        return nothing_selected(links_here())
    check_form(form)
    return _send(paths_of(form), _naming())


def _send(paths: Sequence[str], naming: Naming) -> ResponseReturnValue:
    places = places_at(paths)
    return send_zip(zipping(acting().scope).zip_places(places, naming), places)


def _send_all(selection: FolderSelection, naming: Naming) -> ResponseReturnValue:
    place = place_at(selection.folder)
    archive = zipping(place.scope).zip_all(replace(selection, folder=place.path), naming)
    return send_zip(archive, [place], selection.count)


def _naming() -> Naming:
    """Return how the query or the form wants entries to be named; raises `InvalidField`."""
    return _to_naming(request.values.get("names", Naming.SAFE))


def _to_naming(value: str) -> Naming:
    return to_choice(Naming, "names", value)
