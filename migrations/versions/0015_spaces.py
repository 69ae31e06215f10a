"""Add spaces: every user has one, which has the tree, the usage and the quota.

Each space gets the number of its user, so rows that refer to one do not change; only the column is renamed,
and its foreign key gets another target. SQLite would recreate the table for that, which takes half a minute
for a million nodes and drops the search triggers. So the CREATE statement is changed instead, as SQLite's
documentation of ALTER TABLE describes it for constraints.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import re
import sqlite3
import sys

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)

# The tables whose rows belong to a space now, and belonged to a user.
TABLES = ("node", "thumbnail", "upload", "batch")
MARKS = ("trash_hidden_to", "trash_purged_to")
COUNTERS = ("usage", "entries", "quota")

GRAMS = "'u' || {0}.{column} || 'b' || ({0}.id >> 16) || ' ' || grams({0}.search_key)"

# The indexes that are named after the column, and their columns.
INDEXES = {
    "ix_node_by_{}": ("node", "id"),
    "ix_upload_{}_id": ("upload",),
    "ix_batch_{}_id": ("batch",),
}
ROOTS = sa.text("parent_id IS NULL")
PERSONAL = 0


def upgrade() -> None:
    """Create the table and a space for every user, and make rows refer to the space instead of the user."""
    op.create_table(
        "space",
        sa.Column("id", row_id, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("owner_id", row_id),
        sa.Column("usage", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger()),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        *(sa.Column(name, moment) for name in (*MARKS, "deleted_at")),
        sa.PrimaryKeyConstraint("id", name="pk_space"),
        sa.UniqueConstraint("owner_id", name="uq_space_owner_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_space_owner_id", ondelete="CASCADE"),
    )
    kept = ", ".join((*COUNTERS, *MARKS, "deleted_at"))
    op.execute(
        f'INSERT INTO space (id, kind, owner_id, seq, {kept}) SELECT id, {PERSONAL}, id, 0, {kept} FROM "user"'
    )
    if not is_sqlite():
        op.execute(
            "SELECT setval(pg_get_serial_sequence('space', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL)"
            " FROM space"
        )
    drop_triggers()
    for table in TABLES:
        rename(table, "owner_id", "space_id", "user", "space")
    rename_indexes("owner", "space")
    make_triggers("space_id")
    for table in ("upload", "batch"):
        refer(table, "root_id", "node")
        refer(table, "user_id", "user")
        op.execute(
            f"UPDATE {table} SET user_id = space_id,"
            f" root_id = (SELECT id FROM node WHERE node.space_id = {table}.space_id AND parent_id IS NULL)"
        )
    refer("node", "trashed_parent_id", "node", "trashed_parent_id IS NOT NULL")
    refer("node", "trashed_by", "user", "trashed_by IS NOT NULL")
    for name in (*COUNTERS, *MARKS):
        op.drop_column("user", name)


def downgrade() -> None:
    """Make the rows of a space refer to its user again."""
    drop_triggers()
    for table, columns in (
        ("upload", ("root_id", "user_id")),
        ("batch", ("root_id", "user_id")),
        ("node", ("trashed_parent_id", "trashed_by")),
    ):
        for column in columns:
            op.drop_index(f"ix_{table}_{column}", table)
        with op.batch_alter_table(table) as altered:
            for column in columns:
                altered.drop_column(column)
    for name in MARKS:
        op.add_column("user", sa.Column(name, moment))
    op.add_column("user", sa.Column("usage", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("user", sa.Column("entries", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("user", sa.Column("quota", sa.BigInteger()))
    for name in (*COUNTERS, *MARKS):
        op.execute(
            f'UPDATE "user" SET {name} = (SELECT {name} FROM space WHERE space.owner_id = "user".id)'
            ' WHERE EXISTS (SELECT 1 FROM space WHERE space.owner_id = "user".id)'
        )
    # They are created again, because values must not be duplicates while numbers change.
    op.execute("DELETE FROM thumbnail")
    op.drop_index("uq_node_root", "node")
    make_triggers("space_id")
    for table in TABLES:
        if not is_sqlite():
            op.drop_constraint(f"fk_{table}_space_id", table, type_="foreignkey")
        op.execute(
            f"UPDATE {table} SET space_id = (SELECT owner_id FROM space WHERE space.id = {table}.space_id)"
            f" WHERE space_id <> (SELECT owner_id FROM space WHERE space.id = {table}.space_id)"
        )
        if not is_sqlite():
            op.create_foreign_key(
                f"fk_{table}_space_id", table, "user", ["space_id"], ["id"], ondelete="CASCADE"
            )
    drop_triggers()
    for table in TABLES:
        rename(table, "space_id", "owner_id", "space", "user")
    rename_indexes("space", "owner")
    op.create_index(
        "uq_node_root", "node", ["owner_id"], unique=True, sqlite_where=ROOTS, postgresql_where=ROOTS
    )
    make_triggers("owner_id")
    op.drop_table("space")


def is_sqlite() -> bool:
    """Return whether the database is SQLite."""
    return op.get_context().dialect.name == "sqlite"


def rename(table: str, column: str, to: str, target: str, new_target: str) -> None:
    """Rename a column and change the target of its foreign key, without changing rows."""
    key, new_key = f"fk_{table}_{column}", f"fk_{table}_{to}"
    if is_sqlite():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO {to}")
        words = rf'CONSTRAINT "?{key}"? FOREIGN KEY\s*\("?{to}"?\) REFERENCES "?{target}"? \("?id"?\)'
        rewrite(table, words, f'CONSTRAINT {new_key} FOREIGN KEY({to}) REFERENCES "{new_target}" (id)')
        return
    op.drop_constraint(key, table, type_="foreignkey")
    op.alter_column(table, column, new_column_name=to)
    op.create_foreign_key(new_key, table, new_target, [to], ["id"], ondelete="CASCADE")


def rewrite(table: str, words: str, by: str) -> None:
    """Change the CREATE statement of a SQLite table in a way that does not affect its rows."""
    connection = op.get_bind()
    asked = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    before = str(connection.scalar(asked, {"name": table}))
    after, found = re.subn(words, by, before)
    if found != 1:
        raise RuntimeError(f"the table {table} is not as it was made")
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    driver = connection.connection.driver_connection
    assert driver is not None
    if sys.version_info >= (3, 12):
        # Some builds of SQLite forbid it by default.
        driver.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False)
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name")
    connection.execute(changed, {"sql": after, "name": table})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def rename_indexes(owner: str, to: str) -> None:
    """Rename the indexes that are named after the column."""
    for name, (table, *others) in INDEXES.items():
        if is_sqlite():
            op.drop_index(name.format(owner), table)
            op.create_index(name.format(to), table, [f"{to}_id", *others])
        else:
            op.execute(f"ALTER INDEX {name.format(owner)} RENAME TO {name.format(to)}")


def refer(table: str, column: str, target: str, condition: str | None = None) -> None:
    """Add a foreign key with ON DELETE SET NULL."""
    kind = "INTEGER" if is_sqlite() else "BIGINT"
    op.execute(
        f'ALTER TABLE {table} ADD COLUMN {column} {kind} CONSTRAINT fk_{table}_{column} REFERENCES "{target}" (id)'
        " ON DELETE SET NULL"
    )
    where = None if condition is None else sa.text(condition)
    op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=where, postgresql_where=where)


def drop_triggers() -> None:
    """Drop the triggers of SQLite's index of names, which use the column."""
    if is_sqlite():
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER IF EXISTS node_search_{event}")


def make_triggers(column: str) -> None:
    """Create the triggers again; the content of the index is unchanged."""
    if not is_sqlite():
        return
    new, old = (GRAMS.format(row, column=column) for row in ("new", "old"))
    add = f"INSERT INTO node_search (rowid, grams) VALUES (new.id, {new});"
    remove = f"INSERT INTO node_search (node_search, rowid, grams) VALUES ('delete', old.id, {old});"
    op.execute(f"CREATE TRIGGER node_search_insert AFTER INSERT ON node BEGIN {add} END")
    op.execute(f"CREATE TRIGGER node_search_delete AFTER DELETE ON node BEGIN {remove} END")
    op.execute(
        f"CREATE TRIGGER node_search_update AFTER UPDATE OF id, {column}, search_key ON node"
        f" BEGIN {remove} {add} END"
    )
