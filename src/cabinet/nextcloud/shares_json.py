"""Shares as the OCS writes them.

Rule: renders values; the entries that they lead to are looked up together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from cabinet.errors import NotFound
from cabinet.nextcloud import permissions
from cabinet.nextcloud.share_types import GROUP, LINK, USER
from cabinet.services.shares.numbers import number_of_share
from cabinet.services.shares.received import ReceivedShare
from cabinet.services.shares.values import GrantInfo, ShareInfo
from cabinet.services.thumbnails.decoder import MEDIA_TYPES
from cabinet.services.tree.entries import Entry
from cabinet.web.identity import acting_user
from cabinet.web.places import look_up_all
from cabinet.web.serializers import absolute_address

AnyShare: TypeAlias = ShareInfo | GrantInfo | ReceivedShare

_FOLDER_TYPE = "httpd/unix-directory"
# Apps only look whether there is a password.
_HIDDEN = "***"


def to_json(share: AnyShare) -> dict[str, Any]:
    """Return one share; raises `NotFound` if what it leads to is not there, as in the trash."""
    found = to_json_all([share])
    if not found:
        raise NotFound
    return found[0]


def to_json_all(shares: Sequence[AnyShare]) -> list[dict[str, Any]]:
    """Return the shares that lead to a live entry; of a selection, the first one."""
    paths = [(share, path) for share in shares if (path := path_of(share)) is not None]
    entries = look_up_all([path for _share, path in paths])
    found = zip(paths, entries, strict=True)
    return [_to_json(share, entry) for (share, _path), entry in found if entry is not None]


def path_of(share: AnyShare) -> str | None:
    """Return the path of what a share leads to, None if it is not there, or waits to be accepted."""
    if isinstance(share, ReceivedShare):
        return share.path
    return share.items[0].path if share.items and not share.items[0].is_trashed else None


def _to_json(share: AnyShare, entry: Entry) -> dict[str, Any]:
    me = acting_user().username
    owner = me if entry.mounted is None else entry.mounted.owner or me
    document: dict[str, Any] = {
        "id": str(number_of_share(share.id)),
        "uid_owner": me,
        "displayname_owner": me,
        "uid_file_owner": owner,
        "displayname_file_owner": owner,
        "can_edit": True,
        "can_delete": True,
        "stime": int(share.created_at.timestamp()),
        "parent": None,
        "path": f"/{entry.path}",
        "file_target": f"/{entry.name}",
        "item_type": "folder" if entry.is_folder else "file",
        "mimetype": _FOLDER_TYPE if entry.is_folder else entry.media_type or "",
        "has_preview": entry.media_type in MEDIA_TYPES,
        "storage_id": "cabinet",
        "storage": 1,
        "item_source": entry.file_id,
        "file_source": entry.file_id,
        "mail_send": 0,
        "hide_download": 0,
        "note": "",
        "label": "",
        "token": None,
        "expiration": None,
    }
    return document | _of(share, entry)


def _of(share: AnyShare, entry: Entry) -> dict[str, Any]:
    if isinstance(share, ShareInfo):
        return _of_link(share)
    if isinstance(share, GrantInfo):
        return _of_grant(share, entry, share.sender or "")
    return _of_received(share, entry)


def _of_link(share: ShareInfo) -> dict[str, Any]:
    secret = _HIDDEN if share.has_password else None
    return {
        "share_type": LINK,
        "permissions": permissions.of_link(share.rights),
        "share_with": secret,
        "share_with_displayname": secret,
        "password": secret,
        "token": share.token,
        "url": None if share.token is None else absolute_address("link.show", token=share.token),
        "expiration": _to_text(share.expires_at),
        "note": share.note or "",
        "label": share.name or "",
        "name": share.name or "",
    }


def _of_grant(share: GrantInfo | ReceivedShare, entry: Entry, sender: str) -> dict[str, Any]:
    name = share.group if share.user is None else share.user
    return {
        "share_type": GROUP if share.user is None else USER,
        "permissions": permissions.of_role(share.role, is_folder=entry.is_folder),
        "share_with": name or "",
        "share_with_displayname": name or "",
        "uid_owner": sender,
        "displayname_owner": sender,
    }


def _of_received(share: ReceivedShare, entry: Entry) -> dict[str, Any]:
    return _of_grant(share, entry, share.sender or share.owner) | {
        "uid_file_owner": share.owner,
        "displayname_file_owner": share.owner,
        "can_edit": False,
    }


def _to_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d 00:00:00")
