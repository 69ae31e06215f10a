"""The current location of folders of a space: a path, in the trash, or removed.

Rule: reads only, with one query, however many folders there are and however deep they lie.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, literal, select
from sqlalchemy.orm import Session, aliased

from cabinet.models import Node, Space
from cabinet.services.tree.names import join_path


@dataclass(frozen=True, slots=True)
class Location:
    """The path of a folder, or the original path if it is in the trash (`is_trashed`)."""

    path: str
    is_trashed: bool


def find_locations(session: Session, space_id: int, folder_ids: Collection[int]) -> Mapping[int, Location]:
    """Return the locations of folders of a space by id, without those that are permanently deleted."""
    if not folder_ids:
        return {}
    ways = groupby(session.execute(_ways_up(space_id, folder_ids)), key=lambda row: row.folder_id)
    found = {folder_id: _where(way) for folder_id, way in ways}
    return {folder_id: where for folder_id, where in found.items() if where is not None}


def _ways_up(space_id: int, folder_ids: Collection[int]) -> Select[Any]:
    """Return the query for each folder and all above it, from the folder to the root."""
    begin = select(Node.id.label("folder_id"), Node.id, Node.parent_id, literal(0).label("height"))
    begun = begin.where(Node.id.in_(folder_ids), Node.space_id == space_id)
    ways = begun.cte("ways", recursive=True)
    above = aliased(Node)
    higher = select(ways.c.folder_id, above.id, above.parent_id, ways.c.height + 1)
    ways = ways.union_all(higher.join(ways, above.id == ways.c.parent_id))
    columns = (Node.name, Node.parent_id, Node.trashed_at, Node.trash_id, Node.trashed_from)
    wanted = select(ways.c.folder_id, *columns, Space.trash_hidden_to).join(ways, Node.id == ways.c.id)
    return wanted.join(Space, Space.id == Node.space_id).order_by(ways.c.folder_id, ways.c.height)


def _where(way: Iterable[Row[Any]]) -> Location | None:
    """Return the location of the first row of `way`, which leads up to the root."""
    names: tuple[str, ...] = ()
    for node in way:
        if node.trashed_at is not None:
            is_hidden = node.trash_hidden_to is not None and node.trashed_at <= node.trash_hidden_to
            if node.trash_id is None or node.trashed_from is None or is_hidden:
                return None
            return Location(join_path((node.trashed_from, *names)), is_trashed=True)
        if node.parent_id is not None:
            names = (node.name, *names)
    return Location(join_path(names), is_trashed=False)
