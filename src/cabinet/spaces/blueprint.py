"""The blueprint of team spaces.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("spaces", __name__)
