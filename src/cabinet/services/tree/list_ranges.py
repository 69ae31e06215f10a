"""The queries of a listing: ranges of the entries of a folder, folders before files.

Rule: builds statements and runs none; each is built once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, Tuple, bindparam, select, tuple_

from cabinet.models import Base, Kind
from cabinet.services.tree.merging import Columns, Position, SortPlan

_NODE = Base.metadata.tables["node"]


def ranges(
    columns: Columns, plan: SortPlan, start: Position | None, until: Position | None = None
) -> Iterator[tuple[Select[Any], dict[str, Any]]]:
    """Yield the queries, with their values, of folders and of files after `start`, each up to `until`."""
    for kind in (Kind.FOLDER, Kind.FILE):
        if (start and kind < start[0]) or (until and kind > until[0]):
            continue
        behind = start[1] if start and kind == start[0] else None
        last = until[1] if until and kind == until[0] else None
        values = {f"start_{number}": value for number, value in enumerate(behind or ())}
        values |= {f"until_{number}": value for number, value in enumerate(last or ())}
        values |= {"parent_id": plan.folder_id, "kind": kind.value}
        order = plan.columns_of(kind)
        yield (
            range_of(columns, order, plan.is_descending, behind is not None, last is not None),
            values,
        )


@cache
def range_of(columns: Columns, order: Columns, goes_down: bool, starts: bool, ends: bool) -> Select[Any]:
    """Return the query of one range: nodes of a kind in a folder, ordered, after a start, up to an end.

    It is an index range, unless it compares sums. There are a few dozen of them, and building one takes ten
    times as long as running it.
    """
    here = tuple_(*order)
    wanted = select(*columns).where(
        _NODE.c.parent_id == bindparam("parent_id"),
        _NODE.c.kind == bindparam("kind"),
        _NODE.c.trashed_at.is_(None),
    )
    if starts:
        start = _bound("start", order)
        wanted = wanted.where(here < start if goes_down else here > start)
    if ends:
        until = _bound("until", order)
        wanted = wanted.where(here >= until if goes_down else here <= until)
    ordered = wanted.order_by(*(column.desc() if goes_down else column for column in order))
    return ordered.limit(bindparam("most", type_=Integer))


def _bound(name: str, order: Columns) -> Tuple:
    return tuple_(*(bindparam(f"{name}_{number}", type_=column.type) for number, column in enumerate(order)))
