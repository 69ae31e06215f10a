"""The files page: the entries of a folder, and the form for a new folder.

Rule: parse, call a service, render; a refused form is shown again on its page, with what was typed.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import EntryExists, InvalidName, NotAFolder
from cabinet.files.blueprint import LINKS, bp
from cabinet.files.forms import NewFolderForm, UploadForm
from cabinet.services.tree.listing import Outline
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.paging import Order, Page
from cabinet.web.identity import acting_user
from cabinet.web.listing.navigation import REFUSALS, ROWS, crumbs_of, page_at_hand, refuse, way_back_to
from cabinet.web.listing.remembered import order_of_page, remember
from cabinet.web.listing.rows import (
    Content,
    Listing,
    Row,
    RowMaker,
    sortable_columns,
    tag_of,
    whole,
)
from cabinet.web.listing.updates import UPDATE_BYTES, Shown
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.parameters import limit_of, read_json
from cabinet.web.places import place_at
from cabinet.web.request_guards import takes_body_of
from cabinet.web.runtime import setting
from cabinet.web.services import files

# Entries per page.
PAGE_LIMIT = 200


@bp.get("/index")
def index() -> ResponseReturnValue:
    """Show a folder."""
    form = NewFolderForm(formdata=None, folder=request.args.get("path", ""))
    return _index_page(form, order_of_page())


@bp.post("/index" + ROWS)
@takes_body_of(UPDATE_BYTES)
def update_index() -> ResponseReturnValue:
    """Update the rows of a folder that a page shows."""
    shown = read_json(Shown)
    form = NewFolderForm(formdata=None, folder=request.args.get("path", ""))
    return _index_page(form, order_of_page(), shown)


@bp.post("/index/folders")
def new_folder() -> ResponseReturnValue:
    """Create a folder in the open one."""
    acting_user()
    form = NewFolderForm()
    parent = text_of(form.folder)
    try:
        check_form(form)
        place = place_at(join_path((*split_path(parent), *split_path(text_of(form.name)))))
        made = files(place.scope).make_folder(place.path)
    except REFUSALS as error:
        status = refuse(form, error, {EntryExists: "name", InvalidName: "name", NotAFolder: "name"})
        return _index_page(form, order_of_page()), status
    flash(gettext("The folder “%(name)s” is made.", name=made.name), "success")
    return see_other(way_back_to(LINKS, parent))


@bp.after_request
def keep_wishes(response: Response) -> Response:
    """Remember the view and the order of lists."""
    return remember(response, LINKS.folder)


def _index_page(form: NewFolderForm, order: Order, shown: Shown | None = None) -> str:
    back, place = page_at_hand(), place_at(text_of(form.folder))
    page, content = _content_of(place, order, RowMaker(LINKS, back), shown)
    folder = place.outside(page.path)
    listing = Listing(
        links=LINKS,
        place="folder",
        content=content,
        columns=sortable_columns(LINKS, folder, order),
        more=_address_of_more(folder, page.next, order) if page.next else "",
        back=back or LINKS.page_of(folder),
        begin=page_at_hand(is_first=True),
        order=order,
    )
    return render_template(
        "files/index.html",
        folder=folder,
        breadcrumbs=crumbs_of(folder),
        listing=listing,
        is_first=order.after is None,
        totals=page.insides,
        shown=page.shown,
        mounted=place.mount and place.mount.mounted,
        upload_form=UploadForm(formdata=None),
        folder_form=form,
        max_upload_size=setting("MAX_UPLOAD_SIZE"),
    )


def _content_of(
    place: Place, order: Order, maker: RowMaker, shown: Shown | None
) -> tuple[Page | Outline, Content]:
    """Return one page of the folder's rows, or the update of the rows that a page shows."""
    service = files(place.scope)
    if shown is None:
        page = service.list_page(place.path, order, limit_of(PAGE_LIMIT))
        return page, whole([maker.row(place.shown(entry)) for entry in page.entries])
    outline = service.outline(place.path, order, shown.extent(limit_of(PAGE_LIMIT)))
    folder = place.outside(outline.path)
    role = None if place.mount is None else place.mount.mounted.role
    above = f"{folder}/" if folder else ""
    tags = [
        tag_of(
            above + each.name,
            (each.size + each.tree_size, each.tree_files),
            each.modified_at,
            each.content_hash,
            each.mounted.role if each.mounted else role,
            each.mounted,
        )
        for each in outline.briefs
    ]

    def draw(numbers: Sequence[int]) -> dict[int, Row]:
        entries = service.outlined(outline, numbers)
        return {number: maker.row(place.shown(entry)) for number, entry in entries.items()}

    return outline, shown.compare(tags, draw)


def _address_of_more(folder: str, after: str, order: Order) -> str:
    turned = "desc" if order.descending else "asc"
    return LINKS.page_of(folder, sort=order.sort.value, order=turned, after=after)
