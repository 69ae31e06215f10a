"""Where the rows of a list lead, its headings and the ways back: the views of the face that shows it.

Rule: names views and makes addresses; what somebody may do behind them is for those views to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import url_for

from cabinet.web.page_user import user_argument


@dataclass(frozen=True, slots=True)
class Links:
    """The endpoints of a face that shows lists, and what its topmost folder is called.

    `folder`, `menu`, `search` and `trash` are pages, of which the first two take a `path` in the query. `file`
    and `thumbnail` have it in their address. `archive` answers with what each `path` of a query or of a form
    names, and `remove` takes such a form. What is left out a face does not have, and nothing leads there.
    `values` stand in every address, such as the token of a shared folder.
    """

    root: str
    folder: str
    file: str
    archive: str
    thumbnail: str = ""
    menu: str = ""
    remove: str = ""
    search: str = ""
    trash: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    def page_of(self, folder: str, **query: str | None) -> str:
        """Return the page of a folder, with what else is in `query`."""
        return self.to(self.folder, path=folder or None, **query)

    def place(self, name: str, **query: str | None) -> str:
        """Return the page of a place that has lists: "folder", "search" or "trash"."""
        return self.to({"folder": self.folder, "search": self.search, "trash": self.trash}[name], **query)

    def to(self, endpoint: str, **query: str | None) -> str:
        """Return the address of a view of the face."""
        values: dict[str, Any] = {**self.values, **query}
        return url_for(endpoint, **values)

    def before_path(self, endpoint: str) -> str:
        """Return what stands before the path, quoted, in the address of content."""
        return self.to(endpoint, path="-")[:-1]

    def archive_of_chosen(self) -> str:
        """Return where the chosen ones come as one archive."""
        return self.to(self.archive, **user_argument())

    def download_of(self, folder: str) -> str:
        """Return where everything in a folder comes as one archive."""
        return self.to(self.file if folder else self.archive, path=folder, **user_argument())
