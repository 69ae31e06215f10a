"""The blueprint of files: the page, upload, listing, download, delete.

Rule: one face of `services.files` and `services.uploads`; it decides nothing itself.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("files", __name__)

from cabinet.files import views as views  # noqa: E402 - the views register themselves on `bp`
from cabinet.files import zip_views as zip_views  # noqa: E402
