"""The blueprint of resumable uploads.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("tus", __name__, url_prefix="/uploads")
