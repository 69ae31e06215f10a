"""Ending a share, for every face in which a user does that.

Rule: calls services, which decide who may.
"""

from __future__ import annotations

from cabinet.web.identity import acting_user
from cabinet.web.services import grants, received_shares, shares


def end(share_id: str) -> None:
    """End a link or a grant at once; the recipient of a grant declines or leaves it.

    Raises `NotFound` and `Forbidden`.
    """
    user = acting_user()
    service, received = shares(user.scope), received_shares(user.scope)
    if not service.is_grant(share_id):
        service.revoke(share_id)
    elif received.is_recipient(share_id):
        received.leave(share_id)
    else:
        grants(user.account, user.scope).end(share_id)
