"""Very many files of one user, inserted as rows, because requests would take hours.

Rule: all counters are updated as the services do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.orm import Session

from cabinet.models import Base, Node, Space, User
from cabinet.services.access.scope import Scope, whole_space
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.kernel.database import configure, writing
from cabinet.services.tree.copying import COPIED_COLUMNS, first_versions
from cabinet.services.tree.names import search_key, sort_key
from cabinet.services.tree.sums import CounterChanges
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage

# Rows per transaction; other writers wait for it.
PART = 500

_NODE = Base.metadata.tables["node"]


def multiply_file(url: str, username: str, folder: str, name: str, count: int) -> None:
    """Create `count` files in a folder of the root, with the content of an existing one."""
    engine = create_engine(url)
    configure(engine)
    try:
        with Session(engine) as session:
            bind_caps(session, Caps(entries=2**40))
            owned = select(Space.id).join(User, User.id == Space.owner_id)
            scope = whole_space(session.scalars(owned.where(User.username == username)).one())
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
    alike: dict[str, Any] = {column: getattr(model, column) for column in COPIED_COLUMNS}
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
    changes = CounterChanges()
    for _id in ids:
        changes.add(place.id, model)
    tree.count(changes)
    add_usage(session, scope, len(ids) * model.size, entries=len(ids))
    tree.extend_reach(place, session.get_one(Node, ids[-1]))
