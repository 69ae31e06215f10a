"""Who acts on team spaces in a request, by a credential that allows it.

Rule: a token without the scope `admin` does what its user could do who is no administrator.
"""

from __future__ import annotations

from cabinet.services.access.rights import Rights
from cabinet.services.accounts.token_scopes import TokenScope
from cabinet.services.spaces.spaces import SpaceActor, Spaces
from cabinet.web.identity import ActingUser, account_user, acting_user
from cabinet.web.services import spaces


def spaces_to_see() -> Spaces:
    """Return the service for reading; raises `Forbidden` for a token that cannot list all of the user's files."""
    return _of(_with(Rights.LIST))


def spaces_to_share() -> Spaces:
    """Return the service for setting members; raises `Forbidden` for a token that cannot share."""
    return _of(_with(Rights.SHARE))


def spaces_to_change() -> Spaces:
    """Return the service for making, changing and ending; raises `Forbidden` for a limited token."""
    return _of(account_user())


def _with(rights: Rights) -> ActingUser:
    user = acting_user()
    user.scope.require_whole(rights)
    return user


def _of(user: ActingUser) -> Spaces:
    is_admin = TokenScope.ADMIN in user.credential.scopes
    return spaces(SpaceActor(user.id, user.account.space_id, is_admin))
