"""Make, list, change and end links and grants, for those who may share.

Rule: parse, call the service, render; the address of a link is shown to its owner alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from cabinet.errors import N_, InvalidField
from cabinet.models import ShareKind
from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.shares.grants import Recipient
from cabinet.services.shares.values import BAD_RIGHTS, GrantInfo, NewShare, ShareInfo
from cabinet.services.tree.link_rights import DROP, VIEW, to_rights, words_of
from cabinet.shares.blueprint import bp
from cabinet.shares.grant_views import grant_json
from cabinet.web.ending_shares import end
from cabinet.web.identity import acting_user
from cabinet.web.pages import to_rfc3339
from cabinet.web.parameters import MAX_PATHS, PATHS_BYTES, Moment, after_of, limit_of, read_json, to_choice
from cabinet.web.places import place_at, places_at
from cabinet.web.request_guards import takes_body_of
from cabinet.web.serializers import absolute_address
from cabinet.web.services import grants, shares

NOT_ONE_RECIPIENT = N_("it must name one user or one group.")
NOT_ONE_SCOPE = N_("a link leads to your own files, or to those in one shared folder.")
NOT_ONE_PATH = N_("one entry at a time can be shared with a user or a group.")

# Numbers of a column; the service knows the sensible ones.
_Count = Annotated[int, Field(ge=-(2**31), lt=2**31)]
_Size = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class ShareFields(BaseModel):
    """What an owner can set and change; a limit or a text of null is none."""

    model_config = ConfigDict(extra="ignore", strict=False)

    name: str | None = None
    note: str | None = None
    password: str | None = None
    expires_at: Moment | None = None
    max_downloads: _Count | None = None
    rights: list[str] | None = None
    max_size: _Size | None = None
    max_files: _Count | None = None
    notify: bool = False


class RecipientFields(BaseModel):
    """Whom a grant is for: a user or a group, by name."""

    user: str | None = None
    group: str | None = None


class ShareRequest(ShareFields):
    """The body of `POST /shares`."""

    paths: list[str] = Field(min_length=1, max_length=MAX_PATHS)
    kind: str = ShareKind.LINK
    to: RecipientFields | None = None
    role: str | None = None


class ShareChange(ShareFields):
    """The body of `PATCH /shares/<id>`; a grant has nothing but a role to change."""

    role: str | None = None


@bp.post("/shares")
@takes_body_of(PATHS_BYTES)
def create_share() -> ResponseReturnValue:
    """Make a link to one entry or to a selection, or give a user or a group access to one entry."""
    user = acting_user()
    wanted = read_json(ShareRequest)
    kind = to_choice(ShareKind, "kind", wanted.kind)
    if kind is ShareKind.GRANT:
        return _create_grant(wanted)
    scope, paths = in_one_scope(wanted.paths)
    new = NewShare(
        kind=kind,
        rights=_rights_of(wanted.rights, kind),
        has_expiry="expires_at" in wanted.model_fields_set,
        **wanted.model_dump(exclude={"paths", "kind", "rights", "to", "role"}),
    )
    made = shares(user.scope).create(paths, new, is_admin=user.account.is_admin, scope=scope)
    return _share_json(made), HTTPStatus.CREATED


def _create_grant(wanted: ShareRequest) -> ResponseReturnValue:
    user = acting_user()
    role = to_choice(ShareRole, "role", wanted.role or "")
    to = wanted.to or RecipientFields()
    if (to.user is None) == (to.group is None):
        raise InvalidField(field="to", reason=NOT_ONE_RECIPIENT)
    if len(wanted.paths) != 1:
        raise InvalidField(field="paths", reason=NOT_ONE_PATH)
    place = place_at(wanted.paths[0])
    service = grants(user.account, user.scope)
    grant_id, is_new = service.create(place.scope, place.path, Recipient(to.user, to.group), role)
    made = grant_json(shares(user.scope).get_grant(grant_id))
    return made, HTTPStatus.CREATED if is_new else HTTPStatus.OK


def in_one_scope(paths: Sequence[str]) -> tuple[Scope, Sequence[str]]:
    """Return the scope of the paths and the paths in it.

    Raises `Forbidden` where the user may not share, and `InvalidField` for paths in several scopes.
    """
    places = places_at(paths)
    for place in places:
        if place.mount is not None:
            place.scope.require(Rights.SHARE)
    if len({place.scope for place in places}) > 1:
        raise InvalidField(field="paths", reason=NOT_ONE_SCOPE)
    return places[0].scope, [place.path for place in places]


def _rights_of(words: Sequence[str] | None, kind: ShareKind) -> Rights:
    """Return the rights that a new link gives; raises `InvalidField`, also for a request that shows files."""
    if words is None:
        return DROP if kind is ShareKind.REQUEST else VIEW
    rights = to_rights(words)
    if rights is None or (kind is ShareKind.REQUEST and rights != DROP):
        raise InvalidField(field="rights", reason=BAD_RIGHTS)
    return rights


@bp.get("/shares")
def list_shares() -> ResponseReturnValue:
    """List the links and grants of the user, newest first, or those of the entry at `path`."""
    user, path = acting_user(), request.args.get("path")
    place = None if path is None else place_at(path)
    page = shares(user.scope).list_page(limit_of(), after_of(), place)
    listed = [
        grant_json(share) if isinstance(share, GrantInfo) else _share_json(share) for share in page.shares
    ]
    return {"shares": listed, "next": page.next}


@bp.patch("/shares/<share_id>")
def change_share(share_id: str) -> ResponseReturnValue:
    """Change what the body names of a link, or the role of a grant."""
    user = acting_user()
    wanted = read_json(ShareChange)
    service = shares(user.scope)
    if service.is_grant(share_id):
        managed = grants(user.account, user.scope)
        managed.check_managed(share_id)
        managed.change(share_id, to_choice(ShareRole, "role", wanted.role or ""))
        return grant_json(service.get_grant(share_id))
    # Whether the share is the user's is answered before what the body says, as for a grant.
    service.get(share_id)
    changes = wanted.model_dump(include=wanted.model_fields_set - {"role"})
    if "rights" in changes:
        changes["rights"] = _rights_of(wanted.rights or (), ShareKind.LINK)
    changed = service.change(share_id, changes, is_admin=user.account.is_admin)
    return _share_json(changed)


@bp.delete("/shares/<share_id>")
def end_share(share_id: str) -> ResponseReturnValue:
    """End a link or a grant at once; the recipient of a grant declines or leaves it."""
    end(share_id)
    return "", HTTPStatus.NO_CONTENT


@bp.post("/shares/<share_id>/renew")
def renew_share(share_id: str) -> ResponseReturnValue:
    """Replace the address of a link; the old one ends at once."""
    user = acting_user()
    return _share_json(shares(user.scope).renew(share_id, is_admin=user.account.is_admin))


def _share_json(share: ShareInfo) -> dict[str, Any]:
    """Return the JSON of a link; without its address if the server's key has changed since it was made."""
    token = share.token
    return {
        "id": share.id,
        "kind": share.kind.value,
        "url": None if token is None else absolute_address("link.show", token=token),
        "qr": None if token is None else absolute_address("link.qr", token=token),
        "name": share.name,
        "note": share.note,
        "paths": [item.path for item in share.items],
        "rights": words_of(share.rights),
        "state": share.state.value,
        "has_password": share.has_password,
        "created_at": to_rfc3339(share.created_at),
        "expires_at": to_rfc3339(share.expires_at),
        "last_used_at": to_rfc3339(share.last_used_at),
        "opens": share.opens,
        "downloads": share.downloads,
        "max_downloads": share.max_downloads,
        "uploads": share.uploads,
        "used_size": share.used_size,
        "max_size": share.max_size,
        "files": share.files,
        "max_files": share.max_files,
        "notify": share.notify,
    }
