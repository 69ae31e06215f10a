"""The blueprint of resumable uploads.

Rule: knows none of its views; whoever imports the face has them all.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("tus", __name__, url_prefix="/uploads")
