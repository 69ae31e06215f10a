"""Stores new spaces, names spaces for operators, and tells which are small enough to be deleted at once.

Rule: runs in the caller's transaction and commits nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from cabinet.models import Kind, Node, Space
from cabinet.services.tree.removal import has_much_beside_nodes, is_small

TEAM_LABEL = "space:"


def add_space(session: Session, space: Space, now: datetime) -> Node:
    """Store a new space with an empty root; return the root."""
    session.add(space)
    session.flush()
    root = Node(space_id=space.id, kind=Kind.FOLDER, name="", sort_key=b"")
    root.created_at = root.modified_at = now
    session.add(root)
    session.flush()
    return root


def is_small_space(session: Session, root: Node) -> bool:
    """Return whether one transaction may delete a whole space; examines few rows to decide."""
    return is_small(session, [root.id]) and not has_much_beside_nodes(session, root.space_id)


def label_of(username: str | None, public_id: str | None) -> str:
    """Return how operators name a space: by its user, or `space:` and the id of a team space.

    No user name contains a colon.
    """
    return f"{TEAM_LABEL}{public_id}" if username is None else username
