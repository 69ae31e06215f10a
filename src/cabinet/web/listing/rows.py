"""Prepare the rows of a list for the template: shortened names, formatted sizes and times, URLs.

A page has hundreds of rows, so values that all of them share are computed once.

Rule: values only; the markup is in `listing/_row.html`, the same for a folder, search results and the trash.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import quote, urlencode

from flask import request
from flask_babel import gettext, ngettext
from markupsafe import Markup, escape

from cabinet.services.access.roles import ShareRole
from cabinet.services.thumbnails.decoder import MEDIA_TYPES as PICTURES
from cabinet.services.thumbnails.thumbnails import EDITION
from cabinet.services.tree.entries import Entry, FolderTotals, Mounted
from cabinet.services.tree.paging import Order, Sort
from cabinet.web.formats import file_kind, formatter, name_parts, number, sharing
from cabinet.web.listing.highlight import Marker
from cabinet.web.listing.links import Links
from cabinet.web.listing.navigation import is_list_page
from cabinet.web.listing.remembered import view_of_request
from cabinet.web.page_user import arguments, user_argument
from cabinet.web.pages import LONGEST_ADDRESS
from cabinet.web.quoting import quote_path

# The size of thumbnails in a row and in a tile, in pixels of a screen with a device pixel ratio of two.
ROW_PICTURE, TILE_PICTURE = 64, 256

NOTHING = Markup()


class Row(NamedTuple):
    """One entry. `key` is what selects it: its path, or its id in the trash.

    `tag` identifies this row and the entry's state. `role` is the viewer's role if the entry is a folder
    shared with them, or lies in one.
    """

    key: str
    tag: str
    path: str
    kind: str
    name: str
    stem: str
    tail: str
    href: str
    menu: str
    glyph: str
    picture: str
    size: int
    size_text: str
    size_title: str
    media_type: str
    time: Markup
    select_label: str
    menu_label: str
    where: str = ""
    where_href: str = ""
    note: Markup = NOTHING
    role: str = ""
    is_mount: bool = False
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column heading; without `href` the list cannot be sorted by it."""

    key: str
    label: str
    href: str = ""
    aria_sort: str = ""


class RowRun(NamedTuple):
    """Consecutive rows: rendered ones, or the range of `kept` rows that the page already shows."""

    rows: Sequence[Row] = ()
    kept: range = range(0)


@dataclass(frozen=True, slots=True)
class ListContent:
    """The rows of a list, `count` of them; with `has_rest`, some are missing and must be requested."""

    pieces: Sequence[RowRun]
    count: int
    has_rest: bool = False


def whole(rows: Sequence[Row]) -> ListContent:
    """Return the content of a list with all rows rendered."""
    return ListContent([RowRun(rows)] if rows else [], len(rows))


@dataclass(frozen=True, slots=True)
class ListPage:
    """The data of `listing/_list.html`.

    `place` is "folder", "search" or "trash", `more` the URL of the next page. `links` are those of the
    blueprint. `order` is set if the list can be sorted. `back` is where the page's forms lead back to, and
    `begin` the same for forms that add something, empty for the default list.
    """

    links: Links
    place: str
    content: ListContent
    columns: Sequence[Column]
    back: str
    more: str = ""
    begin: str = ""
    order: Order | None = None
    view: str = field(default_factory=view_of_request)

    @property
    def selection_field(self) -> str:
        """The form field for the key of a selected row."""
        return "id" if self.place == "trash" else "path"

    def address(self, view: str) -> str:
        """Return the URL of the current page in another view."""
        if is_list_page():
            # The client chose these names, so they must not become keyword arguments of url_for.
            return f"{self.links.place(self.place)}?{urlencode(arguments() | {'view': view})}"
        return self.links.place(self.place, path=request.form.get("folder") or None, view=view)


