"""The rows of a list, each value as the template puts it: names cut, sizes and times in words, addresses whole.

A page has hundreds of rows, so whatever is the same for all of them is asked for once.

Rule: values only; the markup is in `listing/_row.html`, one for a folder, for what was found, for the trash.
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
from cabinet.services.tree.entries import Entry, Insides, Mounted
from cabinet.services.tree.paging import Order, Sort
from cabinet.web.formats import file_kind, name_parts, number, sharing, speech
from cabinet.web.listing.highlight import Marker
from cabinet.web.listing.links import Links
from cabinet.web.listing.navigation import is_of_a_page
from cabinet.web.listing.remembered import view_of_request
from cabinet.web.page_user import arguments, user_argument
from cabinet.web.pages import LONGEST_ADDRESS

# Pixels of the picture in a row and in a tile, on a screen with two of its own to each of ours.
ROW_PICTURE, TILE_PICTURE = 64, 256

NOTHING = Markup()


class Row(NamedTuple):
    """One entry. `key` is what it is chosen by: its path, or in the trash its id there.

    `tag` tells this row from every other, and from what it was before the entry changed. `role` is what
    whoever looks at it is in the folder that somebody shared with them, if it is that or lies there.
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
    choose_label: str
    menu_label: str
    where: str = ""
    where_href: str = ""
    note: Markup = NOTHING
    role: str = ""
    is_mount: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; without `href` the list cannot be sorted by it."""

    key: str
    label: str
    href: str = ""
    aria_sort: str = ""


class Piece(NamedTuple):
    """Rows that follow each other: drawn, or where they are in the list that a page has `kept`."""

    rows: Sequence[Row] = ()
    kept: range = range(0)


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of a list, `count` of them; when it `has_rest`, some are missing and have to be asked for."""

    pieces: Sequence[Piece]
    count: int
    has_rest: bool = False


def whole(rows: Sequence[Row]) -> Content:
    """Return a list of which every row is drawn."""
    return Content([Piece(rows)] if rows else [], len(rows))


@dataclass(frozen=True, slots=True)
class Listing:
    """What `listing/_list.html` shows. `place` is "folder", "search" or "trash", `more` where the next page is.

    `links` are those of the face that shows it. A list that can be sorted says its `order`. `back` is where
    the forms of the page lead back to, and `begin` where those do that put something into it, empty for the
    list as it usually is.
    """

    links: Links
    place: str
    content: Content
    columns: Sequence[Column]
    back: str
    more: str = ""
    begin: str = ""
    order: Order | None = None
    view: str = field(default_factory=view_of_request)

    @property
    def chosen_as(self) -> str:
        """The field that the key of a chosen row is posted in."""
        return "id" if self.place == "trash" else "path"

    def address(self, view: str) -> str:
        """Return where the page at hand is looked at in another way."""
        if is_of_a_page():
            # Whoever made the address chose these names: they are no arguments of url_for.
            return f"{self.links.place(self.place)}?{urlencode(arguments() | {'view': view})}"
        return self.links.place(self.place, path=request.form.get("folder") or None, view=view)


