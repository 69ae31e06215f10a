"""The URLs in a list: of its rows, its headings and the way back, by the views of a blueprint.

Below a link that somebody shares, the views are the same ones, registered a second time; lists there link only to
what its rights allow, which the face of links sets for the request.

Rule: names views and builds URLs; those views check what a user may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import g, url_for

from cabinet.web.page_user import user_argument


@dataclass(frozen=True, slots=True)
class Links:
    """The endpoints of a blueprint that shows lists, and the label of its root folder.

    `folder`, `menu`, `search` and `trash` are pages; the first two take a `path` in the query. `file` and
    `thumbnail` have the path in their URL. `archive` serves what each `path` of a query or a form names,
    `whole` everything there is, and `remove` accepts such a form. An endpoint that is empty does not exist, and
    is not linked. `values` are part of every URL.
    """

    root: str
    folder: str
    file: str
    archive: str
    whole: str = ""
    thumbnail: str = ""
    menu: str = ""
    remove: str = ""
    search: str = ""
    trash: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    def page_of(self, folder: str, **query: str | None) -> str:
        """Return the URL of a folder's page, with the parameters in `query`."""
        return self.to(self.folder, path=folder or None, **query)

    def place(self, name: str, **query: str | None) -> str:
        """Return the URL of a page with a list: "folder", "search" or "trash"."""
        return self.to({"folder": self.folder, "search": self.search, "trash": self.trash}[name], **query)

    def to(self, endpoint: str, **query: str | None) -> str:
        """Return the URL of a view of the blueprint."""
        values: dict[str, Any] = {**self.values, **query}
        return url_for(endpoint, **values)

    def before_path(self, endpoint: str) -> str:
        """Return the part of a content URL before the quoted path."""
        return self.to(endpoint, path="-")[:-1]

    def archive_of_selected(self) -> str:
        """Return the URL that downloads the selected entries as one archive."""
        return self.to(self.archive, **user_argument())

    def download_of(self, folder: str) -> str:
        """Return the URL that downloads a whole folder as one archive."""
        if not folder and self.whole:
            return self.to(self.whole)
        return self.to(self.file if folder else self.archive, path=folder, **user_argument())


def list_links(own: Links) -> Links:
    """Return the URLs in the lists of whoever asks: those of an account, or what a link lets its guest have."""
    found: Links = g.get("list_links", own)
    return found
