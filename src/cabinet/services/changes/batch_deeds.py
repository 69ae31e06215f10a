"""What a batch tells of itself: one event for all its entries in a folder, of the folder that they are or were in.

Rule: reads only, before the transaction that completes the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import BatchItem, BatchKind, ItemRole, Node, Verb
from cabinet.services.activity.recording import Deed
from cabinet.services.changes.selections import Selected

# How many entries of a folder, by its id, something was done to.
CountsByFolder: TypeAlias = Counter[tuple[Verb, int | None]]

# Folders of which one batch tells: a trash may hold entries of very many.
MAX_FOLDERS = 100

# What undoing a batch does to its entries.
_UNDONE = {
    BatchKind.TRASH: Verb.RESTORED,
    BatchKind.MOVE: Verb.MOVED,
    BatchKind.COPY: Verb.TRASHED,
    BatchKind.RESTORE: Verb.TRASHED,
}


class Told(NamedTuple):
    """A deed, and the space that it was done in."""

    space_id: int
    deed: Deed


def told_of(session: Session, verb: Verb, selected: Selected, to_id: int | None = None) -> Told | None:
    """Return what was done to the selection of a folder, or that it was moved from there to another one.

    None if the folder is gone, or nothing was selected.
    """
    folder = session.get(Node, to_id or selected.folder_id)
    if folder is None or not selected.node_ids:
        return None
    deed = Deed(verb, folder.id, folder.parent_id, folder.name, count=len(selected.node_ids))
    before = None if to_id is None else session.get(Node, selected.folder_id)
    if before is not None:
        deed = replace(deed, from_folder_id=before.parent_id, from_name=before.name, from_node_id=before.id)
    return Told(folder.space_id, deed)


def told_of_replaced(session: Session, folder_id: int | None, count: int) -> Told | None:
    """Return that entries of a folder were trashed because others took their names; None if there were none."""
    folder = session.get(Node, folder_id) if folder_id and count else None
    if folder is None:
        return None
    return Told(folder.space_id, Deed(Verb.TRASHED, folder.id, folder.parent_id, folder.name, count=count))


def told_of_folders(session: Session, counts: CountsByFolder) -> list[Told]:
    """Return what was done to entries of several folders: of those with the most, up to a limit."""
    told: list[Told] = []
    for (verb, folder_id), count in counts.most_common(MAX_FOLDERS):
        folder = None if folder_id is None else session.get(Node, folder_id)
        if folder is not None:
            deed = Deed(verb, folder.id, folder.parent_id, folder.name, count=count)
            told.append(Told(folder.space_id, deed))
    return told


def told_of_undo(session: Session, batch_id: str, kinds: Collection[BatchKind]) -> Told | None:
    """Return what undoing a batch will do to the entries of the folder of its first; None if that is gone."""
    verb = next((_UNDONE[kind] for kind in kinds if kind in _UNDONE), None)
    items = select(BatchItem.parent_id, BatchItem.node_id).where(
        BatchItem.batch_id == batch_id, BatchItem.role.in_([ItemRole.RELOCATED, ItemRole.COPIED])
    )
    row = session.execute(items.order_by(BatchItem.position).limit(1)).one_or_none()
    if verb is None or row is None:
        return None
    node = session.get(Node, row.node_id)
    folder_id = row.parent_id if verb is not Verb.TRASHED or node is None else node.parent_id
    folder = None if folder_id is None else session.get(Node, folder_id)
    return (
        None
        if folder is None
        else Told(folder.space_id, Deed(verb, folder.id, folder.parent_id, folder.name))
    )
