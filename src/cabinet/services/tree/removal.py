"""What is gone for good and whose rows are still there: removed a batch at a time, beside the requests.

It was hidden by one small change: a purge of some nodes is committed, the mark of a trash was moved,
or an account is marked as deleted. Nobody sees any of it again, and its owner's usage has it no more.
Who hides something notes that in the session, so that somebody removes it soon; whatever is forgotten,
because a process died, is found by the next who looks.

Rule: no transaction changes more rows than a few hundred nodes have, and what is left after any of
them is hidden as before; safe beside a running server and beside itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from cabinet.errors import CabinetError
from cabinet.models import Batch, BatchItem, BatchKind, BatchState, Node, Thumbnail, Upload, User, Version
from cabinet.services.kernel.database import Pace, execute_counted, writing
from cabinet.services.tree.tree import below
from cabinet.services.tree.usage import use

# Nodes that one transaction removes at most, and rows that it touches besides.
STEP = 200
ROWS = 1000

_NOTED = "cabinet_hidden"


@dataclass(frozen=True, slots=True)
class Measured:
    """How many nodes there are, and the bytes of all their versions."""

    entries: int = 0
    size: int = 0


def note_hidden(session: Session) -> None:
    """Note that something was hidden in this session, for whoever asks `take_note`."""
    session.info[_NOTED] = True


def take_note(session: Session) -> bool:
    """Tell whether something was hidden in this session since the last time that somebody asked."""
    return bool(session.info.pop(_NOTED, False))


def measure(session: Session, tops: Select[int]) -> Measured:
    """Return what some nodes, and all below them, are; as large as they are, so in no writing transaction."""
    # Once each: one of them may lie below another, as copies do in a folder that was made for them.
    nodes = select(below(tops).c.id).distinct().subquery()
    entries = session.scalar(select(func.count()).select_from(nodes)) or 0
    size = select(func.coalesce(func.sum(Version.size), 0)).join(nodes, Version.node_id == nodes.c.id)
    return Measured(entries, int(session.scalar(size) or 0))


def is_small(session: Session, tops: Sequence[int]) -> bool:
    """Tell whether one transaction may remove these nodes with all below them; looks at few to know."""
    nodes = below(tops)
    if len(tops) > STEP or has_more_than(session, select(nodes.c.id), STEP):
        return False
    # All of them are few by now.
    touched = (
        select(Version.id).join(nodes, Version.node_id == nodes.c.id),
        select(BatchItem.position).join(nodes, BatchItem.node_id == nodes.c.id),
        select(BatchItem.position).join(nodes, BatchItem.parent_id == nodes.c.id),
    )
    return not any(has_more_than(session, rows, ROWS) for rows in touched)


def weigh(session: Session, node_id: int) -> int:
    """Return how many nodes one is with all below it, or any number above `STEP` when they are more."""
    nodes = below([node_id])
    found = select(nodes.c.id).limit(STEP + 1).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def has_more_than(session: Session, rows: Select[Any], most: int) -> bool:
    """Tell whether a query has more rows, without counting them all."""
    found = rows.limit(most + 1).subquery()
    return (session.scalar(select(func.count()).select_from(found)) or 0) > most


def purge(session: Session, owner_id: int, node_ids: Sequence[int]) -> Measured:
    """Remove nodes that no folder counts, with all that lies below them, and give their bytes back.

    Runs in the caller's transaction, under the lock of the owner's root; for what `is_small`.
    """
    session.flush()
    freed = measure(session, select(Node.id).where(Node.id.in_(node_ids)))
    use(session, owner_id, -freed.size, entries=-freed.entries)
    _delete(session, node_ids)
    return freed


def remove_some(session: Session, tops: Sequence[int], most: int) -> tuple[Measured, bool]:
    """Remove up to `most` of what some nodes and all below them are; tells what, and whether that was all.

    The deepest go first, so that no row takes others along. Runs in the caller's transaction, under the lock of the owner's root.
    """
    chosen, is_all = _deepest(session, tops, most)
    if _let_go_of_items(session, chosen):
        return Measured(), False
    counted = select(Version.node_id, func.count(), func.sum(Version.size)).group_by(Version.node_id)
    rows = session.execute(counted.where(Version.node_id.in_(chosen))).all()
    versions = {node_id: (count, int(size)) for node_id, count, size in rows}
    gone: list[int] = []
    touched = size = 0
    for node_id in chosen:
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
    """Return up to `most` nodes, each behind all that lie below it, and whether that are all."""
    levels = [list(tops)]
    while levels[-1]:
        inside = select(Node.id).where(Node.parent_id.in_(levels[-1])).limit(most + 1)
        levels.append(list(session.scalars(inside)))
    chosen: list[int] = []
    for level in reversed(levels):
        room = most - len(chosen)
        chosen += level[:room]
        if len(level) > room:
            return chosen, False
    return chosen, True


def _let_go_of_items(session: Session, node_ids: Sequence[int]) -> bool:
    """Rid some nodes of items of batches, where deleting the nodes would change too many of these.

    What was moved time and again has an item of each time, and is the folder of as many. Those that
    say what a purge removes stay as long as there is something to remove.
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


def _delete(session: Session, node_ids: Sequence[int]) -> None:
    execute_counted(session, delete(Node).where(Node.id.in_(node_ids)))


