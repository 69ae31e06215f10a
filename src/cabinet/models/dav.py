"""Locks and dead properties of WebDAV.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base, Folded


class DavLock(Base):
    """A write lock of a user on a node, with everything below it if `is_deep`; `owner` is XML of the client."""

    __tablename__ = "dav_lock"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), index=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    is_deep: Mapped[bool]
    is_shared: Mapped[bool]
    owner: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DavProperty(Base):
    """A property that a client stored with a node: the XML of its element, by its name `{namespace}local`."""

    __tablename__ = "dav_property"

    node_id: Mapped[int] = mapped_column(ForeignKey("node.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Folded, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
