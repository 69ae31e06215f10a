"""The blueprint of files, and where its lists lead.

Rule: knows its views by their names only; whoever imports the face has them all.
"""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from cabinet.web.listing.links import Links

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
