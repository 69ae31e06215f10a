"""Very many files of one user, made as rows behind a server's back, for requests would take hours.

Rule: everything that is counted of them is counted, as the services count it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.orm import Session

from cabinet.models import Base, Node, User
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.accounts import to_account
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.kernel.database import configure, writing
from cabinet.services.tree.copying import ALIKE, first_versions
from cabinet.services.tree.names import search_key, sort_key
from cabinet.services.tree.sums import Changes
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import use

# Of one transaction; whoever writes meanwhile waits for it.
PART = 500

_NODE = Base.metadata.tables["node"]


def multiply_file(url: str, username: str, folder: str, name: str, count: int) -> None:
    """Let a folder at the root have so many files with the content of one that is there."""
    engine = create_engine(url)
    configure(engine)
    try:
        with Session(engine) as session:
            bind_caps(session, Caps(entries=2**40))
            owner = session.scalars(select(User).where(User.username == username)).one()
            scope = to_account(owner).scope
            there = session.scalar(select(func.count()).where(Node.space_id == scope.space_id)) or 0
            for start in range(there, there + count, PART):
                with writing(session):
                    _add(session, scope, folder, name, range(start, min(there + count, start + PART)))
    finally:
        engine.dispose()


def _add(session: Session, scope: Scope, folder: str, name: str, numbers: range) -> None:
    tree = Tree(session, scope)
    tree.root(lock=True)
    place, model = tree.get_folder((folder,)), tree.get((folder, name))
    now = datetime.now(UTC)
    alike: dict[str, Any] = {column: getattr(model, column) for column in ALIKE}
    alike |= {
        "space_id": scope.space_id,
        "parent_id": place.id,
        "version": 1,
        "created_at": now,
        "child_count": 0,
        "child_size": 0,
    }
    rows = [
        alike | {"name": each, "sort_key": sort_key(each), "search_key": search_key(each)}
        for each in (f"{number:08}" for number in numbers)
    ]
    ids = session.scalars(insert(_NODE).returning(_NODE.c.id), rows).all()
    session.execute(first_versions(_NODE.c.id.in_(ids), now))
    changes = Changes()
    for _id in ids:
        changes.come(place.id, model)
    tree.count(changes)
    use(session, scope, len(ids) * model.size, entries=len(ids))
    tree.stretch(place, session.get_one(Node, ids[-1]))
