"""The checksums of the current versions of files that clients compare.

Rule: reads only; they are stored by what publishes a version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Base
from cabinet.services.kernel.database import execute

_NODE, _VERSION = Base.metadata.tables["node"], Base.metadata.tables["version"]
_IDS = 500


def load_checksums(session: Session, node_ids: Sequence[int]) -> Mapping[int, str]:
    """Return the known checksums of files, by the node's id."""
    found: dict[int, str] = {}
    for start in range(0, len(node_ids), _IDS):
        current = (_VERSION.c.node_id == _NODE.c.id) & (_VERSION.c.number == _NODE.c.version)
        wanted = select(_NODE.c.id, _VERSION.c.checksums).join(_VERSION, current)
        some = _NODE.c.id.in_(node_ids[start : start + _IDS])
        rows = execute(session, wanted.where(some, _VERSION.c.checksums.is_not(None)))
        found |= {row.id: row.checksums for row in rows}
    return found
