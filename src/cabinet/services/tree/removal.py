"""Removes rows that are permanently deleted, in batches beside the requests.

They were hidden by one small change: a purge was committed, the mark of a trash was moved, or a space was
deleted. They are never visible again and no longer count in the usage of their space. Code that hides rows
notes that in the session, so that removal starts soon; what is missed because a process died is found by the
next run.

Rule: no transaction changes more rows than a few hundred nodes have, and the rest stays hidden after each;
safe beside a running server and beside itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from cabinet.errors import CabinetError
from cabinet.models import (
    Batch,
    BatchItem,
    BatchKind,
    BatchState,
    Event,
    Node,
    Share,
    ShareRecipient,
    Space,
    Thumbnail,
    Upload,
    User,
    Version,
)
from cabinet.services.access.scope import whole_space
from cabinet.services.kernel.database import BatchSizer, execute_counted, writing
from cabinet.services.tree.counting import count_below
from cabinet.services.tree.roots import root_of
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.subtree import below
from cabinet.services.tree.usage import add_usage

# The maximum number of nodes that one transaction removes, and of other rows that it touches.
STEP = 200
ROWS = 1000

_NOTED = "cabinet_hidden"


@dataclass(frozen=True, slots=True)
class Measured:
    """A number of nodes, and the bytes of all their versions."""

    entries: int = 0
    size: int = 0

    def __add__(self, other: Measured) -> Measured:
        return Measured(self.entries + other.entries, self.size + other.size)


def mark_hidden(session: Session) -> None:
    """Record in the session that something was hidden, for `pop_hidden_mark`."""
    session.info[_NOTED] = True


def pop_hidden_mark(session: Session) -> bool:
    """Return whether something was hidden in this session since the last call."""
    return bool(session.info.pop(_NOTED, False))


def measure(session: Session, tops: Select[int]) -> Measured:
    """Return the size of some nodes and everything below.

    Reads all of them, so it must not run in a writing transaction.
    """
    # Distinct: one node may lie below another, like copies in a folder that was created for them.
    nodes = select(below(tops).c.id).distinct().subquery()
    entries = session.scalar(select(func.count()).select_from(nodes)) or 0
    size = select(func.coalesce(func.sum(Version.size), 0)).join(nodes, Version.node_id == nodes.c.id)
    return Measured(entries, int(session.scalar(size) or 0))


def is_small(session: Session, tops: Sequence[int]) -> bool:
    """Return whether one transaction may remove these nodes and all below; examines few rows to decide."""
    nodes = below(tops)
    if count_below(session, tops, STEP) > STEP:
        return False
    # By now these are few.
    touched = (
        select(Version.id).join(nodes, Version.node_id == nodes.c.id),
        select(BatchItem.position).join(nodes, BatchItem.node_id == nodes.c.id),
        select(BatchItem.position).join(nodes, BatchItem.parent_id == nodes.c.id),
        *(select(key).join(nodes, column == nodes.c.id) for key, column in (*_REFERRING, _MOUNTS)),
    )
    return not any(has_more_than(session, rows, ROWS) for rows in touched)


def count_nodes(session: Session, node_id: int) -> int:
    """Return the number of nodes in a tree, or any number above `STEP` if there are more."""
    return count_below(session, [node_id], STEP)


def has_more_than(session: Session, rows: Select[Any], most: int) -> bool:
    """Return whether a query has more than `most` rows, without counting all."""
    found = rows.limit(most + 1).subquery()
    return (session.scalar(select(func.count()).select_from(found)) or 0) > most


def purge(session: Session, space_id: int, node_ids: Sequence[int]) -> Measured:
    """Delete uncounted nodes and everything below, and release their bytes.

    Runs in the caller's transaction, under the lock of the space; only if `is_small`.
    """
    session.flush()
    freed = measure(session, select(Node.id).where(Node.id.in_(node_ids)))
    add_usage(session, whole_space(space_id), -freed.size, entries=-freed.entries)
    _delete(session, node_ids)
    return freed


def remove_some(session: Session, tops: Sequence[int], most: int) -> tuple[Measured, bool]:
    """Delete up to `most` nodes of some trees; return what was removed, and whether that was all.

    Deletes the deepest first, so that no row cascades to others. Runs in the caller's transaction, under the
    lock of their space.
    """
    selected, is_all = _deepest(session, tops, most)
    if _detach_from_items(session, selected) or _clear_references(session, selected):
        return Measured(), False
    counted = select(Version.node_id, func.count(), func.sum(Version.size)).group_by(Version.node_id)
    rows = session.execute(counted.where(Version.node_id.in_(selected))).all()
    versions = {node_id: (count, int(size)) for node_id, count, size in rows}
    gone: list[int] = []
    touched = size = 0
    for node_id in selected:
        count, its_size = versions.get(node_id, (0, 0))
        touched += count
        if gone and touched > ROWS:
            is_all = False
            break
        gone.append(node_id)
        size += its_size
    _delete(session, gone)
    return Measured(len(gone), size), is_all


def _deepest(session: Session, tops: Sequence[int], most: int) -> tuple[list[int], bool]:
    """Return up to `most` nodes, each after all that lie below it, and whether these are all."""
    levels = [list(tops)]
    while levels[-1]:
        inside = select(Node.id).where(Node.parent_id.in_(levels[-1])).limit(most + 1)
        levels.append(list(session.scalars(inside)))
    selected: list[int] = []
    for level in reversed(levels):
        room = most - len(selected)
        selected += level[:room]
        if len(level) > room:
            return selected, False
    return selected, True


def _detach_from_items(session: Session, node_ids: Sequence[int]) -> bool:
    """Detach nodes from batch items where deleting would change too many of these; return whether it did.

    A node that was moved many times has an item for each move, and a folder is the parent in as many. The
    items of a purge stay as long as there is something to remove.
    """
    purges = select(Batch.id).where(Batch.kind == BatchKind.PURGE, Batch.state == BatchState.COMMITTED)
    rows = select(BatchItem.batch_id, BatchItem.position)
    of_them = rows.where(BatchItem.node_id.in_(node_ids), BatchItem.batch_id.not_in(purges))
    in_them = rows.where(BatchItem.parent_id.in_(node_ids))
    for held in (of_them, in_them):
        items = session.execute(held.limit(ROWS + 1)).all()
        if len(items) <= ROWS:
            continue
        for batch_id in {item.batch_id for item in items}:
            positions = [item.position for item in items if item.batch_id == batch_id]
            here = (BatchItem.batch_id == batch_id, BatchItem.position.in_(positions))
            if held is of_them:
                execute_counted(session, delete(BatchItem).where(*here))
            else:
                execute_counted(session, update(BatchItem).where(*here).values(parent_id=None))
        return True
    return False


def _clear_references(session: Session, node_ids: Sequence[int]) -> bool:
    """Clear other references to some nodes, and delete their mounts, as `_detach_from_items` does."""
    mounts = select(Node.id).where(Node.target_id.in_(node_ids))
    if has_cleared := has_more_than(session, mounts, ROWS):
        execute_counted(session, delete(Node).where(Node.id.in_(mounts.limit(ROWS))))
    for key, column in _REFERRING:
        held = session.scalars(select(key).where(column.in_(node_ids)).limit(ROWS + 1)).all()
        if len(held) > ROWS:
            forgetting = update(key.class_).where(key.in_(held[:ROWS]))
            execute_counted(session, forgetting.values({column.key: None}))
            has_cleared = True
    return has_cleared


def _delete(session: Session, node_ids: Sequence[int]) -> None:
    execute_counted(session, delete(Node).where(Node.id.in_(node_ids)))


class Removal:
    """Removes hidden rows permanently, in any space."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._batch_sizer = BatchSizer(STEP)

    def has_work(self) -> bool:
        """Return whether hidden rows are left to remove."""
        has_any = next(self._pending(), None) is not None
        self._session.rollback()
        return has_any

    def run(self) -> int:
        """Remove all hidden rows; return the number of files and folders removed."""
        removed = 0
        for space_id, remove in list(self._pending()):
            # A failure in one space must not block the others.
            with suppress(CabinetError):
                removed += self._repeat(space_id, remove)
        self._session.rollback()
        return removed

    def _pending(self) -> Iterator[tuple[int, Callable[[], int | None]]]:
        """Yield pending removals: a space, and a function that removes a batch and returns None once done."""
        committed = (Batch.kind == BatchKind.PURGE) & (Batch.state == BatchState.COMMITTED)
        for batch_id, space_id in self._session.execute(select(Batch.id, Batch.space_id).where(committed)):
            yield space_id, partial(self._remove_of_batch, batch_id, space_id)
        for space_id in self._session.scalars(select(Space.id).where(Space.trash_hidden_to.is_not(None))):
            yield space_id, partial(self._remove_of_trash, space_id)
        for space_id in self._session.scalars(select(Space.id).where(Space.deleted_at.is_not(None))):
            yield space_id, partial(self._remove_of_space, space_id)

    def _repeat(self, space_id: int, remove: Callable[[], int | None]) -> int:
        """Remove batch after batch, each in a transaction under the lock of its space."""
        self.release_hidden(space_id)
        removed, self._batch_sizer = 0, BatchSizer(STEP)
        while True:
            with writing(self._session):
                begun = time.monotonic()
                lock_spaces(self._session, [space_id])
                some = remove()
            self._batch_sizer.adjust(time.monotonic() - begun)
            if some is None:
                return removed
            removed += some

    def release_hidden(self, space_id: int) -> None:
        """Subtract from the usage of a space what the mark of its trash hides.

        Hidden rows do not change, so they are measured while others write.
        """
        while True:
            self._session.rollback()
            marks = select(Space.trash_hidden_to, Space.trash_purged_to).where(Space.id == space_id)
            row = self._session.execute(marks).one_or_none()
            if row is None or row.trash_hidden_to == row.trash_purged_to:
                return
            hidden = trashed_between(space_id, row.trash_purged_to, row.trash_hidden_to)
            freed = measure(self._session, hidden)
            with writing(self._session):
                # Another process may have been faster.
                moved = update(Space).where(
                    Space.id == space_id,
                    Space.trash_hidden_to == row.trash_hidden_to,
                    Space.trash_purged_to.is_not_distinct_from(row.trash_purged_to),
                )
                if execute_counted(self._session, moved.values(trash_purged_to=row.trash_hidden_to)):
                    add_usage(self._session, whole_space(space_id), -freed.size, entries=-freed.entries)

    def _remove_of_batch(self, batch_id: str, space_id: int) -> int | None:
        # A committed batch never changes its state again.
        items = select(BatchItem.node_id).where(BatchItem.batch_id == batch_id)
        tops = self._session.scalars(
            items.order_by(BatchItem.position).limit(self._batch_sizer.size + 1)
        ).all()
        if not tops:
            self._session.execute(delete(Batch).where(Batch.id == batch_id))
            return None
        return remove_some(self._session, list(dict.fromkeys(tops)), self._batch_sizer.size)[0].entries

    def _remove_of_trash(self, space_id: int) -> int | None:
        space = self._session.get(Space, space_id)
        if space is None or space.trash_purged_to is None:
            return None
        wanted = trashed_between(space_id, None, space.trash_purged_to).order_by(Node.trashed_at)
        if tops := self._session.scalars(wanted.limit(self._batch_sizer.size + 1)).all():
            return remove_some(self._session, tops, self._batch_sizer.size)[0].entries
        if space.trash_hidden_to == space.trash_purged_to:
            space.trash_hidden_to = space.trash_purged_to = None
        return None

    def _remove_of_space(self, space_id: int) -> int | None:
        # Before the shares, which would take all of their recipients along.
        if self._remove_recipients(space_id):
            return 0
        # Batches last: by then their items were deleted with the nodes.
        if self._remove_rows(_BESIDE_NODES[:-1], space_id):
            return 0
        root = self._session.scalar(root_of(space_id))
        if root is not None:
            mounts = select(Node.id).where(Node.target_id == root).limit(ROWS)
            if execute_counted(self._session, delete(Node).where(Node.id.in_(mounts))):
                return 0
            freed, is_all = remove_some(self._session, [root], self._batch_sizer.size)
            # The root does not count as an entry of its space.
            return freed.entries - is_all
        if self._remove_rows(_BESIDE_NODES[-1:], space_id):
            return 0
        owner_id = self._session.scalar(select(Space.owner_id).where(Space.id == space_id))
        # In the spaces of others.
        elsewhere = select(Event.id).where(Event.user_id == owner_id).limit(ROWS)
        forgotten = update(Event).where(Event.id.in_(elsewhere)).values(user_id=None)
        if owner_id is not None and execute_counted(self._session, forgotten):
            return 0
        self._session.execute(delete(Space).where(Space.id == space_id))
        # A team space has no owner.
        self._session.execute(delete(User).where(User.id == owner_id, User.deleted_at.is_not(None)))
        return None

    def _remove_recipients(self, space_id: int) -> bool:
        """Delete the recipients of one share of a space; return whether there were any."""
        one = _RECIPIENTS.where(Share.space_id == space_id).limit(1)
        gone = delete(ShareRecipient).where(ShareRecipient.share_id.in_(one))
        return execute_counted(self._session, gone) > 0

    def _remove_rows(self, tables: _Tables, space_id: int) -> bool:
        """Delete some rows from the first of the tables that has any in a space; return whether one had."""
        for key, space in tables:
            some = select(key).where(space == space_id).limit(ROWS)
            if execute_counted(self._session, delete(key.class_).where(space == space_id, key.in_(some))):
                return True
        return False


