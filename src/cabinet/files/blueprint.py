"""The blueprint of files, and the links of its lists.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from cabinet.web.listing.links import Links, list_links

bp = Blueprint("files", __name__)

LINKS = Links(
    root=_l("Your files"),
    folder="files.index",
    file="files.download",
    archive="files.download_zip",
    thumbnail="files.thumbnail",
    menu="files.arrange",
    remove="files.delete",
    search="files.find",
    trash="files.list_trash",
)


def links_here() -> Links:
    """Return the links of a list for this request: of the account, or of a guest."""
    return list_links(LINKS)
