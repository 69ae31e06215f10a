"""The blueprint of accounts.

Rule: knows none of its views; whoever imports the face has them all.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auth", __name__)
