"""The blueprint of accounts.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auth", __name__)
