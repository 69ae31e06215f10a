"""The query plans of listings: one range of one index, however large the folder is.

Rule: the plan of the actual statement is checked, never a time.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.orm import Session

from cabinet.models import Kind
from cabinet.services.tree.list_ranges import range_of
from cabinet.services.tree.listing import _COLUMNS, _SUMS
from cabinet.services.tree.merging import SortPlan
from cabinet.services.tree.node_values import COLUMNS
from cabinet.services.tree.paging import Order, Sort
from tests.support.services import START, Workbench

every_order = [(sort, descending) for sort, descending in product(Sort, (False, True))]


@pytest.mark.sqlite("its way to tell a plan")
@pytest.mark.parametrize(("sort", "descending"), every_order)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("bound", ["", "start", "until"])
def test_every_page_is_one_range_of_one_index(
    session: Session, sort: Sort, descending: bool, kind: Kind, bound: str
) -> None:
    query = _page_of(kind, Order(sort, descending), bound)
    sql = query.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
    parameters = tuple(sql.params[name] for name in sql.positiontup or ())

    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", _plain(parameters)).all()

    steps = [row.detail for row in plan]
    if sort is Sort.SIZE and kind is Kind.FOLDER:
        # No index holds their sums; those of one folder are put in order.
        assert steps[0].startswith("SEARCH node USING INDEX ix_node_by_")
        assert steps[1:] == ["USE TEMP B-TREE FOR ORDER BY"]
        return
    assert len(steps) == 1, steps
    assert f"USING INDEX ix_node_by_{sort.value} " in steps[0]
    # What follows the kind is where the range begins or ends.
    assert steps[0].endswith("kind=?)") is (not bound)


def _page_of(kind: Kind, order: Order, bound: str) -> Select[Any]:
    positions: dict[Sort, list[Any]] = {
        Sort.NAME: [b"k"],
        Sort.SIZE: [7, b"k"],
        Sort.MODIFIED: [START, b"k"],
    }
    columns = _COLUMNS[order.sort]
    plan = SortPlan(1, _SUMS if order.sort is Sort.SIZE else columns, columns, order.descending)
    query = range_of(COLUMNS, plan.columns_of(kind), order.descending, bound == "start", bound == "until")
    values = {f"{bound}_{number}": value for number, value in enumerate(positions[order.sort])}
    return query.params(parent_id=1, kind=kind.value, most=10, **(values if bound else {}))


@pytest.mark.postgresql("its way to tell a plan")
@pytest.mark.parametrize(("sort", "descending"), every_order)
@pytest.mark.parametrize("bound", ["", "start", "until"])
def test_every_page_is_one_range_of_one_index_on_postgresql(
    session: Session, sort: Sort, descending: bool, bound: str
) -> None:
    query = _page_of(Kind.FILE, Order(sort, descending), bound)
    sql = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    # In a table of a few rows, reading all of them is the best plan of all.
    for way in ("seqscan", "bitmapscan"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))

    plan = [line for (line,) in session.execute(text(f"EXPLAIN (COSTS OFF) {sql}".replace(":", r"\:")))]

    direction = " Backward" if descending else ""
    assert plan[1].strip() == f"->  Index Scan{direction} using ix_node_by_{sort.value} on node", plan
    assert (
        "ROW(" in plan[2] or f"({sort.value if sort is not Sort.NAME else 'sort_key'} " in plan[2]
    ) is bool(bound)
    assert len(plan) == 3, plan


def _plain(parameters: tuple[object, ...]) -> tuple[object, ...]:
    """Return parameters as the driver takes them: only a time needs to become one of its values."""
    return tuple(str(value) if value == START else value for value in parameters)


@pytest.mark.sqlite("its way to tell a plan")
def test_resolving_a_path_looks_up_each_segment_by_an_index(session: Session, bench: Workbench) -> None:
    plan = session.connection().exec_driver_sql(
        "EXPLAIN QUERY PLAN SELECT * FROM node WHERE parent_id = 1 AND name = 'x' AND trashed_at IS NULL"
    )

    assert [row.detail for row in plan] == ["SEARCH node USING INDEX uq_node_name (parent_id=? AND name=?)"]


@pytest.mark.sqlite("its way to tell a plan")
@pytest.mark.parametrize("wanted", ["= 'x'", "IN ('x', 'y')", "IN (SELECT 'x')"])
def test_an_item_of_the_trash_is_found_by_an_index_without_live_nodes(session: Session, wanted: str) -> None:
    looked_for = "EXPLAIN QUERY PLAN SELECT * FROM node WHERE trash_id "
    plan = session.connection().exec_driver_sql(looked_for + wanted).all()

    assert "SEARCH node USING INDEX uq_node_trash_id (trash_id=?)" in [row.detail for row in plan]
