"""Settles batches that their own process left behind: reverts or forgets them.

A batch that was running is reverted. A completed one is forgotten when it can no longer be undone. A purge
that has hidden everything is finished by `removal.py`, because nothing of it becomes visible again.

Rule: a batch whose process may be alive is left alone; transactions are as small as those of the batch.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, Unavailable
from cabinet.models import Batch, BatchItem, BatchState, ItemRole, Node
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL
from cabinet.services.access.scope import Scope, whole_space
from cabinet.services.changes.batches import (
    LEASE,
    STEP,
    StepLog,
    forget_items,
    read_items,
    set_state,
    spaces_of,
)
from cabinet.services.changes.reverting import Reverting, is_incomplete, is_untouched, is_where_batch_left_it
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import BatchSizer, execute_counted, publishing, writing
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.link_limits import give_back
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.reach import measuring
from cabinet.services.tree.removal import Measured, count_nodes, is_small, remove_some
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage

# The maximum number of batches of a space that can be undone.
UNDOABLE = 1000

_UNDECIDED = {BatchState.RUNNING, BatchState.REVERTING}
_COPIES = {ItemRole.COPIED, ItemRole.INCOMPLETE_COPY}
_END = 2**31 - 1


class Recovery:
    """Settles batches, in any space; safe beside a running server and beside itself."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._batch_sizer = BatchSizer(STEP)
        # Hidden copies that were examined; they do not change any more.
        self._touched: set[int] = set()
        self._untouched: set[int] = set()

    def has_work(self) -> bool:
        """Return whether a batch is left to settle, in any space."""
        has_any = self._session.execute(self._abandoned().limit(1)).first() is not None
        self._session.rollback()
        return has_any

    def _abandoned(self) -> Select[str, int]:
        return select(Batch.id, Batch.state).where(
            Batch.expires_at <= self._clock(), Batch.state != BatchState.COMMITTED
        )

    def recover(self, space_id: int | None = None) -> int:
        """Settle the batches left behind, in one space or in all; return their number."""
        old = self._abandoned()
        if space_id is not None:
            # Completed batches do not block anything.
            old = old.where(Batch.space_id == space_id, Batch.state != BatchState.DONE)
        settled = 0
        for batch_id, state in self._session.execute(old).all():
            # A failure of one batch must not block the others.
            with suppress(CabinetError):
                if state in _UNDECIDED:
                    self._claim(batch_id)
                    self._revert(batch_id)
                else:
                    self._forget(batch_id)
                settled += 1
        self._session.rollback()
        return settled

    def make_room(self, space_id: int, keep: str | None) -> None:
        """Forget the oldest undoable batches of a space, except `keep`, if there are too many.

        All together may have as many items as the space may have entries; the last one may have any number.
        """
        done = select(Batch.id, Batch.length).where(
            Batch.space_id == space_id, Batch.state == BatchState.DONE
        )
        newest_first = done.order_by(Batch.expires_at.desc(), Batch.id)
        most, items = caps_of(self._session).entries, 0
        for number, (batch_id, length) in enumerate(self._session.execute(newest_first).all()):
            items += length
            if number and (number >= UNDOABLE or items > most) and batch_id != keep:
                self._forget(batch_id)
        self._session.rollback()

    def roll_back(self, batch_id: str) -> None:
        """Revert what a batch of this process has done so far, if anything."""
        with publishing(self._session):
            alive_until = self._clock() + LEASE
            with suppress(Unavailable):  # its first step failed, or another process reverts it
                set_state(
                    self._session,
                    batch_id,
                    {BatchState.RUNNING},
                    BatchState.REVERTING,
                    expires_at=alive_until,
                )
        self._revert(batch_id)

    def _claim(self, batch_id: str) -> None:
        """Take over a batch; raises `Unavailable` if its process, or another sweep, is alive."""
        with writing(self._session):
            now = self._clock()
            stale = update(Batch).where(
                Batch.id == batch_id, Batch.state.in_(_UNDECIDED), Batch.expires_at <= now
            )
            changed = stale.values(state=BatchState.REVERTING, expires_at=now + LEASE)
            if not execute_counted(self._session, changed):
                raise Unavailable

    def _revert(self, batch_id: str) -> None:
        spaces = spaces_of(self._session, batch_id)
        is_left = True
        while is_left:
            self._look_at_copy(batch_id)
            is_left = measuring(self._session, partial(self._revert_step, batch_id, spaces))

    def _revert_step(self, batch_id: str, spaces: Collection[int]) -> bool:
        """Revert as much as there is time for; return whether there may be more."""
        with publishing(self._session):
            begun = time.monotonic()
            is_left = self._revert_some(batch_id, spaces)
        self._batch_sizer.adjust(time.monotonic() - begun)
        return is_left

    def _revert_some(self, batch_id: str, spaces: Collection[int]) -> bool:
        """Revert the last changes of a batch, in all its spaces; return whether there may be more."""
        batch = self._locked(batch_id, BatchState.REVERTING, spaces)
        if batch is None:
            return False
        items = read_items(self._session, batch_id, _END)
        if not items:
            if batch.undoes is not None:
                undone = update(Batch).where(Batch.id == batch.undoes, Batch.state == BatchState.UNDOING)
                execute_counted(self._session, undone.values(state=BatchState.DONE))
            self._session.delete(batch)
            return False
        tree = Tree(self._session, self._scope_of(batch))
        if some := self._until_large(items):
            positions = [item.position for item in some]
            unwritten = StepLog(batch_id, 0)
            other_trees = [
                Tree(self._session, whole_space(space_id, Actor(batch.user_id)))
                for space_id in spaces
                if space_id != batch.space_id
            ]
            reverting = Reverting(self._session, tree, unwritten, self._clock(), other_trees)
            freed = reverting.roll_back(some)
            give_back(self._session, batch.share_id, freed.size, freed.entries)
            forget_items(self._session, batch_id, positions)
        else:
            freed = self._unmake_some(tree, items[0])
            give_back(self._session, batch.share_id, freed.size, freed.entries)
        batch.expires_at = self._clock() + LEASE
        return True

    def _until_large(self, items: Sequence[BatchItem]) -> Sequence[BatchItem]:
        """Return the first of these items that one transaction may revert; none if the first one is large."""
        copies = [item.node_id for item in items if item.role in _COPIES]
        if not copies or is_small(self._session, copies):
            return items
        weight, small = 0, []
        for item in items:
            weight += count_nodes(self._session, item.node_id) if item.role in _COPIES else 0
            if weight > STEP:
                break
            small.append(item)
        return small

    def _unmake_some(self, tree: Tree, item: BatchItem) -> Measured:
        """Hide a large copy, or delete a part of it, or move it to the trash if it was changed.

        Returns what was deleted.
        """
        freed = Measured()
        node = self._session.get_one(Node, item.node_id)
        if not is_where_batch_left_it(item, node):
            forget_items(self._session, item.batch_id, [item.position])
        elif not is_incomplete(node):
            item.path = join_path(tree.path_of(node) or split_path(item.path))
            tree.detach(node)
            tree.hide(node, self._clock())
        elif node.id in self._touched:
            tree.trash_as(node, tree.path_in_space(split_path(item.path)), new_id(), self._clock())
            forget_items(self._session, item.batch_id, [item.position])
        elif node.id in self._untouched:
            freed, _is_all = remove_some(self._session, [node.id], self._batch_sizer.size)
            add_usage(self._session, tree.scope, -freed.size, entries=-freed.entries)
        return freed

    def _look_at_copy(self, batch_id: str) -> None:
        """Examine outside of a write transaction whether the next hidden copy was changed."""
        last = select(BatchItem).where(BatchItem.batch_id == batch_id)
        item = self._session.scalar(last.order_by(BatchItem.position.desc()).limit(1))
        node = None if item is None else self._session.get(Node, item.node_id)
        if node is not None and is_incomplete(node) and node.id not in self._touched | self._untouched:
            seen = self._untouched if is_untouched(self._session, node) else self._touched
            seen.add(node.id)
        self._session.rollback()

    def _forget(self, batch_id: str) -> None:
        """Delete a batch that can no longer be undone, some of its items at a time."""
        is_left = True
        while is_left:
            with writing(self._session):
                items = select(BatchItem.position).where(BatchItem.batch_id == batch_id)
                positions = self._session.scalars(items.limit(5 * STEP)).all()
                forget_items(self._session, batch_id, positions)
                is_left = bool(positions)
                if not is_left:
                    self._session.execute(delete(Batch).where(Batch.id == batch_id))

    def _scope_of(self, batch: Batch) -> Scope:
        """Return the scope of a batch; the whole space if its root no longer exists."""
        actor = Actor(batch.user_id)
        root = None if batch.root_id is None else self._session.get(Node, batch.root_id)
        if root is None or root.parent_id is None:
            return whole_space(batch.space_id, actor)
        return Scope(actor, batch.space_id, root.id, ALL)

    def _locked(self, batch_id: str, state: BatchState, spaces: Collection[int]) -> Batch | None:
        """Return a batch if it is in this state, under the locks of its space and others."""
        space_id = self._session.scalar(select(Batch.space_id).where(Batch.id == batch_id))
        if space_id is None:
            return None
        lock_spaces(self._session, {space_id, *spaces})
        Tree(self._session, whole_space(space_id)).root()
        return self._session.scalar(select(Batch).where(Batch.id == batch_id, Batch.state == state))
