"""Mounts, as sharing will create them: rows of a root that stand for a folder of another space.

Rule: writes the row and the mark of its space, even for an invalid mount; its behavior is tested elsewhere.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Kind, Node, Space, User
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import whole_space
from cabinet.services.kernel.database import writing
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.names import search_key, sort_key, split_path
from cabinet.services.tree.tree import Tree
from tests.support.services import Acting, Workbench


def mount(
    session: Session, owner: str, path: str, user: str, name: str, role: ShareRole = ShareRole.EDITOR
) -> int:
    """Mount the folder of `owner` at `path` as `name` in the root of `user`; return the mount's row."""
    with writing(session):
        theirs, own = (
            session.scalars(select(Space.id).join(User, User.id == Space.owner_id).where(User.username == each)).one()
            for each in (owner, user)
        )  # fmt: skip
        target = Tree(session, whole_space(theirs)).get_folder(split_path(path))
        root = Tree(session, whole_space(own)).root()
        made = Node(
            space_id=own,
            parent_id=root.id,
            kind=Kind.MOUNT,
            name=name,
            sort_key=sort_key(name),
            search_key=search_key(name),
            created_at=target.created_at,
            modified_at=target.created_at,
            target_id=target.id,
            role=role,
        )
        session.add(made)
        session.get_one(Space, own).has_mounts = True
        session.flush()
        return made.id


def leave(session: Session, bench: Workbench, acting: Acting, name: str) -> None:
    """Remove a mount as its holder does, who deletes it."""
    bench.trash(session, acting).remove([Mounts(session, acting.scope).place(name)])
