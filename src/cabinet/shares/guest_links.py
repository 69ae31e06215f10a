"""The URLs in the lists that guests of a link see: what its rights allow.

Rule: names views and builds no URL; those views check what a guest may do.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.shares.links import Link
from cabinet.web.guest import LINK
from cabinet.web.listing.links import Links


def links_for(link: Link) -> Links:
    """Return the links of lists behind a link."""
    has = link.scope.has
    reads = has(Rights.READ)
    return Links(
        root=link.title or _l("Shared files"),
        folder="files.index",
        file="files.download" if reads else "",
        archive="files.download_zip" if reads else "",
        whole=f"{LINK}.download" if reads else "",
        thumbnail="files.thumbnail" if reads else "",
        menu="files.arrange" if has(Rights.WRITE) else "",
        remove="files.delete" if has(CHANGE) else "",
        search="files.find",
    )
