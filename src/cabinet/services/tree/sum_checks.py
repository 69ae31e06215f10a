"""Whether folders count what is in them, and making it so.

A folder is compared with what lies directly in it: files, and folders with what these say. So what is
found is where a fault began, whatever it did above. It stays as large while others change the tree, for
these add the same to both sides, and is taken off the folder and all above as any change is.

Rule: what nobody sees or gets back is not looked at, for what is removed step by step counts no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session, aliased

from cabinet.errors import NotFound, Unavailable
from cabinet.models import Kind, Node, Space
from cabinet.services.kernel.database import writing
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.sums import Changes

# Folders that one statement compares, and takes the faults off of.
_BATCH = 500
# What changes meanwhile is found by the next round.
_TRIES = 10

_CHILD = aliased(Node)
_IS_FILE = case((_CHILD.kind == Kind.FILE, 1), else_=0)


class Counts(NamedTuple):
    """Entries directly in a folder and the bytes of the files among them; the files anywhere below, and theirs."""

    entries: int
    size: int
    tree_files: int
    tree_size: int


class WrongFolder(NamedTuple):
    """A folder whose row says something else than is `there`."""

    folder_id: int
    told: Counts
    there: Counts


def find_wrong_folders(session: Session, space_id: int | None = None) -> Iterator[WrongFolder]:
    """Yield the folders that count wrongly, of one space or of all; each is compared at one moment."""
    last = 0
    while True:
        folders = select(Node.id).where(Node.id > last, Node.kind == Kind.FOLDER)
        if space_id is not None:
            folders = folders.where(Node.space_id == space_id)
        ids = session.scalars(folders.order_by(Node.id).limit(_BATCH)).all()
        wrong = [each for each in _compare(session, ids) if _shows(session, each.folder_id)]
        session.rollback()
        yield from wrong
        if len(ids) < _BATCH:
            return
        last = ids[-1]


def _compare(session: Session, folder_ids: Sequence[int]) -> list[WrongFolder]:
    inside = (
        select(
            _CHILD.parent_id.label("id"),
            func.count().label("entries"),
            func.sum(_CHILD.size).label("size"),
            func.sum(_CHILD.tree_files + _IS_FILE).label("tree_files"),
            func.sum(_CHILD.size + _CHILD.tree_size).label("tree_size"),
        )
        .where(_CHILD.parent_id.in_(folder_ids), _CHILD.trashed_at.is_(None), _CHILD.kind != Kind.MOUNT)
        .group_by(_CHILD.parent_id)
        .subquery()
    )
    told = (Node.child_count, Node.child_size, Node.tree_files, Node.tree_size)
    there = [func.coalesce(inside.c[name], 0) for name in Counts._fields]
    rows = select(Node.id, *told, *there).outerjoin(inside, inside.c.id == Node.id)
    wrong = or_(*(each != found for each, found in zip(told, there, strict=True)))
    found = session.execute(rows.where(Node.id.in_(folder_ids), wrong).order_by(Node.id))
    # A server sums to a decimal.
    return [WrongFolder(row[0], Counts(*map(int, row[1:5])), Counts(*map(int, row[5:]))) for row in found]


def _shows(session: Session, folder_id: int) -> bool:
    """Tell whether somebody sees a folder, be it in the trash; not of what is purged or not complete yet."""
    node = session.get_one(Node, folder_id)
    mark = session.scalar(select(Space.trash_hidden_to).where(Space.id == node.space_id))
    while True:
        if node.trashed_at is not None and (node.trash_id is None or (mark and node.trashed_at <= mark)):
            return False
        if node.parent_id is None:
            return True
        node = session.get_one(Node, node.parent_id)


def mend_folders(session: Session, space_id: int) -> int:
    """Make the folders of a space count what is in them, and return how many did not.

    Begins transactions of its own. Raises `Unavailable` while others do the same for the same space.
    """
    mended: set[int] = set()
    for _ in range(_TRIES):
        session.rollback()
        wrong = list(find_wrong_folders(session, space_id))
        if not wrong:
            return len(mended)
        for start in range(0, len(wrong), _BATCH):
            with writing(session):
                if not lock_spaces(session, [space_id]):
                    raise NotFound
                _take_off(session, space_id, wrong[start : start + _BATCH])
        mended.update(each.folder_id for each in wrong)
    raise Unavailable


def _take_off(session: Session, space_id: int, wrong: Sequence[WrongFolder]) -> None:
    changes = Changes()
    for folder_id, told, there in wrong:
        changes.mend(
            folder_id,
            entries=there.entries - told.entries,
            size=there.size - told.size,
            tree_size=there.tree_size - told.tree_size,
            files=there.tree_files - told.tree_files,
        )
    changes.add(session, space_id)
