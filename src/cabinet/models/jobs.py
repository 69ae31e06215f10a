"""The last run of each background job.

Rule: columns, keys and indexes only; no logic.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cabinet.models.base import Base


class JobRecord(Base):
    """A background job: its last run, unfinished without `took_seconds`; `wanted_at` requests another."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    started_at: Mapped[datetime | None]
    took_seconds: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(Text)
    wanted_at: Mapped[datetime | None]
