"""Delete any number of obsolete rows in small transactions.

Rule: rows are selected outside of writing transactions, and each transaction deletes a few hundred.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cabinet.services.kernel.database import execute_counted, writing

# Rows that one transaction deletes.
BATCH = 500


def delete_in_steps(
    session: Session, key: InstrumentedAttribute[Any], is_useless: ColumnElement[bool]
) -> int:
    """Delete the rows that meet a condition, by their key, and return their number."""
    deleted = 0
    while True:
        session.rollback()
        keys = session.scalars(select(key).where(is_useless).limit(BATCH)).all()
        if keys:
            with writing(session):
                # The condition is repeated, because a row may have changed since.
                gone = delete(key.class_).where(key.in_(keys), is_useless)
                deleted += execute_counted(session, gone)
        if len(keys) < BATCH:
            session.rollback()
            return deleted
