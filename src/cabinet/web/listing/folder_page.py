"""The page of a folder: its entries as a list, for an account and for guests of a link.

Rule: values and a rendered page; the faces decide which requests get it.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template

from cabinet.services.tree.listing import Outline
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.paging import Order, Page
from cabinet.web.listing.forms import NewFolderForm, UploadForm
from cabinet.web.listing.links import Links
from cabinet.web.listing.navigation import crumbs_of, current_list_page
from cabinet.web.listing.remembered import order_of_page
from cabinet.web.listing.rows import (
    ListContent,
    ListPage,
    Row,
    RowMaker,
    sortable_columns,
    tag_of,
    whole,
)
from cabinet.web.listing.updates import Shown
from cabinet.web.parameters import limit_of
from cabinet.web.places import place_at
from cabinet.web.runtime import setting
from cabinet.web.services import files

# Entries per page.
PAGE_LIMIT = 200


def show_folder(
    links: Links, path: str, *, form: NewFolderForm | None = None, shown: Shown | None = None
) -> str:
    """Show the folder at `path`, or update the rows that a page shows; `form` is a refused one."""
    order = order_of_page()
    back, place = current_list_page(), place_at(path)
    page, content = _content_of(place, order, RowMaker(links, back), shown)
    folder = place.to_actor_path(page.path)
    listing = ListPage(
        links=links,
        place="folder",
        content=content,
        columns=sortable_columns(links, folder, order),
        more=_address_of_more(links, folder, page.next, order) if page.next else "",
        back=back or links.page_of(folder),
        begin=current_list_page(is_first=True),
        order=order,
    )
    return render_template(
        "files/index.html",
        folder=folder,
        breadcrumbs=crumbs_of(folder),
        listing=listing,
        is_first=order.after is None,
        totals=page.totals,
        shown=page.shown,
        mounted=place.mount and place.mount.mounted,
        upload_form=UploadForm(formdata=None),
        folder_form=form or NewFolderForm(formdata=None, folder=path),
        max_upload_size=setting("MAX_UPLOAD_SIZE"),
    )


def _content_of(
    place: Place, order: Order, maker: RowMaker, shown: Shown | None
) -> tuple[Page | Outline, ListContent]:
    """Return one page of the folder's rows, or the update of the rows that a page shows."""
    service = files(place.scope)
    if shown is None:
        page = service.list_page(place.path, order, limit_of(PAGE_LIMIT))
        return page, whole([maker.row(place.to_actor_entry(entry)) for entry in page.entries])
    outline = service.outline(place.path, order, shown.extent(limit_of(PAGE_LIMIT)))
    folder = place.to_actor_path(outline.path)
    mounted = None if place.mount is None else place.mount.mounted
    role = None if mounted is None else mounted.role
    above = f"{folder}/" if folder else ""
    tags = [
        tag_of(
            above + each.name,
            (each.size + each.tree_size, each.tree_files),
            each.modified_at,
            each.content_hash,
            each.mounted.role if each.mounted else role,
            each.mounted,
            each.id in outline.shared,
        )
        for each in outline.summaries
    ]

    def draw(numbers: Sequence[int]) -> dict[int, Row]:
        entries = service.outline_entries(outline, numbers)
        return {number: maker.row(place.to_actor_entry(entry)) for number, entry in entries.items()}

    return outline, shown.compare(tags, draw)


def _address_of_more(links: Links, folder: str, after: str, order: Order) -> str:
    turned = "desc" if order.descending else "asc"
    return links.page_of(folder, sort=order.sort.value, order=turned, after=after)
