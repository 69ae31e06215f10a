"""Let trees belong to spaces, of which every user has one, and keep usage and quota there.

Each space gets its user's number, so the rows that name one need not change; only their column gets
another name, and its foreign key another target. SQLite makes a table anew for that, which takes
half a minute for a million nodes and drops the triggers that the search needs. So the words of the
table are changed instead, as SQLite's page on ALTER TABLE describes it for constraints.

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

# What belongs to a space now, and belonged to a user.
TABLES = ("node", "thumbnail", "upload", "batch")
MARKS = ("trash_hidden_to", "trash_purged_to")
COUNTERS = ("usage", "entries", "quota")

GRAMS = "'u' || {0}.{column} || 'b' || ({0}.id >> 16) || ' ' || grams({0}.search_key)"

# The indexes that are named after the column, and the columns of each.
INDEXES = {
    "ix_node_by_{}": ("node", "id"),
    "ix_upload_{}_id": ("upload",),
    "ix_batch_{}_id": ("batch",),
}
ROOTS = sa.text("parent_id IS NULL")
PERSONAL = 0


def upgrade() -> None:
    """Make the table and a space for every user, and let what was a user's be the space's."""
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
    """Let each user have what is in their space."""
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
    # They are made again, and may not be there twice while one number becomes another.
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
    """Tell which of the two databases it is."""
    return op.get_context().dialect.name == "sqlite"


def rename(table: str, column: str, to: str, target: str, new_target: str) -> None:
    """Give a column another name, and its foreign key another target; no row is touched."""
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
    """Change the words that a table of SQLite was made with, which say nothing of how its rows lie."""
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
        # Some builds forbid it unless they are told; those that come with an older Python do not.
        driver.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False)
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name")
    connection.execute(changed, {"sql": after, "name": table})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def rename_indexes(owner: str, to: str) -> None:
    """Give the indexes that are named after the column its new name."""
    for name, (table, *others) in INDEXES.items():
        if is_sqlite():
            op.drop_index(name.format(owner), table)
            op.create_index(name.format(to), table, [f"{to}_id", *others])
        else:
            op.execute(f"ALTER INDEX {name.format(owner)} RENAME TO {name.format(to)}")


def refer(table: str, column: str, target: str, condition: str | None = None) -> None:
    """Add a column that refers to a row, and forgets it when that is deleted."""
    kind = "INTEGER" if is_sqlite() else "BIGINT"
    op.execute(
        f'ALTER TABLE {table} ADD COLUMN {column} {kind} CONSTRAINT fk_{table}_{column} REFERENCES "{target}" (id)'
        " ON DELETE SET NULL"
    )
    where = None if condition is None else sa.text(condition)
    op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=where, postgresql_where=where)


def drop_triggers() -> None:
    """Drop what keeps SQLite's index of names in step, which names the column."""
    if is_sqlite():
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER IF EXISTS node_search_{event}")


def make_triggers(column: str) -> None:
    """Make it again; what the index holds is what it was."""
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
