"""What all tables share: column types for times, row ids and texts, and the naming of constraints.

Rule: defines no table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

# SQLite assigns row ids itself only in a column whose type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

# A text that compares byte by byte, as SQLite always does, whatever the database's locale is.
Folded = Text().with_variant(Text(collation="C"), "postgresql")


class RandomNumber(FunctionElement[int]):
    """A random number from 0 to 2^53 - 1, in SQL: another one for each row of a statement."""

    type = BigInteger()
    inherit_cache = True


@compiles(RandomNumber, "sqlite")
def _random_on_sqlite(_element: RandomNumber, _compiler: SQLCompiler, **_options: Any) -> str:
    return "(random() & 9007199254740991)"


@compiles(RandomNumber, "postgresql")
def _random_on_postgresql(_element: RandomNumber, _compiler: SQLCompiler, **_options: Any) -> str:
    # Its own random() can be predicted; the last 14 digits of such an id are all random.
    digits = "right(replace(gen_random_uuid()::text, '-', ''), 14)"
    return f"(('x' || {digits})::bit(56)::bigint & 9007199254740991)"


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

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored time, an aware one, in UTC."""
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """Read the text that SQLite stores in one step: a list has hundreds of times."""
        return _from_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


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
