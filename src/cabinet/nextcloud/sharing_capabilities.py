"""What the apps are told of sharing: whether there is any, and the operator's policy on links.

Rule: announces what the share dialogs can do here, for the acting user and the token of the request.
"""

from __future__ import annotations

from typing import Any

from cabinet.nextcloud import permissions
from cabinet.services.access.rights import Rights
from cabinet.services.shares.policy import SharePolicy, Sharing
from cabinet.web.identity import ActingUser
from cabinet.web.services import database, share_policy


def sharing_of(user: ActingUser) -> dict[str, Any]:
    """Return the capabilities of sharing."""
    policy = share_policy()
    may_share = user.scope.has(Rights.SHARE)
    sharing = policy.sharing_now(database())
    may_link = sharing is Sharing.EVERYONE or (sharing is Sharing.ADMINS and user.account.is_admin)
    return {
        "api_enabled": may_share,
        "default_permissions": permissions.EDIT,
        "resharing": may_share,
        "group_sharing": may_share,
        "group": {"enabled": may_share, "expire_date": {"enabled": False}},
        "user": {"send_mail": False, "expire_date": {"enabled": False}},
        "public": _links(policy) if may_share and may_link else {"enabled": False},
        "federation": {"outgoing": False, "incoming": False},
        "sharebymail": {"enabled": False},
        # Names are found as they are, and never looked up elsewhere.
        "sharee": {"query_lookup_default": False},
        "search_min_length": 1,
    }


def _links(policy: SharePolicy) -> dict[str, Any]:
    enforced = {"enforced": policy.needs_password, "askForOptionalPassword": policy.needs_password}
    days = policy.default_days or policy.max_days
    if policy.max_days is not None:
        days = policy.max_days
    expiry: dict[str, Any] = {"enabled": bool(days)}
    if days:
        expiry |= {"days": days, "enforced": policy.max_days is not None}
    return {
        "enabled": True,
        "password": enforced,
        "expire_date": expiry,
        "upload": True,
        "upload_files_drop": True,
        "supports_upload_only": True,
        "multiple": True,
        "multiple_links": True,
        "send_mail": False,
    }
