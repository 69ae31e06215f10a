"""The OCS of sharing, version 1: links and grants, as the share dialogs of the apps make and list them.

Rule: parse, call a service, render; an answer says what was granted, not what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask.typing import ResponseReturnValue

from cabinet.nextcloud import permissions
from cabinet.nextcloud import share_forms as asked
from cabinet.nextcloud.blueprint import ocs
from cabinet.nextcloud.documents import answer
from cabinet.nextcloud.share_types import LINK, USER
from cabinet.nextcloud.shares_json import AnyShare, path_of, to_json, to_json_all
from cabinet.services.access.rights import Rights
from cabinet.services.shares.grants import Recipient
from cabinet.services.shares.numbers import find_share_id
from cabinet.services.shares.values import GrantInfo, ShareInfo
from cabinet.services.tree.mounts import Place
from cabinet.web.ending_shares import end
from cabinet.web.identity import acting_user
from cabinet.web.places import place_at
from cabinet.web.services import database, grants, received_shares, shares

_PAGE = 1000
# What is shared is shown with its place.
_SEES = Rights.SHARE | Rights.LIST

_SHARES = "apps/files_sharing/api/v1/shares"


@ocs.get(f"/v1.php/{_SHARES}")
@ocs.get(f"/v2.php/{_SHARES}")
def list_shares() -> ResponseReturnValue:
    """List what the user shares: everything, of one entry, or of all entries of a folder; or what others share."""
    acting_user().scope.require_member(_SEES)
    if asked.wants("shared_with_me"):
        return answer(to_json_all(list(_received())))
    path = asked.path()
    if not path and not asked.wants("subfiles"):
        return answer(to_json_all(list(_own(None))))
    place = place_at(path)
    if not asked.wants("subfiles"):
        return answer(to_json_all(list(_own(place))))
    place.scope.require(Rights.SHARE)
    asked.is_folder(path)
    below = [each for each in _own(None) if (path_of(each) or "/").rpartition("/")[0] == path]
    return answer(to_json_all(below))


def _own(place: Place | None) -> Iterator[ShareInfo | GrantInfo]:
    """Yield what the user shares, newest first."""
    service, after = shares(acting_user().scope), None
    while True:
        page = service.list_page(_PAGE, after, place)
        yield from page.shares
        after = page.next
        if after is None:
            return


def _received() -> Iterator[AnyShare]:
    """Yield what others share with the user, and the user has accepted."""
    service, after = received_shares(acting_user().scope), None
    while True:
        page = service.list_page(_PAGE, after)
        yield from (share for share in page.shares if not share.is_pending)
        after = page.next
        if after is None:
            return


@ocs.get(f"/v1.php/{_SHARES}/<number>")
@ocs.get(f"/v2.php/{_SHARES}/<number>")
def get_share(number: str) -> ResponseReturnValue:
    """Return one share, in a list as the apps expect it."""
    return answer([to_json(_get(number))])


@ocs.post(f"/v1.php/{_SHARES}")
@ocs.post(f"/v2.php/{_SHARES}")
def create_share() -> ResponseReturnValue:
    """Make a link, or give a user or a group access."""
    user, path = acting_user(), asked.path()
    place = place_at(path)
    place.scope.require_member(Rights.SHARE)
    kind, is_folder = asked.kind(), asked.is_folder(path)
    service = shares(user.scope)
    if kind == LINK:
        wanted = asked.new_link(leads_to_folder=is_folder)
        is_admin = user.account.is_admin
        return answer(to_json(service.create([place.path], wanted, is_admin=is_admin, scope=place.scope)))
    role = permissions.to_role(asked.asked_permissions(permissions.EDIT), is_folder=is_folder)
    name = asked.recipient()
    to = Recipient(user=name) if kind == USER else Recipient(group=name)
    grant_id, _is_new = grants(user.account, user.scope).create(place.scope, place.path, to, role)
    return answer(to_json(service.get_grant(grant_id)))


@ocs.put(f"/v1.php/{_SHARES}/<number>")
@ocs.put(f"/v2.php/{_SHARES}/<number>")
def change_share(number: str) -> ResponseReturnValue:
    """Change what the form names of a link, or the permissions of a grant."""
    user, held = acting_user(), _get(number, is_changed=True)
    is_folder = to_json(held)["item_type"] == "folder"
    service = shares(user.scope)
    if isinstance(held, GrantInfo):
        now = permissions.of_role(held.role, is_folder=is_folder)
        role = permissions.to_role(asked.asked_permissions(now), is_folder=is_folder)
        grants(user.account, user.scope).change(held.id, role)
        return answer(to_json(service.get_grant(held.id)))
    changes = asked.changes_of_link()
    if asked.changes_permissions():
        wanted = asked.asked_permissions(permissions.READ)
        changes["rights"] = permissions.to_link_rights(wanted, is_folder=is_folder)
    return answer(to_json(service.change(held.id, changes, is_admin=user.account.is_admin)))


@ocs.delete(f"/v1.php/{_SHARES}/<number>")
@ocs.delete(f"/v2.php/{_SHARES}/<number>")
def end_share(number: str) -> ResponseReturnValue:
    """End a link or a grant at once; the recipient of a grant leaves it."""
    acting_user().scope.require_member(Rights.SHARE)
    end(find_share_id(database(), number))
    return answer(None)


def _get(number: str, *, is_changed: bool = False) -> AnyShare:
    """Return a share of the user, a grant of what the user may share, or, to look at, one that the user has got.

    Raises `NotFound` and `Forbidden`.
    """
    user = acting_user()
    user.scope.require_member(_SEES)
    share_id, service = find_share_id(database(), number), shares(user.scope)
    if not service.is_grant(share_id):
        return service.get(share_id)
    received = received_shares(user.scope)
    if not is_changed and received.is_recipient(share_id):
        return received.get(share_id)
    grants(user.account, user.scope).check_managed(share_id)
    return service.get_grant(share_id)
