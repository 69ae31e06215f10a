"""User accounts, their sessions and tokens, and the throttle of failed sign-ins.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cabinet.models.base import Base, RowId
from cabinet.models.spaces import Space


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
