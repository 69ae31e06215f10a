"""The OCS of the server and the user: capabilities, the account, and the end of an app's own token.

Rule: parse, call a service, render.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from cabinet.errors import NotFound
from cabinet.nextcloud.blueprint import ocs
from cabinet.nextcloud.capabilities import PRODUCT, capabilities
from cabinet.nextcloud.documents import answer
from cabinet.nextcloud.sharing_capabilities import sharing_of
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.web.i18n import DEFAULT
from cabinet.web.identity import ActingUser, acting_user
from cabinet.web.services import tokens

# What the apps read as "no limit".
UNLIMITED = -3


@ocs.get("/v1.php/cloud/capabilities")
@ocs.get("/v2.php/cloud/capabilities")
def get_capabilities() -> ResponseReturnValue:
    """Return what works on this server."""
    user = acting_user()
    has_trash = user.scope.is_whole and user.scope.has(Rights.LIST | Rights.READ | CHANGE)
    return answer(capabilities(sharing_of(user), has_trash=has_trash))


@ocs.get("/v1.php/config")
@ocs.get("/v2.php/config")
def get_config() -> ResponseReturnValue:
    """Return the version of the OCS, and the host."""
    return answer(
        {"version": "1.7", "website": PRODUCT, "host": request.host, "contact": "", "ssl": request.is_secure}
    )


@ocs.get("/v1.php/cloud/user")
@ocs.get("/v2.php/cloud/user")
def get_user() -> ResponseReturnValue:
    """Return the acting user."""
    user = acting_user()
    name = user.username
    return answer(
        {
            "id": name,
            "enabled": True,
            "display-name": name,
            "displayname": name,
            "email": "",
            "language": user.language or DEFAULT,
            "quota": _quota_of(user),
        }
    )


def _quota_of(user: ActingUser) -> dict[str, Any]:
    """Return the usage and the quota of the user; none of it where the token must not know."""
    if not user.sees_usage:
        return {"free": 0, "used": 0, "total": 0, "relative": 0, "quota": UNLIMITED}
    used, quota = user.account.usage, user.account.quota
    if quota is None:
        return {"free": UNLIMITED, "used": used, "total": UNLIMITED, "relative": 0, "quota": UNLIMITED}
    relative = round(100 * used / quota, 2) if quota else 100
    return {
        "free": max(0, quota - used),
        "used": used,
        "total": quota,
        "relative": relative,
        "quota": quota,
    }


@ocs.delete("/v1.php/core/apppassword")
@ocs.delete("/v2.php/core/apppassword")
def delete_app_password() -> ResponseReturnValue:
    """Revoke the token of this request, when an account is removed from an app; a password is none."""
    user = acting_user()
    token_id = user.credential.token_id
    if token_id is None:
        raise NotFound
    tokens().revoke(user.id, token_id)
    return answer(None)