class RowMaker:
    """Makes the rows of one answer, which lead by `links`; `back` is where the page behind a row's menu leads back to.

    `marker` marks in the names what a search found.
    """

    def __init__(self, links: Links, back: str = "", marker: Marker | None = None) -> None:
        self._marker = marker
        self._speech = speech()
        self._folder = links.page_of("") + "?path="
        self._file = links.before_path(links.file)
        self._menu = links.to(links.menu) + "?path=" if links.menu else ""
        self._back = f"&next={quote(back)}" if back else ""
        pixels = TILE_PICTURE if view_of_request() == "grid" else ROW_PICTURE
        # What is behind the addresses of content comes to nobody but whose list this is.
        whose = urlencode(user_argument())
        self._whose = f"?{whose}" if whose else ""
        self._picture = (
            links.before_path(links.thumbnail) if links.thumbnail else "",
            f"?size={pixels}&edition={EDITION}{whose and f'&{whose}'}&of=",
        )
        self._choose = gettext("Choose “%(name)s”")
        self._actions = gettext("Actions for “%(name)s”")
        self._root = str(links.root)

    def row(self, entry: Entry) -> Row:
        """Return the row of an entry in the folder that is open."""
        return self._make(entry, entry.path, quote(entry.path), self._speech.moment(entry.modified_at))

    def found(self, entry: Entry) -> Row:
        """Return the row of an entry from anywhere, with the folder that it lies in, which shows it."""
        parent = entry.path.rpartition("/")[0]
        folder = self._folder + quote(parent) if parent else self._folder.removesuffix("?path=")
        where_href = f"{folder}#show={quote(entry.name, safe='')}"
        time = self._speech.moment(entry.modified_at)
        return self._make(
            entry, entry.path, quote(entry.path), time, where=parent or self._root, where_href=where_href
        )

    def trashed(self, trash_id: str, entry: Entry, time: Markup, note: Markup) -> Row:
        """Return the row of something in the trash: there is nothing behind its name any more."""
        parent = entry.path.rpartition("/")[0]
        made = self._make(entry, trash_id, "", time, where=parent or self._root, note=note)
        # Nothing of it changes for as long as it lies there.
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
        name, insides, named = entry.name, entry.insides, {"name": entry.name}
        size = (entry.size or 0) if insides is None else insides.size
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
            size_text=self._speech.filesize(size),
            size_title=self._title_of(size, insides),
            media_type=entry.media_type or "",
            time=time,
            choose_label=self._choose % named,
            menu_label=self._actions % named,
            where=where,
            where_href=where_href,
            note=note if entry.mounted is None else escape(sharing(entry.mounted)),
            role=entry.role or "",
            is_mount=entry.mounted is not None,
        )

    def _title_of(self, size: int, insides: Insides | None) -> str:
        """Return the exact size, of a folder with the number of the files in it."""
        exact = self._speech.exact_size(size)
        return exact if insides is None else f"{exact} · {count_files(insides.files)}"

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
        """Return where the name of an entry leads: to the page of a folder, or to the content of a file."""
        return self._folder + address if entry.is_folder else f"{self._file}{address}{self._whose}"

    def _picture_of(self, entry: Entry, address: str) -> str:
        """Return where the small picture of an entry is, the empty word where there cannot be one."""
        start, rest = self._picture
        if not (address and start) or entry.media_type not in PICTURES:
            return ""
        return f"{start}{address}{rest}{entry.content_hash}"


def count_files(count: int) -> str:
    """Return in words how many files that are."""
    return str(ngettext("%(count)s file", "%(count)s files", count, count=number(count)))


def tag_of_entry(key: str, entry: Entry) -> str:
    """Return the tag of the row of an entry."""
    insides = entry.insides
    shown = (entry.size or 0, 0) if insides is None else (insides.size, insides.files)
    return tag_of(key, shown, entry.modified_at, entry.content_hash, entry.role, entry.mounted)


def tag_of(
    key: str,
    shown: tuple[int, int],
    modified_at: datetime,
    content_hash: str | None,
    role: ShareRole | None = None,
    mounted: Mounted | None = None,
) -> str:
    """Return the tag of a row that has `shown` bytes, and a folder so many files."""
    beside = f"{role}\0{mounted and mounted.owner}"
    told = f"{key}\0{shown}\0{modified_at}\0{content_hash}\0{beside}".encode()
    return urlsafe_b64encode(blake2b(told, digest_size=6).digest()).decode()


def sortable_columns(links: Links, folder: str, order: Order) -> list[Column]:
    """Return the headings of a folder's list; each leads to the list sorted by it, and the one in use turns it."""
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
    """Return the headings of a list that has one order only; `time_label` is what its times mean."""
    return [Column("name", gettext("Name")), Column("size", gettext("Size")), Column("modified", time_label)]
