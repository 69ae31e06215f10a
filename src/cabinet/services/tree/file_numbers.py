"""Find an entry by its number, by which sync clients know it wherever it is moved.

Rule: reads only; what the actor cannot reach is not there, and the trash is not looked into.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Kind, Node
from cabinet.services.access.scope import Scope
from cabinet.services.tree.locations import find_locations
from cabinet.services.tree.mounts import Mounts

_MOST_DIGITS = 16


def path_of_number(session: Session, scope: Scope, number: str) -> str:
    """Return the actor's path of an entry, behind a mount as well; raises `NotFound`."""
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        raise NotFound
    wanted = select(Node.id, Node.space_id).where(Node.file_id == int(number), Node.kind != Kind.MOUNT)
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound
    tops = [("", scope.root_id)] if row.space_id == scope.space_id else _mounted(session, scope, row.space_id)
    ids = {row.id, *(top for _name, top in tops if top is not None)}
    found = find_locations(session, row.space_id, ids) if tops else {}
    here = found.get(row.id)
    if here is None or here.is_trashed:
        raise NotFound
    for name, top in tops:
        above = "" if top is None else found[top].path if top in found else None
        if above is not None and (not above or f"{here.path}/".startswith(f"{above}/")):
            return f"{name}/{here.path.removeprefix(above).strip('/')}".strip("/")
    raise NotFound


def _mounted(session: Session, scope: Scope, space_id: int) -> list[tuple[str, int | None]]:
    """Return what is mounted of a space: the name of each mount, and the id of its target."""
    mounts = Mounts(session, scope).all()
    return [(mount.name, mount.target.id) for mount in mounts if mount.space_id == space_id]
