"""The entries of a selection: found like mounts, by the names that they got when the link was made.

Rule: builds statements; nothing is executed here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import aliased

from cabinet.models import Node, ShareItem
from cabinet.services.tree.node_values import columns_of

_TARGET = aliased(Node)


def members(
    *wanted: ColumnElement[bool],
) -> Select[*tuple[Any, ...]]:
    """Return the query of the visible entries of a selection, `share_id`.

    The target and its space, then the position, the name and its sort key.
    """
    here = (ShareItem.share_id == bindparam("share_id"), *wanted)
    begun = select(ShareItem.position, _TARGET.parent_id, _TARGET.trashed_at)
    begun = begun.join(_TARGET, _TARGET.id == ShareItem.node_id).where(*here)
    way = begun.cte("way", recursive=True)
    above = aliased(Node)
    upper = select(way.c.position, above.parent_id, above.trashed_at).join(way, above.id == way.c.parent_id)
    way = way.union_all(upper.where(way.c.trashed_at.is_(None)))
    hidden = select(way.c.position).where(way.c.trashed_at.is_not(None))
    own = (ShareItem.position, ShareItem.name, ShareItem.sort_key)
    columns = select(*columns_of(_TARGET), _TARGET.space_id, *own)
    found = columns.join(_TARGET, _TARGET.id == ShareItem.node_id)
    return found.where(*here, ShareItem.position.not_in(hidden)).order_by(ShareItem.sort_key)
