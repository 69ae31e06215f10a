"""The blueprint of files: bytes in and out, folders, the trash, versions, search, archives, pages.

Rule: one face of the services; it decides nothing itself.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("files", __name__)

from cabinet.files import arrange_views as arrange_views  # noqa: E402 - the views register themselves on `bp`
from cabinet.files import download_page as download_page  # noqa: E402
from cabinet.files import page_views as page_views  # noqa: E402
from cabinet.files import search_views as search_views  # noqa: E402
from cabinet.files import thumbnail_views as thumbnail_views  # noqa: E402
from cabinet.files import trash_views as trash_views  # noqa: E402
from cabinet.files import tree_views as tree_views  # noqa: E402
from cabinet.files import version_views as version_views  # noqa: E402
from cabinet.files import views as views  # noqa: E402
from cabinet.files import zip_views as zip_views  # noqa: E402
