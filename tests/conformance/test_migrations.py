"""Upgrading a database of every earlier release, compared row by row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa

from cabinet.extensions import db
from cabinet.models import Base, Kind, Node
from cabinet.services.kernel.search_index import DROP_FUNCTION, END, FOR_POSTGRESQL, find_candidates
from cabinet.services.shares.policy import OLDER
from cabinet.services.tree.names import search_words
from cabinet.services.uploads.publishing import Target
from cabinet.serving import preparing
from cabinet.web import services
from tests.conftest import MakeApp
from tests.support.audit import check_rows
from tests.support.databases import (
    HEAD,
    RELEASES,
    ROWS,
    SHIPPED,
    Database,
    at_revision,
    common,
    connected,
    copies,
    ordinary_tables,
    revision_of,
    rows_of,
    with_spaces,
)
from tests.support.mounts import mount
from tests.support.services import PASSWORD

pytestmark = pytest.mark.usefixtures("first_start")

# What `services/kernel/search_index.py` makes in a server, where SQLite has a table.
BESIDE_THE_TABLES = {"ix_node_search"}

# The last release without tree sums of folders.
BEFORE_SUMS = SHIPPED[SHIPPED.index("0017") - 1]


@pytest.mark.parametrize("revision", RELEASES)
def test_a_populated_database_of_every_release_is_upgraded_row_by_row_and_goes_on_to_work(
    make_app: MakeApp, database: Database, revision: str
) -> None:
    before = at_revision(make_app, database, revision)
    assert {len(rows) for rows in before.values()} == {ROWS}

    app = make_app()

    after = rows_of(database)
    assert revision_of(database) == HEAD
    # Thumbnails are derived data, and are made again.
    kept = with_spaces(
        {table: rows for table, rows in before.items() if table != "thumbnail" or revision >= "0011"}
    )
    assert common(after, kept) == common(kept, after)
    assert len(copies(database)) == (revision != HEAD and isinstance(database, Path))
    for copy in copies(database):
        assert rows_of(copy) == before
    with app.app_context():
        check_names_are_found(after["node"])
        check_newcomer({row["space_id"] for row in after["thumbnail"]})


def check_names_are_found(rows: list[dict[str, Any]]) -> None:
    """See that a search finds each name that was there before the upgrade, and no other one."""
    assert len(rows) == ROWS
    for row in rows:
        words = search_words(row["search_key"])
        found = find_candidates(db.session(), row["space_id"], words, END, 10)
        assert [node.id for node in found.nodes] == [row["id"]]
        assert find_candidates(db.session(), row["space_id"], ["жж"], END, 10).nodes == []


def check_newcomer(spaces: set[int]) -> None:
    """See that somebody new gets a space that nothing refers to, and makes and finds something in it."""
    account = services.accounts().register("newcomer", PASSWORD)
    services.files(account.scope).make_folder("Новая папка")
    found = services.search(account.scope).page("пап", "", 10).entries
    assert [each.path for each in found] == ["Новая папка"]
    assert account.space_id not in spaces


def test_accounts_of_older_releases_get_unique_public_ids(make_app: MakeApp, database: Database) -> None:
    at_revision(make_app, database, "0005")

    make_app()

    ids = [row["public_id"] for row in rows_of(database)["user"]]
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)
    assert len(set(ids)) == len(ids) == ROWS


def test_nodes_of_older_releases_get_unique_random_numbers(make_app: MakeApp, database: Database) -> None:
    at_revision(make_app, database, "0025")

    make_app()

    numbers = [row["file_id"] for row in rows_of(database)["node"]]
    assert len(set(numbers)) == len(numbers) == ROWS
    assert all(0 <= number < 2**53 for number in numbers)
    assert max(numbers) > 2**40


def test_thumbnails_of_older_releases_are_recreated_and_phone_photos_get_some(
    make_app: MakeApp, database: Database
) -> None:
    at_revision(make_app, database, "0008")
    named = {1: "IMG_1.HEIC", 2: "b.heif", 3: "scan.Tiff", 4: "heic"}
    with connected(database) as connection:
        node = sa.table("node", *map(sa.column, ("id", "name", "media_type", "content_hash")))
        for number, name in named.items():
            told = {"name": name, "media_type": "application/octet-stream" if number == 2 else None}
            connection.execute(sa.update(node).where(node.c.id == number).values(told))
        connection.execute(sa.update(node).where(node.c.id != 1).values(content_hash="2 content_hash"))
        connection.commit()

    make_app()

    after = rows_of(database)
    assert after["thumbnail"] == []
    # The first is the folder of all others.
    assert [row["media_type"] for row in after["node"]] == [None, "image/heif", "image/tiff", None]


def test_tokens_of_older_releases_keep_their_rights_and_no_account_is_administrator(
    make_app: MakeApp, database: Database
) -> None:
    before = at_revision(make_app, database, "0015")

    make_app()

    after = rows_of(database)
    assert [row["id"] for row in after["token"]] == [row["id"] for row in before["token"]]
    assert {(row["scopes"], row["folder_id"]) for row in after["token"]} == {("read write share", None)}
    assert {row["role"] for row in after["user"]} == {"user"}


def test_a_downgrade_ends_tokens_that_would_gain_rights(make_app: MakeApp, database: Database) -> None:
    app = make_app()
    at_revision(make_app, database, "0015")
    with app.app_context():
        _migrate(alembic.command.upgrade, "head")
        scopes = ["read write share", "read write share admin", "read write", "read write share"]
        with connected(database) as connection:
            token = sa.table("token", *map(sa.column, ("id", "scopes", "folder_id")))
            ids = connection.scalars(sa.select(token.c.id).order_by(token.c.id)).all()
            for token_id, words in zip(ids, scopes, strict=True):
                changed = sa.update(token).where(token.c.id == token_id)
                connection.execute(changed.values(scopes=words, folder_id=1 if token_id == ids[3] else None))
            connection.commit()
        _migrate(alembic.command.downgrade, "0015")
        db.engine.dispose()

    assert [row["id"] for row in rows_of(database)["token"]] == ids[:2]


@pytest.mark.parametrize("has_accounts", [False, True])
def test_only_an_instance_with_older_accounts_is_marked_for_the_policy_on_links(
    make_app: MakeApp, database: Database, has_accounts: bool
) -> None:
    if has_accounts:
        at_revision(make_app, database, "0019")

    make_app()

    assert rows_of(database)["milestone"] == ([{"name": OLDER}] if has_accounts else [])


def _migrate(command: Callable[[alembic.config.Config, str], None], revision: str) -> None:
    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(preparing.find_migrations()))
    command(settings, revision)


def test_folders_of_older_releases_get_tree_sums(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context():
        scope = services.accounts().register("alice", PASSWORD).scope
        deep = "/".join(str(number) for number in range(12))
        for path in (f"{deep}/file", "0/1/other", "0/gone", "kept/a/b/c", "top"):
            with services.uploads(scope).begin() as upload:
                upload.append([path.encode()])
                upload.seal()
                services.uploads(scope).commit([(upload, Target(path))])
        services.files(scope).make_folder("0/1/empty")
        for path in ("0/gone", "kept/a/b", "kept"):
            services.files(scope).trash(path)
        before = _sums_of_folders()
        settings = alembic.config.Config()
        settings.set_main_option("script_location", str(preparing.find_migrations()))
        alembic.command.downgrade(settings, BEFORE_SUMS)
        alembic.command.upgrade(settings, "head")

        assert _sums_of_folders() == before
        size = len(f"{deep}/file" + "0/1/other")
        assert [row for row in before if row[1:] == (size, 2)], "the upper folders sum both files"
        check_rows(db.session())


def test_a_downgrade_removes_mounts_and_new_entries_stay_searchable(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context():
        for name in ("alice", "bob"):
            services.files(services.accounts().register(name, PASSWORD).scope).make_folder("shared/deep")
        scope = services.accounts().check_password("bob", PASSWORD, "127.0.0.1").scope
        mount(db.session(), "alice", "shared", "bob", "hers")
        db.session.rollback()
        _migrate(alembic.command.downgrade, "0017")
        _migrate(alembic.command.upgrade, "head")
        db.session.rollback()

        assert db.session.scalars(sa.select(Node).where(Node.kind == Kind.MOUNT)).all() == []
        services.files(scope).make_folder("Новая папка")
        assert [each.path for each in services.search(scope).page("пап", "", 10).entries] == ["Новая папка"]
        check_rows(db.session())


def _sums_of_folders() -> list[tuple[int, int, int]]:
    db.session.rollback()
    sums = sa.select(Node.id, Node.tree_size, Node.tree_files).where(Node.kind == Kind.FOLDER)
    found = [(row.id, row.tree_size, row.tree_files) for row in db.session.execute(sums.order_by(Node.id))]
    db.session.rollback()
    return found


def test_the_models_match_the_migrations(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context(), db.engine.connect() as connection:
        made = sa.MetaData()
        made.reflect(connection, only=ordinary_tables(connection))
        keys = {name: keys_made(connection, table) for name, table in made.tables.items()}
    declared = db.metadata.tables

    assert made.tables.keys() - {"alembic_version"} == declared.keys()
    for name, table in declared.items():
        assert {column.name: column.nullable for column in made.tables[name].columns} == {
            column.name: column.nullable for column in table.columns
        }
        indexes = {
            index.name: [*index.columns.keys()]
            for index in made.tables[name].indexes
            if index.name not in BESIDE_THE_TABLES
        }
        assert indexes == {index.name: [*index.columns.keys()] for index in table.indexes}
        assert keys[name] == keys_of(table)


def keys_of(table: sa.Table) -> set[tuple[str, str, str]]:
    """Return which column refers to what, and what becomes of it when that is deleted."""
    return {(key.parent.name, key.target_fullname, key.ondelete or "NO ACTION") for key in table.foreign_keys}


def keys_made(connection: sa.Connection, table: sa.Table) -> set[tuple[str, str, str]]:
    """Return the same of a table that is there; of a key within a column's words SQLAlchemy reads no action."""
    if connection.dialect.name != "sqlite":
        return keys_of(table)
    keys = connection.exec_driver_sql(f'PRAGMA foreign_key_list("{table.name}")').mappings()
    return {(key["from"], f"{key['table']}.{key['to']}", key["on_delete"]) for key in keys}


