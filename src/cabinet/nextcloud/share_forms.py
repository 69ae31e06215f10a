"""What the share dialogs of the apps ask for, parsed: kinds, permissions, days and texts.

Apps send forms, and some put their fields into the query.

Rule: reads the request and raises errors with the name of the field; decides nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import request

from cabinet.errors import N_, InvalidField, NotFound
from cabinet.nextcloud import permissions
from cabinet.nextcloud.share_types import KNOWN
from cabinet.services.shares.values import NewShare
from cabinet.web.places import look_up_all
from cabinet.web.runtime import runtime
from cabinet.web.services import share_policy

BAD_TYPE = N_("only links and shares with users and groups are supported.")
BAD_DATE = N_("it must be a date such as 2030-12-31.")
NO_HIDING = N_("a link that shows a file also lets it be downloaded.")


def kind() -> int:
    """Return the type of share to make; raises `InvalidField`."""
    text = request.values.get("shareType", "")
    if text not in KNOWN:
        raise InvalidField(field="shareType", reason=BAD_TYPE)
    return int(text)


def path() -> str:
    """Return the path of an entry as the services know it."""
    return request.values.get("path", "").strip("/")


def recipient() -> str:
    """Return the name of the user or the group to share with."""
    return request.values.get("shareWith", "")


def is_folder(at: str) -> bool:
    """Return whether the entry at a path is a folder; raises `NotFound`."""
    (entry,) = look_up_all([at])
    if entry is None:
        raise NotFound
    return entry.is_folder


def asked_permissions(default: int) -> int:
    """Return the permissions to give; raises `InvalidField`."""
    text = request.values.get("permissions")
    if text is not None:
        return permissions.to_number(text)
    public = request.values.get("publicUpload")
    if public is None:
        return default
    return permissions.EDIT if _is_true(public) else permissions.READ


def new_link(*, leads_to_folder: bool) -> NewShare:
    """Return the link to make; raises `InvalidField`."""
    _refuse_hiding()
    asked = asked_permissions(permissions.READ)
    values = request.values
    return NewShare(
        rights=permissions.to_link_rights(asked, is_folder=leads_to_folder),
        name=values.get("label") or values.get("name") or None,
        note=values.get("note") or None,
        password=values.get("password") or None,
        expires_at=_to_expiry(values.get("expireDate", "")),
        has_expiry=bool(values.get("expireDate")),
    )


def changes_permissions() -> bool:
    """Return whether the request is about what a link allows."""
    return "permissions" in request.values or "publicUpload" in request.values


def changes_of_link() -> dict[str, Any]:
    """Return what to change of a link besides its rights; raises `InvalidField`."""
    _refuse_hiding()
    values, changes = request.values, dict[str, Any]()
    if "password" in values:
        changes["password"] = values["password"] or None
    if "expireDate" in values:
        changes["expires_at"] = _to_expiry(values["expireDate"])
    if "note" in values:
        changes["note"] = values["note"]
    name = values.get("label", values.get("name"))
    if name is not None:
        changes["name"] = name
    return changes


def wants(name: str) -> bool:
    """Return whether a parameter of the query is true."""
    return _is_true(request.args.get(name, ""))


def _is_true(text: str) -> bool:
    return text.lower() in {"true", "1"}


def _refuse_hiding() -> None:
    # An answer that ignores it would leave people believe that nobody can keep what they see.
    if _is_true(request.values.get("hideDownload", "")):
        raise InvalidField(field="hideDownload", reason=NO_HIDING)


def _to_expiry(text: str) -> datetime | None:
    """Return the end of a day, within what the operator allows; None for an empty one, which means never."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError as error:
        raise InvalidField(field="expireDate", reason=BAD_DATE) from error
    end, most = datetime.combine(day, time(23, 59, 59), UTC), share_policy().max_days
    if most is not None:
        # The last day that is allowed is offered as a whole, and is over earlier.
        last = runtime().clock() + timedelta(days=most)
        end = last if day == last.date() else end
    return end
