"""Finds and repairs folders whose counters are wrong.

A folder is compared with its direct children: files, and folders with the counters they have. So a difference
is found where an error began, whatever it caused above. It stays the same while others change the tree,
because they add the same to both sides, and it is corrected like any change, on the folder and on all above.

Rule: rows that are hidden for good are skipped, because what is removed in steps no longer counts.
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
from cabinet.services.tree.sums import CounterChanges

# Folders that one statement compares, or corrects.
_BATCH = 500
# What changes meanwhile is found by the next round.
_TRIES = 10

_CHILD = aliased(Node)
_IS_FILE = case((_CHILD.kind == Kind.FILE, 1), else_=0)


class FolderCounts(NamedTuple):
    """The direct entries of a folder and the bytes of files among them; all files below it, and theirs."""

    entries: int
    size: int
    tree_files: int
    tree_size: int


class WrongFolder(NamedTuple):
    """A folder whose stored counters differ from the actual ones."""

    folder_id: int
    stored: FolderCounts
    counted: FolderCounts


def find_wrong_folders(session: Session, space_id: int | None = None) -> Iterator[WrongFolder]:
    """Yield folders with wrong counters, in one space or in all; each is read at a single moment."""
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
    stored = (Node.child_count, Node.child_size, Node.tree_files, Node.tree_size)
    actual = [func.coalesce(inside.c[name], 0) for name in FolderCounts._fields]
    rows = select(Node.id, *stored, *actual).outerjoin(inside, inside.c.id == Node.id)
    wrong = or_(*(each != found for each, found in zip(stored, actual, strict=True)))
    found = session.execute(rows.where(Node.id.in_(folder_ids), wrong).order_by(Node.id))
    # PostgreSQL returns sums as decimals.
    return [
        WrongFolder(row[0], FolderCounts(*map(int, row[1:5])), FolderCounts(*map(int, row[5:])))
        for row in found
    ]


def _shows(session: Session, folder_id: int) -> bool:
    """Return whether a folder is visible, possibly in the trash: neither purged nor an incomplete copy."""
    node = session.get_one(Node, folder_id)
    mark = session.scalar(select(Space.trash_hidden_to).where(Space.id == node.space_id))
    while True:
        if node.trashed_at is not None and (node.trash_id is None or (mark and node.trashed_at <= mark)):
            return False
        if node.parent_id is None:
            return True
        node = session.get_one(Node, node.parent_id)


def repair_folders(session: Session, space_id: int) -> int:
    """Correct the counters of all folders of a space; return how many were wrong.

    Begins its own transactions. Raises `Unavailable` while others do the same for the same space.
    """
    repaired: set[int] = set()
    for _ in range(_TRIES):
        session.rollback()
        wrong = list(find_wrong_folders(session, space_id))
        if not wrong:
            return len(repaired)
        for start in range(0, len(wrong), _BATCH):
            with writing(session):
                if not lock_spaces(session, [space_id]):
                    raise NotFound
                _take_off(session, space_id, wrong[start : start + _BATCH])
        repaired.update(each.folder_id for each in wrong)
    raise Unavailable


def _take_off(session: Session, space_id: int, wrong: Sequence[WrongFolder]) -> None:
    changes = CounterChanges()
    for folder_id, stored, actual in wrong:
        changes.correct(
            folder_id,
            entries=actual.entries - stored.entries,
            size=actual.size - stored.size,
            tree_size=actual.tree_size - stored.tree_size,
            files=actual.tree_files - stored.tree_files,
        )
    changes.apply(session, space_id)
