"""How the entries of a page are shared: by links, with users, or with groups.

Rule: reads only; the caller asks about what the actor may share, for nobody else learns of shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.models import Base, ShareKind
from cabinet.services.kernel.database import execute
from cabinet.services.tree.share_signs import IS_LIVE

_SHARE, _ITEM = (Base.metadata.tables[name] for name in ("share", "share_item"))
# Ids in one statement.
_BATCH = 500
# Built once: apps ask for it with every folder.
_KINDS = (
    select(_ITEM.c.node_id, _SHARE.c.kind, _SHARE.c.to_user_id)
    .join(_SHARE, _SHARE.c.id == _ITEM.c.share_id)
    .where(_ITEM.c.node_id.in_(bindparam("ids", expanding=True)), IS_LIVE)
    .distinct()
)


class ShareTypes(NamedTuple):
    """Whether an entry has a link, and a grant to a user and to a group."""

    link: bool = False
    user: bool = False
    group: bool = False


def load_share_types(session: Session, node_ids: Sequence[int], now: datetime) -> Mapping[int, ShareTypes]:
    """Return how those of some nodes that are shared are, by the node's id."""
    found: dict[int, ShareTypes] = {}
    for start in range(0, len(node_ids), _BATCH):
        asked = {"ids": node_ids[start : start + _BATCH], "now": now}
        for row in execute(session, _KINDS, asked):
            known = found.get(row.node_id, ShareTypes())
            if row.kind != ShareKind.GRANT:
                known = known._replace(link=True)
            elif row.to_user_id is not None:
                known = known._replace(user=True)
            else:
                known = known._replace(group=True)
            found[row.node_id] = known
    return found
