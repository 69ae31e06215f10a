"""Copies large trees: builds them hidden, in the steps of a batch, and then places them.

A copy contains what a folder held when the copy began, if it still exists, and the content that each file has
when it is copied.

Rule: no step creates more rows than a few hundred nodes have; a copy that is built but not placed is deleted
with its batch.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Row, case, column, insert, literal, select, values
from sqlalchemy.orm import Session

from cabinet.models import Base, ItemRole, Kind, Node
from cabinet.services.access.scope import Scope
from cabinet.services.changes.batches import BatchRun
from cabinet.services.changes.selections import SelectedNodeMissing
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import BatchSizer, execute_in_steps
from cabinet.services.tree.copying import (
    COPIED_COLUMNS,
    COUNTERS,
    any_properties,
    copy_alone,
    copy_properties,
    first_versions,
    measure_copy,
)
from cabinet.services.tree.counting import count_below
from cabinet.services.tree.subtree import below
from cabinet.services.tree.sums import CounterChanges, Weighed
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage, check_entries, check_quota

# The maximum number of nodes that one transaction copies.
STEP = 500

_NODE = Base.metadata.tables["node"]
# The columns of a new node that the counters of its folder depend on.
_MADE = [
    _NODE.c[name] for name in ("id", "parent_id", "kind", "name", "size", "below_bytes", "below_segments")
]

# Rows fetched at a time.
_FETCHED = 1000

# The columns in which a complete copy equals its original.
_HELD = ("kind", "content_hash", "size", "child_count", "tree_size", "tree_files")


def is_small_copy(session: Session, node_ids: Sequence[int], folder_ids: Sequence[int] | None = None) -> bool:
    """Return whether one transaction may copy these nodes and all below; examines few rows to decide.

    `folder_ids` are the folders among them, if known.
    """
    return count_below(session, node_ids, STEP, folder_ids) <= STEP


def state_of(node: Node) -> object:
    """Return a value that changes with the content of a file, or with anything below a folder."""
    return node.tree_tag if node.kind == Kind.FOLDER else (node.content_hash, node.version, node.modified_at)


def holds_the_same(copy: Node, node: Node) -> bool:
    """Return whether a copy equals its original."""
    return all(getattr(copy, name) == getattr(node, name) for name in _HELD)


class _Plan:
    """The descendants of a folder at one moment, level by level: their ids, parents and levels."""

    def __init__(self) -> None:
        # Arrays, because there may be a million nodes.
        self._columns = (array("q"), array("q"), array("b"))

    def __len__(self) -> int:
        return len(self._columns[0])

    def add(self, *row: int) -> None:
        """Append a node, which is not above the previous one."""
        for values_, value in zip(self._columns, row, strict=True):
            values_.append(value)

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, ...]]:
        """Yield the rows of the range."""
        return zip(*(values_[start:stop] for values_ in self._columns), strict=True)


class Builder:
    """Builds copies of nodes in one scope."""

    def __init__(self, session: Session, clock: Clock, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)

    def build(self, run: BatchRun, node_ids: Sequence[int]) -> Mapping[int, int]:
        """Build hidden copies of nodes in steps of a batch; return their ids by those of the originals.

        Raises `CopyTooLarge`, `TooManyEntries` and `QuotaExceeded`, usually before anything is written, and
        `SelectedNodeMissing` if one of the nodes no longer exists.
        """
        entries, size = measure_copy(self._session, node_ids)
        check_entries(self._session, self._scope, entries)
        check_quota(self._session, self._scope, size)
        is_file = select(Node.id).where(Node.id.in_(node_ids), Node.kind == Kind.FILE)
        files = self._session.scalars(is_file.order_by(Node.id)).all()
        self._session.rollback()
        now = self._clock()
        copies: dict[int, int] = {}
        for start in range(0, len(files), STEP):
            copies |= self._copy_tops(run, files[start : start + STEP], now)
        for folder_id in set(node_ids).difference(files):
            # One at a time: a folder may be copied both by itself and inside another.
            copies |= self._copy_tops(run, [folder_id], now)
            self._copy_inside(run, folder_id, copies[folder_id], now)
        return copies

    def _copy_tops(self, run: BatchRun, node_ids: Sequence[int], now: datetime) -> dict[int, int]:
        """Create hidden copies of nodes, without their descendants."""
        with run.step() as log:
            nodes = self._session.scalars(
                select(Node).where(Node.id.in_(node_ids), Node.trashed_at.is_(None))
            ).all()
            if len(nodes) < len(node_ids):
                raise SelectedNodeMissing
            root = self._tree.root()
            copies = [copy_alone(self._tree, node, root, node.name, now) for node in nodes]
            for copy in copies:
                self._tree.hide(copy, now)
            add_usage(self._session, self._scope, sum(copy.size for copy in copies), entries=len(copies))
            self._session.add_all(copies)
            self._session.flush()
            self._session.execute(first_versions(_NODE.c.id.in_([copy.id for copy in copies]), now))
            pairs = {node.id: copy.id for node, copy in zip(nodes, copies, strict=True)}
            if any_properties(self._session):
                copy_properties(self._session, list(pairs.items()))
            for copy in copies:
                log.record_created(copy, ItemRole.INCOMPLETE_COPY, ())
            return pairs

    def _copy_inside(self, run: BatchRun, folder_id: int, copy_id: int, now: datetime) -> None:
        """Copy everything below a folder into its copy."""
        plan = self._plan(folder_id)
        # The ids of folders and of their copies.
        copies = {folder_id: copy_id}
        batch_sizer, done = BatchSizer(STEP), 0
        while done < len(plan):
            with run.step():
                # One level at a time, because children come after their folder.
                for _depth, level in groupby(plan.rows(done, done + batch_sizer.size), key=itemgetter(2)):
                    self._copy_some({node_id: parent_id for node_id, parent_id, _ in level}, copies, now)
            done += batch_sizer.size
            batch_sizer.adjust(run.took)

    def _plan(self, folder_id: int) -> _Plan:
        nodes = below([folder_id])
        wanted = select(Node.id, Node.parent_id, nodes.c.depth).join(nodes, Node.id == nodes.c.id)
        wanted = wanted.where(nodes.c.depth > 0).order_by(nodes.c.depth, Node.id)
        plan = _Plan()
        for row in execute_in_steps(self._session, wanted, _FETCHED):
            plan.add(*row)
        self._session.rollback()
        return plan

    def _copy_some(self, parents: Mapping[int, int], copies: dict[int, int], now: datetime) -> None:
        """Copy nodes into the copies of their parents, if both still exist."""
        here = select(_NODE.c.id, _NODE.c.name).where(_NODE.c.id.in_(parents), _NODE.c.trashed_at.is_(None))
        originals = {
            (copies[parents[node_id]], name): node_id
            for node_id, name in self._session.execute(here)
            if parents[node_id] in copies
        }
        if not originals:
            return
        made = self._insert([(node_id, copy_id) for (copy_id, _), node_id in originals.items()], now)
        files = [row.id for row in made if row.kind == Kind.FILE]
        self._session.execute(first_versions(_NODE.c.id.in_(files), now))
        add_usage(self._session, self._scope, sum(row.size for row in made), entries=len(made))
        if any_properties(self._session):
            pairs = [(originals[row.parent_id, row.name], row.id) for row in made]
            copy_properties(self._session, pairs)
        for row in made:
            if row.kind == Kind.FOLDER:
                copies[originals[row.parent_id, row.name]] = row.id
        self._count(made)

    def _insert(self, pairs: Sequence[tuple[int, int]], now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
        """Insert copies of nodes, each into a folder; return the columns that the counters depend on."""
        wanted = values(column("original", BigInteger), column("folder", BigInteger)).data(pairs).cte("pairs")
        version = case((_NODE.c.kind == Kind.FILE, 1), else_=0)
        alike = [_NODE.c[name] for name in COPIED_COLUMNS]
        moment, nothing = literal(now, _NODE.c.created_at.type), literal(0)
        place = (literal(self._scope.space_id), wanted.c.folder, version, moment, literal(self._tree.seq))
        rows = select(*alike, *place, *(nothing for _ in COUNTERS))
        columns = [*COPIED_COLUMNS, "space_id", "parent_id", "version", "created_at", "tree_tag", *COUNTERS]
        inserted = insert(_NODE).from_select(columns, rows.join(wanted, _NODE.c.id == wanted.c.original))
        return self._session.execute(inserted.returning(*_MADE)).all()

    def _count(self, made: Sequence[Row[*tuple[Any, ...]]]) -> None:
        """Update the counters and the reach of the folders of new nodes."""
        changes = CounterChanges()
        for row in made:
            changes.add(row.parent_id, Weighed(row.kind, row.size))
        self._tree.count(changes)
        folders = self._session.scalars(select(Node).where(Node.id.in_({row.parent_id for row in made})))
        there = {folder.id: folder for folder in folders}
        for row in made:
            self._tree.extend_reach(there[row.parent_id], row)
