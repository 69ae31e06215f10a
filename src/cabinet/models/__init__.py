"""The tables.

    User 1──* Session, Token           who may come in
    User 1──1 Space                    a tree with its quota and its usage
    Space 1──* Node                    the tree; each space has one root folder
    Node 1──* Version *──1 Blob        which bytes a file had, and has
    Space 1──* Thumbnail *──1 Blob     small pictures of what is in the files
    Space 1──* Upload                  what is on its way, over several requests
    Space 1──* Batch 1──* BatchItem    what was done to many nodes at once, so that it can be undone
    Job                                when work beside the requests was done last, and how that ended
    Throttle                           how often a password was wrong

Rule: columns, keys and indexes, and nothing that decides. No Flask here.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cabinet.models.base import LIVE, MOUNTED, TRASHED, UNFINISHED, WANTED, Base, Folded, RowId, UtcDateTime
from cabinet.models.batches import Batch, BatchItem, BatchKind, BatchState, ItemRole

__all__ = [
    "Base",
    "Batch",
    "BatchItem",
    "BatchKind",
    "BatchState",
    "Blob",
    "ItemRole",
    "Job",
    "Kind",
    "Node",
    "Role",
    "Session",
    "Space",
    "SpaceKind",
    "Throttle",
    "Thumbnail",
    "Token",
    "Upload",
    "UploadKind",
    "User",
    "UtcDateTime",
    "Version",
]


class Role(StrEnum):
    """What somebody is on this server."""

    USER = "user"
    ADMIN = "admin"


class User(Base):
    """Somebody with an account. `username_key` is what makes a name unique: NFKC, case folded.

    `public_id` is what pages, browsers and programs know the account by: a name may be given to
    somebody else once its account is deleted, and row ids would tell how many accounts there are.

    The row outlives a deleted account, without its name, until all that belonged to it is removed.
    """

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(String(256), unique=True)
    password_hash: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(16), default=Role.USER.value)
    language: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    space: Mapped[Space] = relationship(lazy="joined", innerjoin=True, viewonly=True)


class SpaceKind(IntEnum):
    """Whose a space is."""

    PERSONAL = 0


class Space(Base):
    """A tree with a quota, of `usage` bytes and `entries` nodes; that of a user has an `owner_id`.

    What came to the trash up to `trash_hidden_to` is purged and shows no more; what came there up to
    `trash_purged_to` counts in `usage` and `entries` no more either, and is being removed. All of a
    space that has ended (`deleted_at`) is hidden and being removed. `seq` counts its changes. There may be
    mounts in its root only where it `has_mounts`; their targets may have ended and taken them along since.
    """

    __tablename__ = "space"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, default=SpaceKind.PERSONAL)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    usage: Mapped[int] = mapped_column(BigInteger, default=0)
    # Nodes but the root, wherever they lie.
    entries: Mapped[int] = mapped_column(BigInteger, default=0)
    quota: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    has_mounts: Mapped[bool] = mapped_column(default=False)
    trash_hidden_to: Mapped[datetime | None]
    trash_purged_to: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Session(Base):
    """A browser that is signed in; its cookie holds the secret, the row only the secret's hash."""

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str] = mapped_column(String(256))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    idle_seconds: Mapped[int]
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True, viewonly=True)


