"""What all tables share: column types for times, row ids and texts, and the naming of constraints.

Rule: defines no table.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, registry

# SQLite assigns row ids itself only in a column whose type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

# A text that compares byte by byte, as SQLite always does, whatever the database's locale is.
Folded = Text().with_variant(Text(collation="C"), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; a naive one is refused, because its time zone is unknown."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the stored time as an aware one in UTC."""
        if value is None:
            return None
        moment: datetime = value
        # `moment.replace` takes four times as long, and a list has hundreds of times.
        return (
            datetime.combine(moment, moment.time(), UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        )


class Base(DeclarativeBase):
    """Names all constraints, so that a migration can find them on every database."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UtcDateTime()},
    )
