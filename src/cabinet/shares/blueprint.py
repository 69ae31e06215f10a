"""The blueprint of an owner's links, and that of everything below one link.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint

from cabinet.web.guest import LINK

bp = Blueprint("shares", __name__)
link = Blueprint(LINK, __name__, url_prefix="/s/<token>")