class Removal:
    """Removes what is hidden for good, of any user."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pace = Pace(STEP)

    def has_work(self) -> bool:
        """Tell whether anything is hidden for good whose rows are still there."""
        is_any = next(self._pending(), None) is not None
        self._session.rollback()
        return is_any

    def run(self) -> int:
        """Remove everything that is hidden for good, and return how many files and folders that were."""
        removed = 0
        for owner_id, remove in list(self._pending()):
            # What cannot be removed now keeps nobody from removing the others.
            with suppress(CabinetError):
                removed += self._repeat(owner_id, remove)
        self._session.rollback()
        return removed

    def _pending(self) -> Iterator[tuple[int, Callable[[], int | None]]]:
        """Yield what is to be removed: of whom, and what removes a batch of it, None when it is all gone."""
        committed = (Batch.kind == BatchKind.PURGE) & (Batch.state == BatchState.COMMITTED)
        for batch_id, owner_id in self._session.execute(select(Batch.id, Batch.owner_id).where(committed)):
            yield owner_id, partial(self._remove_of_batch, batch_id, owner_id)
        for owner_id in self._session.scalars(select(User.id).where(User.trash_hidden_to.is_not(None))):
            yield owner_id, partial(self._remove_of_trash, owner_id)
        for owner_id in self._session.scalars(select(User.id).where(User.deleted_at.is_not(None))):
            yield owner_id, partial(self._remove_of_account, owner_id)

    def _repeat(self, owner_id: int, remove: Callable[[], int | None]) -> int:
        """Remove batch after batch, each in a transaction under the lock of the owner's root."""
        self.settle(owner_id)
        removed, self._pace = 0, Pace(STEP)
        while True:
            with writing(self._session):
                begun = time.monotonic()
                lock_root(self._session, owner_id)
                some = remove()
            self._pace.adjust(time.monotonic() - begun)
            if some is None:
                return removed
            removed += some

    def settle(self, owner_id: int) -> None:
        """Let a user's usage have nothing of what the mark of the trash hides.

        What is hidden does not change, so it is measured while others write.
        """
        while True:
            self._session.rollback()
            marks = select(User.trash_hidden_to, User.trash_purged_to).where(User.id == owner_id)
            row = self._session.execute(marks).one_or_none()
            if row is None or row.trash_hidden_to == row.trash_purged_to:
                return
            hidden = trashed_between(owner_id, row.trash_purged_to, row.trash_hidden_to)
            freed = measure(self._session, hidden)
            with writing(self._session):
                # Another process may have been as fast.
                moved = update(User).where(
                    User.id == owner_id,
                    User.trash_hidden_to == row.trash_hidden_to,
                    User.trash_purged_to.is_not_distinct_from(row.trash_purged_to),
                )
                if execute_counted(self._session, moved.values(trash_purged_to=row.trash_hidden_to)):
                    use(self._session, owner_id, -freed.size, entries=-freed.entries)

    def _remove_of_batch(self, batch_id: str, owner_id: int) -> int | None:
        # A batch that is committed never becomes anything else again.
        items = select(BatchItem.node_id).where(BatchItem.batch_id == batch_id)
        tops = self._session.scalars(items.order_by(BatchItem.position).limit(self._pace.size + 1)).all()
        if not tops:
            self._session.execute(delete(Batch).where(Batch.id == batch_id))
            return None
        return remove_some(self._session, list(dict.fromkeys(tops)), self._pace.size)[0].entries

    def _remove_of_trash(self, owner_id: int) -> int | None:
        user = self._session.get(User, owner_id)
        if user is None or user.trash_purged_to is None:
            return None
        wanted = trashed_between(owner_id, None, user.trash_purged_to).order_by(Node.trashed_at)
        if tops := self._session.scalars(wanted.limit(self._pace.size + 1)).all():
            return remove_some(self._session, tops, self._pace.size)[0].entries
        if user.trash_hidden_to == user.trash_purged_to:
            user.trash_hidden_to = user.trash_purged_to = None
        return None

    def _remove_of_account(self, user_id: int) -> int | None:
        root = self._session.scalar(_root_of(user_id))
        if root is not None:
            freed, is_all = remove_some(self._session, [root], self._pace.size)
            # The root is no entry of its user's.
            return freed.entries - is_all
        for key, owner in _OF_ACCOUNTS:
            some = select(key).where(owner == user_id).limit(ROWS)
            if execute_counted(self._session, delete(key.class_).where(owner == user_id, key.in_(some))):
                return 0
        self._session.execute(delete(User).where(User.id == user_id))
        return None


# Of what belongs to an account beside its nodes there may be many, too; the little else goes with its row.
_OF_ACCOUNTS: Sequence[tuple[InstrumentedAttribute[str], InstrumentedAttribute[int]]] = (
    (Upload.id, Upload.owner_id),
    (Thumbnail.content_hash, Thumbnail.owner_id),
    (Batch.id, Batch.owner_id),
)


def has_much_beside_nodes(session: Session, user_id: int) -> bool:
    """Tell whether an account has more beside its nodes than one transaction should remove."""
    return any(
        has_more_than(session, select(key).where(owner == user_id), ROWS) for key, owner in _OF_ACCOUNTS
    )


def lock_root(session: Session, owner_id: int) -> None:
    """Hold the lock of a user's root until the transaction ends, also of a deleted account's."""
    session.execute(_root_of(owner_id).with_for_update())


def _root_of(owner_id: int) -> Select[int]:
    return select(Node.id).where(Node.owner_id == owner_id, Node.parent_id.is_(None))


def trashed_between(owner_id: int, after: datetime | None, up_to: datetime | None) -> Select[int]:
    """Return the ids of what came to a user's trash after one mark and up to another, hidden or not."""
    trashed = select(Node.id).where(
        Node.owner_id == owner_id, Node.trash_id.is_not(None), Node.trashed_at <= up_to
    )
    return trashed if after is None else trashed.where(Node.trashed_at > after)
