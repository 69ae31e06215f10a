"""User accounts, their sessions and tokens, and the throttle of failed sign-ins.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base, RowId


class Role(StrEnum):
    """The role of an account on this server."""

    USER = "user"
    ADMIN = "admin"


class User(Base):
    """A user account. `username_key` makes a name unique: NFKC, case folded.

    `public_id` identifies the account in pages, browsers and programs: a name can be reused once its account
    is deleted, and row ids would reveal the number of accounts.

    The row of a deleted account is kept, without its name, until all its data is removed.
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


class UserSession(Base):
    """A signed-in browser; its cookie holds the secret, the row only the secret's hash."""

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


class Token(Base):
    """An access token of an account; the secret is shown once and stored as a hash.

    `scopes` are separated by spaces. A token for a folder (`folder_id`) is deleted with it: without the
    folder it would open everything.
    """

    __tablename__ = "token"
    __table_args__ = (
        # For deletions of folders.
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


class LoginFlow(Base):
    """The sign-in of an app that is under way: a person grants it on a page, and the app asks until then.

    The app began it from `address` in `network`, and calls itself `client`. Both its secrets are stored as hashes:
    that in the address of the page, and that with which the app asks. Once it is granted there is the user, with
    the `stamp` of the password that was typed.
    """

    __tablename__ = "login_flow"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    page_hash: Mapped[str] = mapped_column(String(64), unique=True)
    poll_hash: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64))
    network: Mapped[str] = mapped_column(String(64), index=True)
    stamp: Mapped[str | None] = mapped_column(String(64))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Throttle(Base):
    """The failed sign-ins of an account, an address, or the two together."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    failures: Mapped[int]
    retry_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