INDEX_OF_NAMES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE name LIKE 'node_search%'"
    " UNION ALL SELECT k, CAST(v AS TEXT) FROM node_search_config WHERE k = 'pgsz' ORDER BY 1",
    "postgresql": "SELECT indexdef, pg_get_functiondef('grams'::regproc) FROM pg_indexes"
    " WHERE indexname = 'ix_node_search'",
}


def test_the_name_index_matches_the_migrations(make_app: MakeApp, database: Database) -> None:
    """Objects outside of the models: the full-text table and its triggers, or the function and its index."""
    make_app()
    with connected(database) as connection:
        wanted = sa.text(INDEX_OF_NAMES[connection.dialect.name])
        migrated = connection.execute(wanted).all()
        if connection.dialect.name == "postgresql":
            # Which is taken back at the end.
            connection.execute(sa.text("DROP INDEX ix_node_search"))
            connection.execute(sa.text(DROP_FUNCTION))
            for statement in FOR_POSTGRESQL:
                connection.execute(sa.text(statement))
            declared = connection.execute(wanted).all()
        else:
            fresh = sa.create_engine("sqlite://")
            with fresh.begin() as made:
                Base.metadata.create_all(made)
                declared = made.execute(wanted).all()
            fresh.dispose()

    assert [_words(" ".join(row)) for row in migrated] == [_words(" ".join(row)) for row in declared]
    assert declared


def _words(sql: str) -> list[str]:
    return sql.split()
