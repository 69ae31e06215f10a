"""What an app asks before it signs in: whether this is a server for it, and whether the network is open.

Rule: the answers are the same for everybody, and never redirect.
"""

from __future__ import annotations

from http import HTTPStatus

from flask.typing import ResponseReturnValue

from cabinet.nextcloud.blueprint import bp
from cabinet.nextcloud.capabilities import status


@bp.get("/status.php")
def get_status() -> ResponseReturnValue:
    """Say that this is a server for the apps, and that it runs."""
    return status()


@bp.get("/index.php/204")
def check_network() -> ResponseReturnValue:
    """Answer without content: a hotel's network would answer with a page of its own."""
    return "", HTTPStatus.NO_CONTENT
