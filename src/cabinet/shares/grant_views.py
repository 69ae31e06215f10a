"""What others have shared with the user, blocked users, and names of users to share with.

Rule: parse, call the service, render.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from cabinet.errors import NotFound
from cabinet.services.shares.blocks import Block
from cabinet.services.shares.received import ReceivedShare
from cabinet.services.shares.values import GrantInfo
from cabinet.shares.blueprint import bp
from cabinet.web.identity import account_user, acting_user
from cabinet.web.pages import to_rfc3339
from cabinet.web.parameters import after_of, limit_of, read_json
from cabinet.web.runtime import setting
from cabinet.web.services import blocks, received_shares, user_names


class BlockRequest(BaseModel):
    """The body of `POST /blocks`."""

    username: str


@bp.get("/shares/received")
def list_received() -> ResponseReturnValue:
    """List what others have shared with the user, newest first."""
    page = received_shares(acting_user().scope).list_page(limit_of(), after_of())
    return {"shares": [_received_json(share) for share in page.shares], "next": page.next}


@bp.post("/shares/<share_id>/accept")
def accept_share(share_id: str) -> ResponseReturnValue:
    """Accept what somebody has shared, so that it is among the user's files."""
    return _received_json(received_shares(acting_user().scope).accept(share_id))


@bp.get("/blocks")
def list_blocks() -> ResponseReturnValue:
    """List the users from whom the user accepts nothing."""
    return {"blocks": [_block_json(block) for block in blocks(account_user().id).list_all()]}


@bp.post("/blocks")
def block_user() -> ResponseReturnValue:
    """Accept nothing more from a user."""
    user = account_user()
    return _block_json(blocks(user.id).add(read_json(BlockRequest).username))


@bp.delete("/blocks/<username>")
def unblock_user(username: str) -> ResponseReturnValue:
    """Unblock a user."""
    blocks(account_user().id).remove(username)
    return "", 204


@bp.get("/users")
def find_users() -> ResponseReturnValue:
    """Return some users whose names begin with `q`, where the operator allows it."""
    user = account_user()
    if setting("USER_COMPLETION") != "on":
        raise NotFound
    found = user_names(user.id).complete(request.args.get("q", ""))
    return {"users": [{"username": name} for name in found]}


def grant_json(grant: GrantInfo) -> dict[str, Any]:
    """Return the JSON of a grant for those who may share its item."""
    return {
        "id": grant.id,
        "kind": "grant",
        "to": _to_json(grant.user, grant.group),
        "by": grant.sender,
        "role": grant.role,
        "paths": [item.path for item in grant.items],
        "items": [{"path": item.path, "trashed": item.is_trashed} for item in grant.items],
        "state": grant.state,
        "created_at": to_rfc3339(grant.created_at),
    }


def _received_json(share: ReceivedShare) -> dict[str, Any]:
    return {
        "id": share.id,
        "name": share.name,
        "owner": share.owner or None,
        "by": share.sender,
        "to": _to_json(share.user, share.group),
        "role": share.role,
        "kind": "folder" if share.is_folder else "file",
        "state": "pending" if share.is_pending else "active",
        "path": share.path,
        "created_at": to_rfc3339(share.created_at),
    }


def _to_json(user: str | None, group: str | None) -> dict[str, str | None]:
    return {"group": group} if user is None else {"user": user}


def _block_json(block: Block) -> dict[str, Any]:
    return {"username": block.username, "created_at": to_rfc3339(block.created_at)}
