"""The blueprint of resumable uploads: the tus protocol, version 1.0.0, with all its extensions.

Source: https://tus.io/protocols/resumable-upload

Rule: one more face of `services.uploads.resumable`; it decides nothing itself.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("tus", __name__, url_prefix="/uploads")

from cabinet.tus import views as views  # noqa: E402 - the views register themselves on `bp`
