"""Groups and their members.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from cabinet.models import GroupRole
from cabinet.services.groups.groups import GroupInfo
from cabinet.shares.blueprint import bp
from cabinet.web.identity import account_user
from cabinet.web.parameters import after_of, limit_of, read_json, to_choice
from cabinet.web.services import groups


class GroupRequest(BaseModel):
    """The body of `POST /groups` and `PATCH /groups/<id>`."""

    name: str


class MemberRequest(BaseModel):
    """The body of `PUT /groups/<id>/members/<name>`."""

    role: str = GroupRole.MEMBER


@bp.get("/groups")
def list_groups() -> ResponseReturnValue:
    """List the groups of the user; for an administrator all groups."""
    page = groups(account_user().account).list_page(limit_of(), after_of())
    return {"groups": [_group_json(group) for group in page.groups], "next": page.next}


@bp.post("/groups")
def create_group() -> ResponseReturnValue:
    """Create a group that the user manages."""
    user = account_user()
    made = groups(user.account).create(read_json(GroupRequest).name)
    return _group_json(made), HTTPStatus.CREATED


@bp.get("/groups/<group_id>")
def get_group(group_id: str) -> ResponseReturnValue:
    """Return a group with its members."""
    group, members = groups(account_user().account).get(group_id)
    listed = [{"username": member.username, "role": member.role} for member in members]
    return _group_json(group) | {"members": listed}


@bp.patch("/groups/<group_id>")
def rename_group(group_id: str) -> ResponseReturnValue:
    """Rename a group."""
    user = account_user()
    return _group_json(groups(user.account).rename(group_id, read_json(GroupRequest).name))


@bp.delete("/groups/<group_id>")
def delete_group(group_id: str) -> ResponseReturnValue:
    """Delete a group, and with it what was shared with it."""
    groups(account_user().account).delete(group_id)
    return "", HTTPStatus.NO_CONTENT


@bp.put("/groups/<group_id>/members/<username>")
def set_member(group_id: str, username: str) -> ResponseReturnValue:
    """Add a member to a group, or change the role of one."""
    user = account_user()
    role = to_choice(GroupRole, "role", read_json(MemberRequest).role)
    member, is_new = groups(user.account).set_member(group_id, username, role)
    return asdict(member), HTTPStatus.CREATED if is_new else HTTPStatus.OK


@bp.delete("/groups/<group_id>/members/<username>")
def remove_member(group_id: str, username: str) -> ResponseReturnValue:
    """Remove a member from a group, or leave it."""
    groups(account_user().account).remove_member(group_id, username)
    return "", HTTPStatus.NO_CONTENT


def _group_json(group: GroupInfo) -> dict[str, Any]:
    return asdict(group)
