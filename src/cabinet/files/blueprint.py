"""The blueprint of files.

Rule: knows none of its views; whoever imports the face has them all.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("files", __name__)
