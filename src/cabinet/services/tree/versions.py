"""The rows of a file's versions: the next one, and those beyond the number that is kept.

Rule: runs in the caller's transaction and commits nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cabinet.errors import VersionsFull
from cabinet.models import Node, Version
from cabinet.services.access.scope import Scope
from cabinet.services.tree.node_values import NodeValues

# The maximum number of versions of one file that one transaction deletes.
PRUNED = 500


def next_version(node: Node | NodeValues, content_hash: str, size: int, now: datetime) -> dict[str, object]:
    """Set the content of a file and return the row of its new version, to be inserted."""
    node.version += 1
    node.size, node.content_hash = size, content_hash
    return {
        "node_id": node.id,
        "number": node.version,
        "content_hash": content_hash,
        "size": size,
        "created_at": now,
    }


def prune(session: Session, scope: Scope, node: Node | NodeValues, kept: int) -> int:
    """Delete the oldest versions of a file beyond `kept`; return their bytes.

    After the operator lowers the limit there may be very many; the rest is deleted by later calls. Raises
    `VersionsFull` if a guest would delete versions of the owner.
    """
    if node.version <= kept:
        return 0
    numbers = select(Version.number).where(Version.node_id == node.id).order_by(Version.number.desc())
    newest = numbers.offset(kept).limit(1).scalar_subquery()
    rows = select(Version.id, Version.size).where(Version.node_id == node.id, Version.number <= newest)
    old = session.execute(rows.order_by(Version.number).limit(PRUNED)).all()
    if old:
        if scope.actor.is_guest:
            raise VersionsFull
        gone = delete(Version).where(Version.id.in_([row.id for row in old]))
        session.execute(gone, execution_options={"synchronize_session": False})
    return sum(row.size for row in old)
