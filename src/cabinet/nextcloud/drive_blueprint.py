"""The blueprint of the apps' WebDAV, and the face that the engine gets.

Rule: imports no views; importing the package registers them.
"""

from __future__ import annotations

from flask import Blueprint, request

from cabinet.errors import N_, MalformedRequest, NotFound
from cabinet.nextcloud.properties import PROPERTIES, headers_of
from cabinet.services.accounts.usernames import username_key
from cabinet.web.dav.engine import prepare
from cabinet.web.dav.face import Face
from cabinet.web.identity import acting_user

BASE = "/remote.php"
WEBDAV = f"{BASE}/webdav"
FILES = f"{BASE}/dav/files"
UPLOADS = f"{BASE}/dav/uploads"
TRASH = f"{BASE}/dav/trashbin"
VERSIONS = f"{BASE}/dav/versions"

OLD_CHUNKS = N_("uploads in pieces named by OC-Chunked are not supported.")

drive = Blueprint("drive", __name__, url_prefix=BASE)
prepare(drive)


def _bases() -> tuple[str, ...]:
    return (f"{FILES}/{acting_user().username}", WEBDAV)


FACE = Face(bases=_bases, properties=PROPERTIES, headers=headers_of)


@drive.before_request
def _refuse_old_chunks() -> None:
    # Each piece would become a file of its own.
    if "OC-Chunked" in request.headers:
        acting_user()
        raise MalformedRequest(reason=OLD_CHUNKS)


def base_of(root: str, name: str) -> str:
    """Return the base of a user's files as the app wrote it; raises `NotFound` for those of another user."""
    if username_key(name) != username_key(acting_user().username):
        raise NotFound
    return f"{root}/{name}"