_Tables: TypeAlias = Sequence[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[int]]]

# A space may also have many rows in these tables.
_BESIDE_NODES: _Tables = (
    # Before links, which would take theirs along.
    (Event.id, Event.space_id),
    (Upload.id, Upload.space_id),
    (Share.id, Share.space_id),
    (Thumbnail.content_hash, Thumbnail.space_id),
    (Batch.id, Batch.space_id),
)

# References to a node that are cleared when it is deleted.
_REFERRING: Sequence[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[int | None]]] = (
    (Node.id, Node.trashed_parent_id),
    (Upload.id, Upload.root_id),
    (Batch.id, Batch.root_id),
    (Event.id, Event.node_id),
)


# A mount is deleted with its target.
_MOUNTS = (Node.id, Node.target_id)
_RECIPIENTS = select(ShareRecipient.share_id).join(Share, Share.id == ShareRecipient.share_id)


def has_much_beside_nodes(session: Session, space_id: int) -> bool:
    """Return whether a space has more rows besides its nodes than one transaction should delete."""
    mounts = select(Node.id).where(Node.target_id == root_of(space_id).scalar_subquery())
    recipients = _RECIPIENTS.where(Share.space_id == space_id)
    elsewhere = select(Event.id).join(Space, Space.owner_id == Event.user_id).where(Space.id == space_id)
    return (
        has_more_than(session, mounts, STEP)
        or has_more_than(session, recipients, ROWS)
        or has_more_than(session, elsewhere, ROWS)
        or any(
            has_more_than(session, select(key).where(space == space_id), ROWS) for key, space in _BESIDE_NODES
        )
    )


def hide_space(session: Session, root: Node, now: datetime) -> None:
    """Hide a whole space, which the caller has locked; `Removal` deletes it."""
    root.trashed_at = now
    session.get_one(Space, root.space_id).deleted_at = now
    mark_hidden(session)


def trashed_between(space_id: int, after: datetime | None, up_to: datetime | None) -> Select[int]:
    """Return the ids of items trashed in a space after one mark and up to another, hidden or not."""
    trashed = select(Node.id).where(
        Node.space_id == space_id, Node.trash_id.is_not(None), Node.trashed_at <= up_to
    )
    return trashed if after is None else trashed.where(Node.trashed_at > after)
