"""Team spaces for programs: list, make, change and end them, and set their members.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from cabinet.services.access.roles import ShareRole
from cabinet.services.spaces.values import SpaceDetails, SpaceInfo
from cabinet.spaces.acting import spaces_to_change, spaces_to_see, spaces_to_share
from cabinet.spaces.blueprint import bp
from cabinet.spaces.space_pages import show_space, show_spaces
from cabinet.web.parameters import after_of, limit_of, read_json, to_choice
from cabinet.web.problems import wants_page

# Bytes, or null for no limit.
_Quota = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class NewSpaceRequest(BaseModel):
    """The body of `POST /spaces`."""

    name: str
    quota: _Quota | None = None


class SpaceChanges(BaseModel):
    """The body of `PATCH /spaces/<id>`: what it names is changed."""

    name: str | None = None
    quota: _Quota | None = None


class MemberRequest(BaseModel):
    """The body of `PUT /spaces/<id>/members/<name>`."""

    role: str


@bp.get("/spaces")
def list_spaces() -> ResponseReturnValue:
    """List the team spaces of the user, or with `all=1`, for administrators, all of them in pages."""
    if wants_page():
        return show_spaces()
    service = spaces_to_see()
    if request.args.get("all") != "1":
        return {"spaces": [_space_json(space) for space in service.list_mine()]}
    found, more = service.list_all(limit_of(), after_of())
    return {"spaces": [_space_json(space) for space in found], "next": more}


@bp.post("/spaces")
def create_space() -> ResponseReturnValue:
    """Make a team space, with its maker as the manager."""
    service = spaces_to_change()
    wanted = read_json(NewSpaceRequest)
    made = service.create(wanted.name, wanted.quota)
    return _details_json(service.get(made.id)), HTTPStatus.CREATED


@bp.get("/spaces/<space_id>")
def get_space(space_id: str) -> ResponseReturnValue:
    """Return a team space with its members."""
    if wants_page():
        return show_space(space_id)
    return _details_json(spaces_to_see().get(space_id))


@bp.patch("/spaces/<space_id>")
def change_space(space_id: str) -> ResponseReturnValue:
    """Change the name of a team space, its quota, or both."""
    service = spaces_to_change()
    wanted = read_json(SpaceChanges)
    named = wanted.model_fields_set
    service.change(space_id, name=wanted.name, quota=wanted.quota, has_quota="quota" in named)
    return _details_json(service.get(space_id))


@bp.delete("/spaces/<space_id>")
def end_space(space_id: str) -> ResponseReturnValue:
    """Permanently delete a team space with all that is in it."""
    spaces_to_change().end(space_id)
    return "", HTTPStatus.NO_CONTENT


@bp.put("/spaces/<space_id>/members/<name>")
def set_member(space_id: str, name: str) -> ResponseReturnValue:
    """Add a member, or change the role of one."""
    service = spaces_to_share()
    role = to_choice(ShareRole, "role", read_json(MemberRequest).role)
    member = service.set_member(space_id, name, role)
    return {"username": member.username, "role": member.role.value}


@bp.delete("/spaces/<space_id>/members/<name>")
def remove_member(space_id: str, name: str) -> ResponseReturnValue:
    """Remove a member, or leave."""
    spaces_to_share().remove_member(space_id, name)
    return "", HTTPStatus.NO_CONTENT


def _space_json(space: SpaceInfo) -> dict[str, Any]:
    return {
        "id": space.id,
        "name": space.name,
        "role": space.role and space.role.value,
        "usage": space.usage,
        "entries": space.entries,
        "quota": space.quota,
        "path": space.path,
    }


def _details_json(details: SpaceDetails) -> dict[str, Any]:
    return {
        **_space_json(details.space),
        "quota_from": details.funder,
        "members": [{"username": each.username, "role": each.role.value} for each in details.members],
    }
