"""Batches: changes of many nodes, and the nodes that they changed.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base
from cabinet.models.uploads import SHARED


class BatchKind(IntEnum):
    """What a batch does to its nodes."""

    TRASH = 0
    MOVE = 1
    COPY = 2
    RESTORE = 3
    PURGE = 4
    UNDO = 5


class BatchState(IntEnum):
    """The progress of a batch."""

    RUNNING = 0
    # Only for a purge: everything is hidden, and it can no longer be canceled.
    COMMITTED = 1
    REVERTING = 2
    DONE = 3
    # Another batch is undoing this one.
    UNDOING = 4


class Batch(Base):
    """A change of many nodes that takes several transactions.

    `expires_at` of a finished batch is the end of the time in which it can be undone; of any other, the time
    until which its process has claimed it. `length` is the number of items of a finished batch. `undoes` is
    the batch that this one undoes. `root_id`, `user_id` and `share_id` are as in an upload.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index("ix_batch_share_id", "share_id",
              sqlite_where=SHARED, postgresql_where=SHARED),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), index=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    share_id: Mapped[str | None] = mapped_column(ForeignKey("share.id", ondelete="SET NULL"))
    kind: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[int] = mapped_column(SmallInteger)
    length: Mapped[int] = mapped_column(default=0)
    undoes: Mapped[str | None] = mapped_column(String(32))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ItemRole(IntEnum):
    """What a batch did to a node."""

    RELOCATED = 0
    COPIED = 1
    # A folder that was created on the way.
    FOLDER_CREATED = 2
    # An incomplete copy; once it is complete, another item has its place.
    INCOMPLETE_COPY = 3


class BatchItem(Base):
    """One node of a batch as it was before: live in `parent_id` at `path`, or in the trash.

    `new_trash_id` is set if the batch moved the node to the trash. A purged node takes its items along, so a
    batch may have fewer items than its `length`.
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
