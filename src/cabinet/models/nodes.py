"""Nodes of the tree, versions of files, and blobs.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base, Folded, RandomNumber, RowId

LIVE = text("trashed_at IS NULL")
TRASHED = text("trashed_at IS NOT NULL")
MOUNTED = text("target_id IS NOT NULL")


class Kind(IntEnum):
    """The kind of a node; folders sort before files. A mount stands for a folder or a file in another space."""

    FOLDER = 0
    FILE = 1
    MOUNT = 2


class Node(Base):
    """An entry of the tree of a space.

    A file repeats the columns of its current version, so that a listing reads one table. A folder counts the
    live entries directly in it and sums the sizes of the files among them. `tree_size` and `tree_files` of a
    folder sum the live files at any depth, and `tree_tag` is the space's `seq` at the last change of the
    folder or below it. `below_bytes` and `below_segments` of a folder are upper bounds for the longest path
    below it, relative to it. The root has no parent and an empty name.

    A node that was deleted (by `trashed_by`) has `trashed_at` and is a child of the root, identified by
    `trash_id`, whatever happens to the folder that it came from (`trashed_parent_id`); `trashed_from` is its
    former path in the space. Its descendants are hidden with it. A hidden node without a `trash_id` is being
    purged by a batch or, without a `trashed_from`, is an incomplete copy. The root of a deleted space has
    `trashed_at` as well. `search_key` is the name in the form that a search compares.

    A mount is in the root of a personal space, where it takes a name like any entry, and stands for the node
    `target_id` of another space, which the user has with a `role`. Where the role is None, the grants of the
    mount have it. No folder and no space counts a mount, it has no children, and it is never in the trash. It
    is deleted with its target.

    `file_id` is the random number by which sync clients know a node, wherever it is moved; a row id would reveal
    the number of nodes.
    """

    __tablename__ = "node"
    # Each index has its query beside it; an upload writes to the six that hold live files.
    __table_args__ = (
        # The root of a space.
        Index("uq_node_root", "space_id", unique=True,
              sqlite_where=text("parent_id IS NULL"), postgresql_where=text("parent_id IS NULL")),
        # A name in a folder; no two live nodes of a folder share one.
        Index("uq_node_name", "parent_id", "name", unique=True,
              sqlite_where=LIVE, postgresql_where=LIVE),
        # A page of a folder in each order.
        Index("ix_node_by_name", "parent_id", "kind", "sort_key",
              sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_node_by_size", "parent_id", "kind", "size", "sort_key",
              sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_node_by_modified", "parent_id", "kind", "modified_at", "sort_key",
              sqlite_where=LIVE, postgresql_where=LIVE),
        # All nodes of a space in batches: removal, verification, and deletions of spaces.
        Index("ix_node_by_space", "space_id", "id"),
        # A page of the trash.
        Index("ix_node_trash", "space_id", "trashed_at", "trash_id",
              sqlite_where=TRASHED, postgresql_where=TRASHED),
        # An item of the trash.
        Index("uq_node_trash_id", "trash_id", unique=True,
              sqlite_where=text("trash_id IS NOT NULL"), postgresql_where=text("trash_id IS NOT NULL")),
        # What the sweep deletes from all trashes.
        Index("ix_node_trashed", "trashed_at", sqlite_where=TRASHED, postgresql_where=TRASHED),
        # For deletions of folders, users and targets: databases look up the rows that refer to a deleted one.
        Index("ix_node_trashed_parent_id", "trashed_parent_id", sqlite_where=text("trashed_parent_id IS NOT NULL"),
              postgresql_where=text("trashed_parent_id IS NOT NULL")),
        Index("ix_node_trashed_by", "trashed_by", sqlite_where=text("trashed_by IS NOT NULL"),
              postgresql_where=text("trashed_by IS NOT NULL")),
        Index("ix_node_target_id", "target_id", sqlite_where=MOUNTED, postgresql_where=MOUNTED),
        # The node that a sync client names by its number.
        Index("uq_node_file_id", "file_id", unique=True),
        # All children, also hidden ones, of a folder that is copied or deleted.
        Index("ix_node_parent_id", "parent_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"))
    kind: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(255))
    sort_key: Mapped[bytes] = mapped_column(LargeBinary(1200))
    search_key: Mapped[str] = mapped_column(Folded, default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    content_hash: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str | None] = mapped_column(String(127))
    version: Mapped[int] = mapped_column(default=0)
    child_count: Mapped[int] = mapped_column(BigInteger, default=0)
    child_size: Mapped[int] = mapped_column(BigInteger, default=0)
    tree_size: Mapped[int] = mapped_column(BigInteger, default=0)
    tree_files: Mapped[int] = mapped_column(BigInteger, default=0)
    tree_tag: Mapped[int] = mapped_column(BigInteger, default=0)
    below_bytes: Mapped[int] = mapped_column(default=0)
    below_segments: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    trashed_at: Mapped[datetime | None]
    trashed_from: Mapped[str | None] = mapped_column(String(2048))
    trash_id: Mapped[str | None] = mapped_column(String(32))
    trashed_parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"))
    trashed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    target_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"))
    role: Mapped[str | None] = mapped_column(String(16))
    file_id: Mapped[int] = mapped_column(BigInteger, default=RandomNumber())


class Version(Base):
    """The content of a file from `created_at` on; `checksums` are those that its client may ask for."""

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("node_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"))
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(ForeignKey("blob.content_hash"), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    checksums: Mapped[str | None] = mapped_column(String(128))


class Blob(Base):
    """Bytes in the store under `key`.

    `released_at` is when a sweep found that no version needs them.
    """

    __tablename__ = "blob"

    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None] = mapped_column(index=True)
