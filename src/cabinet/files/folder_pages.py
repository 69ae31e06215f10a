"""The files page: the entries of a folder, and the form for a new folder.

Rule: parse, call a service, render; a refused form is shown again on its page, with what was typed.
"""

from __future__ import annotations

from flask import Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import EntryExists, InvalidName, NotAFolder
from cabinet.files.blueprint import bp, links_here
from cabinet.services.tree.names import join_path, split_path
from cabinet.web.identity import acting
from cabinet.web.listing.folder_page import show_folder
from cabinet.web.listing.forms import NewFolderForm
from cabinet.web.listing.navigation import REFUSALS, ROWS, refuse, return_url_to
from cabinet.web.listing.remembered import remember
from cabinet.web.listing.updates import UPDATE_BYTES, Shown
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.parameters import read_json
from cabinet.web.places import place_at
from cabinet.web.request_guards import takes_body_of
from cabinet.web.services import files


@bp.get("/index")
def index() -> ResponseReturnValue:
    """Show a folder."""
    return show_folder(links_here(), request.args.get("path", ""))


@bp.post("/index" + ROWS)
@takes_body_of(UPDATE_BYTES)
def update_index() -> ResponseReturnValue:
    """Update the rows of a folder that a page shows."""
    return show_folder(links_here(), request.args.get("path", ""), shown=read_json(Shown))


@bp.post("/index/folders")
def new_folder() -> ResponseReturnValue:
    """Create a folder in the open one."""
    acting()
    form = NewFolderForm()
    parent = text_of(form.folder)
    try:
        check_form(form)
        place = place_at(join_path((*split_path(parent), *split_path(text_of(form.name)))))
        made = files(place.scope).make_folder(place.path)
    except REFUSALS as error:
        status = refuse(form, error, {EntryExists: "name", InvalidName: "name", NotAFolder: "name"})
        return show_folder(links_here(), parent, form=form), status
    flash(gettext("Created the folder “%(name)s”", name=made.name), "success")
    return see_other(return_url_to(links_here(), parent))


@bp.after_request
def remember_choices(response: Response) -> Response:
    """Remember the view and the order of lists."""
    return remember(response, "files.index")
