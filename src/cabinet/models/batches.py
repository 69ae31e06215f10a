"""The tables of what was done to many nodes at once.

Rule: as of all tables: columns, keys and indexes, and nothing that decides.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from sqlalchemy import ForeignKey, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base


class BatchKind(IntEnum):
    """What a batch does to its nodes."""

    TRASH = 0
    MOVE = 1
    COPY = 2
    RESTORE = 3
    PURGE = 4
    UNDO = 5


class BatchState(IntEnum):
    """How far a batch is."""

    RUNNING = 0
    # Of a purge: everything is hidden, and there is no way back.
    COMMITTED = 1
    REVERTING = 2
    DONE = 3
    # Another batch undoes this one just now.
    UNDOING = 4


class Batch(Base):
    """A change of many nodes that takes several transactions.

    `expires_at` of one that is done is when it can no longer be undone; of any other, the moment
    up to which its process promised to be alive. `length` is how many items a done one has.
    `undoes` is the batch that this one undoes. `root_id` and `user_id` as of an upload.
    """

    __tablename__ = "batch"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), index=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[int] = mapped_column(SmallInteger)
    length: Mapped[int] = mapped_column(default=0)
    undoes: Mapped[str | None] = mapped_column(String(32))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ItemRole(IntEnum):
    """What a batch did to a node."""

    RELOCATED = 0
    COPIED = 1
    # A folder that had to be made on the way.
    MADE = 2
    # A copy that is not complete yet; once it is, another item says where it is.
    BUILT = 3


class BatchItem(Base):
    """One node of a batch as it was before: live in `parent_id` at `path`, or in the trash.

    `new_trash_id` is what it was given if the batch put it into the trash. What a purge removes
    takes its items along, so a batch may have fewer of them than its `length`.
    """

    __tablename__ = "batch_item"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"), index=True)
    role: Mapped[int] = mapped_column(SmallInteger)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"), index=True)
    path: Mapped[str] = mapped_column(Text)
    trash_id: Mapped[str | None] = mapped_column(String(32))
    trashed_at: Mapped[datetime | None]
    new_trash_id: Mapped[str | None] = mapped_column(String(32))