class RowMaker:
    """Makes the rows of a response with URLs from `links`.

    `back` is where the page of a row's menu leads back to. `marker` highlights search matches in names.
    """

    def __init__(self, links: Links, back: str = "", marker: Marker | None = None) -> None:
        self._marker = marker
        self._formatter = formatter()
        self._folder = links.page_of("") + "?path="
        self._file = links.before_path(links.file) if links.file else ""
        self._menu = links.to(links.menu) + "?path=" if links.menu else ""
        self._back = f"&next={quote(back)}" if back else ""
        pixels = TILE_PICTURE if view_of_request() == "grid" else ROW_PICTURE
        # Content URLs name the page's user, so that they serve no other account; see page_user.py.
        whose = urlencode(user_argument())
        self._whose = f"?{whose}" if whose else ""
        self._picture = (
            links.before_path(links.thumbnail) if links.thumbnail else "",
            f"?size={pixels}&edition={EDITION}{whose and f'&{whose}'}&of=",
        )
        self._choose = gettext("Select “%(name)s”")
        self._actions = gettext("Actions for “%(name)s”")
        self._root = str(links.root)

    def row(self, entry: Entry) -> Row:
        """Return the row of an entry in the open folder."""
        return self._make(
            entry, entry.path, quote_path(entry.path), self._formatter.moment(entry.modified_at)
        )

    def found(self, entry: Entry) -> Row:
        """Return the row of an entry in any folder, with a link to that folder that shows the entry."""
        parent = entry.path.rpartition("/")[0]
        folder = self._folder + quote_path(parent) if parent else self._folder.removesuffix("?path=")
        where_href = f"{folder}#show={quote(entry.name, safe='')}"
        time = self._formatter.moment(entry.modified_at)
        return self._make(
            entry, entry.path, quote_path(entry.path), time, where=parent or self._root, where_href=where_href
        )

    def trashed(self, trash_id: str, entry: Entry, time: Markup, note: Markup) -> Row:
        """Return the row of an item in the trash; its name is not a link."""
        parent = entry.path.rpartition("/")[0]
        made = self._make(entry, trash_id, "", time, where=parent or self._root, note=note)
        # It does not change while it is in the trash.
        return made._replace(tag=trash_id)

    def _make(
        self,
        entry: Entry,
        key: str,
        address: str,
        time: Markup,
        *,
        where: str = "",
        where_href: str = "",
        note: Markup = NOTHING,
    ) -> Row:
        name, totals, named = entry.name, entry.totals, {"name": entry.name}
        size = (entry.size or 0) if totals is None else totals.size
        stem, tail = self._parts(name)
        family = "" if entry.is_folder else file_kind(name)
        return Row(
            key=key,
            tag=tag_of_entry(key, entry),
            path=entry.path,
            kind=entry.kind,
            name=name,
            stem=stem,
            tail=tail,
            href=self._address_of(entry, address) if address else "",
            menu=self._menu_of(address) if address else "",
            glyph="folder" if entry.is_folder else family or "file",
            picture=self._picture_of(entry, address),
            size=size,
            size_text=self._formatter.filesize(size),
            size_title=self._title_of(size, totals),
            media_type=entry.media_type or "",
            time=time,
            select_label=self._choose % named,
            menu_label=self._actions % named,
            where=where,
            where_href=where_href,
            note=note if entry.mounted is None else escape(sharing(entry.mounted)),
            role=entry.role or "",
            is_mount=entry.mounted is not None,
            is_shared=entry.is_shared,
        )

    def _title_of(self, size: int, totals: FolderTotals | None) -> str:
        """Return the exact size; for a folder, with the number of files."""
        exact = self._formatter.exact_size(size)
        return exact if totals is None else f"{exact} · {count_files(totals.files)}"

    def _menu_of(self, address: str) -> str:
        if not self._menu:
            return ""
        has_room = len(self._menu) + len(address) + len(self._back) <= LONGEST_ADDRESS
        return self._menu + address + (self._back if has_room else "")

    def _parts(self, name: str) -> tuple[str, str]:
        stem, tail = name_parts(name)
        if self._marker is None:
            return stem, tail
        before, after = self._marker.mark(name, len(stem))
        return before, after

    def _address_of(self, entry: Entry, address: str) -> str:
        """Return the link of an entry's name: a folder's page, or a file's content, empty if it is not shown."""
        if entry.is_folder:
            return self._folder + address
        return f"{self._file}{address}{self._whose}" if self._file else ""

    def _picture_of(self, entry: Entry, address: str) -> str:
        """Return the URL of the thumbnail of an entry, empty if there can be none."""
        start, rest = self._picture
        if not (address and start) or entry.media_type not in PICTURES:
            return ""
        return f"{start}{address}{rest}{entry.content_hash}"


def count_files(count: int) -> str:
    """Return the number of files as a text."""
    return str(ngettext("%(count)s file", "%(count)s files", count, count=number(count)))


def tag_of_entry(key: str, entry: Entry) -> str:
    """Return the tag of an entry's row."""
    totals = entry.totals
    shown = (entry.size or 0, 0) if totals is None else (totals.size, totals.files)
    beside = (entry.role, entry.mounted, entry.is_shared)
    return tag_of(key, shown, entry.modified_at, entry.content_hash, *beside)


def tag_of(
    key: str,
    shown: tuple[int, int],
    modified_at: datetime,
    content_hash: str | None,
    role: ShareRole | None = None,
    mounted: Mounted | None = None,
    is_shared: bool = False,
) -> str:
    """Return the tag of a row; `shown` is its size in bytes and, for a folder, the number of files."""
    beside = f"{role}\0{mounted and mounted.owner}\0{is_shared}"
    hashed = f"{key}\0{shown}\0{modified_at}\0{content_hash}\0{beside}".encode()
    return urlsafe_b64encode(blake2b(hashed, digest_size=6).digest()).decode()


def sortable_columns(links: Links, folder: str, order: Order) -> list[Column]:
    """Return the headings of a folder's list; each links to the list sorted by it, the active one reversed."""
    labels = {
        Sort.NAME: gettext("Name"),
        Sort.SIZE: gettext("Size"),
        Sort.MODIFIED: gettext("Modified"),
    }
    return [_column(links, folder, order, sort, label) for sort, label in labels.items()]


def _column(links: Links, folder: str, order: Order, sort: Sort, label: str) -> Column:
    active = order.sort is sort
    turned = "desc" if active and not order.descending else "asc"
    href = links.page_of(folder, sort=sort.value, order=turned)
    aria_sort = ("descending" if order.descending else "ascending") if active else ""
    return Column(sort.value, label, href, aria_sort)


def plain_columns(time_label: str) -> list[Column]:
    """Return the headings of a list that cannot be sorted; `time_label` is the label of its times."""
    return [Column("name", gettext("Name")), Column("size", gettext("Size")), Column("modified", time_label)]
