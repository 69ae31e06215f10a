"""The blueprint of WebDAV, and the face that the engine gets.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint

from cabinet.web.dav.engine import prepare
from cabinet.web.dav.face import Face
from cabinet.web.dav.properties import DAV_PROPERTIES, OWNCLOUD_PROPERTIES

BASE = "/dav"

bp = Blueprint("dav", __name__, url_prefix=BASE)
prepare(bp)

FACE = Face(bases=lambda: (BASE,), properties={**DAV_PROPERTIES, **OWNCLOUD_PROPERTIES})
