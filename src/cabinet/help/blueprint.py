"""The blueprint of the documents.

Rule: imports none of its views; importing the face registers them all.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("help", __name__, url_prefix="/help")