class Token(Base):
    """A program's key to an account; the secret is shown once and stored as its hash.

    `scopes` are words between blanks. One for a folder (`folder_id`) goes with it: without its folder it
    would open everything.
    """

    __tablename__ = "token"
    __table_args__ = (
        # For whoever deletes a folder.
        Index("ix_token_folder_id", "folder_id", sqlite_where=text("folder_id IS NOT NULL"),
              postgresql_where=text("folder_id IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[str] = mapped_column(String(64))
    folder_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True, viewonly=True)


class Throttle(Base):
    """How often a password was wrong for an account, an address, or the two together."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    failures: Mapped[int]
    retry_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Kind(IntEnum):
    """What a node is; folders sort before files. A mount stands for a folder that lies elsewhere."""

    FOLDER = 0
    FILE = 1
    MOUNT = 2


class Node(Base):
    """An entry of the tree of a space.

    Of a file it repeats what its current version says, so that a listing reads one table. Of a
    folder it counts the live entries directly inside and sums the sizes of the files among them.
    `tree_size` and `tree_files` of a folder sum the live files anywhere below it, and `tree_tag` is the
    number that the last change there had in the space, or that of the folder itself.
    `below_bytes` and `below_segments` of a folder are at least those of the longest path below it,
    as seen from there. The root has no parent and the empty name.

    What somebody (`trashed_by`) deleted has `trashed_at` set and lies, as `trash_id`, below the root,
    whatever became of the folder that it came from (`trashed_parent_id`); `trashed_from` is the path
    that it had in its space. What lies below it
    is hidden with it. Without a `trash_id` it is hidden there too: a batch is removing it for good,
    or, without a `trashed_from`, it is a copy that is not complete yet. The root of a space that has
    ended has `trashed_at` set as well. `search_key` is the name as a search compares it.

    A mount lies in the root of a personal space, where it has its name as any entry has, and stands for
    the folder `target_id` of another space, which its user has with a `role`. No folder and no space
    counts it, nothing lies below it, and it is never in the trash. It ends with its target.
    """

    __tablename__ = "node"
    __table_args__ = (
        Index("uq_node_root", "space_id", unique=True,
              sqlite_where=text("parent_id IS NULL"), postgresql_where=text("parent_id IS NULL")),
        Index("uq_node_name", "parent_id", "name", unique=True,
              sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_node_by_name", "parent_id", "kind", "sort_key",
              sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_node_by_size", "parent_id", "kind", "size", "sort_key",
              sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_node_by_modified", "parent_id", "kind", "modified_at", "sort_key",
              sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_node_by_space", "space_id", "id"),
        Index("ix_node_trash", "space_id", "trashed_at", "trash_id",
              sqlite_where=TRASHED, postgresql_where=TRASHED),
        Index("uq_node_trash_id", "trash_id", unique=True),
        Index("ix_node_trashed", "trashed_at", sqlite_where=TRASHED, postgresql_where=TRASHED),
        # For whoever is deleted: the databases look for what refers to it.
        Index("ix_node_trashed_parent_id", "trashed_parent_id", sqlite_where=text("trashed_parent_id IS NOT NULL"),
              postgresql_where=text("trashed_parent_id IS NOT NULL")),
        Index("ix_node_trashed_by", "trashed_by", sqlite_where=text("trashed_by IS NOT NULL"),
              postgresql_where=text("trashed_by IS NOT NULL")),
        Index("ix_node_target_id", "target_id", sqlite_where=MOUNTED, postgresql_where=MOUNTED),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"), index=True)
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


class Version(Base):
    """The bytes that a file had from `created_at` on."""

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("node_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"))
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(ForeignKey("blob.content_hash"), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class Blob(Base):
    """Bytes that the store holds under `key`. `released_at`: when a sweep found that no version needs them."""

    __tablename__ = "blob"

    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None] = mapped_column(index=True)


class Thumbnail(Base):
    """A small picture of a content, in a square of `size` pixels; `thumbnail_hash` is its blob.

    That is None where none can be made. Each space has rows of its own, made by requests for it, for
    a picture that was there at once would tell that somebody else has the content. Since `wanted_at`
    it waits to be made; up to `claimed_until` a process promised to be making it.
    """

    __tablename__ = "thumbnail"
    __table_args__ = (Index("ix_thumbnail_wanted", "space_id", sqlite_where=WANTED, postgresql_where=WANTED),)

    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    content_hash: Mapped[str] = mapped_column(
        ForeignKey("blob.content_hash", ondelete="CASCADE"), primary_key=True, index=True
    )
    size: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    thumbnail_hash: Mapped[str | None] = mapped_column(
        ForeignKey("blob.content_hash", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    wanted_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]


class UploadKind(IntEnum):
    """What becomes of an upload: a file, a part of a joined one, or it is such a joined one."""

    WHOLE = 0
    PARTIAL = 1
    JOINED = 2


class Upload(Base):
    """An upload of several requests; its bytes are staged under its id.

    `offset` is what is durable and counts in the usage of its space until the upload has ended; then
    either its content is the file at `path` and `content_hash` says which, or it is gone. A row
    that has ended is kept until it expires, so that a client that missed the answer can ask again.
    `path` begins at the folder `root_id`, None once that is gone; `user_id` is who began it, if a user.
    """

    __tablename__ = "upload"
    __table_args__ = (
        Index("ix_upload_unfinished", "space_id",
              sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), index=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("node.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    length: Mapped[int | None] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    path: Mapped[str] = mapped_column(String(2048))
    on_conflict: Mapped[str] = mapped_column(String(8))
    modified_at: Mapped[datetime | None]
    media_type: Mapped[str | None] = mapped_column(String(127))
    description: Mapped[str | None] = mapped_column(Text)
    parts: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class Job(Base):
    """Work beside requests: its last run, unfinished without `took_seconds`; another is asked for at `wanted_at`."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    started_at: Mapped[datetime | None]
    took_seconds: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(Text)
    wanted_at: Mapped[datetime | None]
