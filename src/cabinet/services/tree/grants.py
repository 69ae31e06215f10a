"""Whether a mount still gives what a scope behind it was made with.

A request may take hours to bring its bytes, and a batch runs in many transactions: meanwhile the mount may be
left or taken away, and its role be another one.

Rule: asked under the lock of the space that is written to, by the one who takes it; reads only.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, NotFound
from cabinet.models import Kind, Node
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope

# Made once: to build it takes as long as to run it.
_GRANT = select(Node.target_id, Node.role).where(Node.id == bindparam("mount_id"), Node.kind == Kind.MOUNT)


def check_grant(session: Session, scope: Scope) -> None:
    """Raise `NotFound` where the mount of a scope is gone, `Forbidden` where it gives less than it did."""
    if scope.mount_id is None:
        return
    row = session.execute(_GRANT, {"mount_id": scope.mount_id}).one_or_none()
    if row is None or scope.root_id not in (None, row.target_id):
        raise NotFound
    if scope.granted not in ShareRole(row.role).rights:
        raise Forbidden
