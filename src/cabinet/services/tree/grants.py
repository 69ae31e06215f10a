"""Checks that a mount still grants what its scope was created with.

A request may receive bytes for hours, and a batch runs in many transactions: meanwhile the mount may be
removed or its role changed.

Rule: called under the lock of the space that is written to, by the code that takes the lock; reads only.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, NotFound
from cabinet.models import Kind, Node
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope

# Built once: building takes as long as running it.
_GRANT = select(Node.target_id, Node.role).where(Node.id == bindparam("mount_id"), Node.kind == Kind.MOUNT)


def check_grant(session: Session, scope: Scope) -> None:
    """Raise `NotFound` if the mount of a scope is gone, `Forbidden` if its role grants less than before."""
    if scope.mount_id is None:
        return
    row = session.execute(_GRANT, {"mount_id": scope.mount_id}).one_or_none()
    if row is None or scope.root_id not in (None, row.target_id):
        raise NotFound
    if scope.granted not in ShareRole(row.role).rights:
        raise Forbidden
