"""The execution options of connections that our dialects know.

Rule: no driver is imported here; a driver is needed only where its database is used.
"""

from __future__ import annotations

from sqlalchemy.engine.characteristics import ConnectionCharacteristic
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

# The transactions of a connection write, or read one state of the database, as all do on SQLite. An option lasts until
# the pool has the connection back.
WRITING = "cabinet_writing"
SNAPSHOT = "cabinet_snapshot"


class Option(ConnectionCharacteristic):
    """An option that is kept in the driver's own attributes."""

    transactional = True

    def reset_characteristic(self, dialect: Dialect, dbapi_conn: DBAPIConnection) -> None:
        self.set_characteristic(dialect, dbapi_conn, value=False)
