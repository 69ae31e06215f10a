"""Starting with every kind of database: none, an old one, a new one, a locked one.

In addition to the released revisions, the tests write their own into a copy of the migrations, to prove what a
later release can do.
"""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from cabinet.extensions import db
from cabinet.refusals import DatabaseTooNew
from tests.conftest import MakeApp
from tests.support.database_under_test import without_tables
from tests.support.databases import (
    HEAD,
    REBUILD_USER,
    Database,
    add_revision,
    at_revision,
    common,
    connected,
    copies,
    revision_of,
    rows_of,
)
from tests.support.servers import server_environment

pytestmark = pytest.mark.usefixtures("first_start")

# A server checks references at once for every writer.
unchecked = pytest.mark.sqlite("its references are not checked while a migration runs")


@pytest.mark.sqlite("its way to alter a table, and the copy before")
def test_a_later_release_can_rebuild_a_table_referenced_by_all_others(
    make_app: MakeApp, database: Path, migrations: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite alters by dropping and making anew; with foreign keys on, that deletes every file."""
    before = at_revision(make_app, database, HEAD)
    add_revision(migrations, REBUILD_USER)

    with caplog.at_level(logging.WARNING, logger="cabinet"):
        make_app()

    after = rows_of(database)
    assert revision_of(database) == "9998"
    assert common(after, before) == common(before, after)
    assert {"motto"} == after["user"][0].keys() - before["user"][0].keys()
    [copy] = copies(database)
    assert rows_of(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [record.args for record in caplog.records if "copy is kept" in record.getMessage()] == [
        (HEAD, copy)
    ]


@pytest.mark.sqlite("its pragmas")
def test_foreign_keys_are_enabled_again_after_a_migration(
    make_app: MakeApp, database: Path, migrations: Path
) -> None:
    at_revision(make_app, database, HEAD)
    add_revision(migrations, REBUILD_USER)

    app = make_app()

    with app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_second_start_changes_nothing(make_app: MakeApp, database: Database) -> None:
    before = at_revision(make_app, database, HEAD)
    instance = Path(make_app().instance_path)
    files = snapshot(instance)

    make_app()

    assert rows_of(database) == before
    assert snapshot(instance) == files


def snapshot(instance: Path) -> dict[str, int]:
    """Return every file of an instance that outlives its server, with its inode."""
    passing = ("-wal", "-shm", ".lock", "lock")
    return {
        str(path.relative_to(instance)): path.stat().st_ino
        for path in instance.rglob("*")
        if not path.name.endswith(passing)
    }


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('op.drop_table("version")\n    raise LookupError("half way")', LookupError),
        pytest.param('op.execute("DELETE FROM user WHERE id = 1")', RuntimeError, marks=unchecked),
        pytest.param(
            'op.execute("UPDATE node SET parent_id = 77 WHERE id = 2")', RuntimeError, marks=unchecked
        ),
    ],
    ids=["raises half way", "leaves rows without their user", "points nowhere"],
)
def test_a_failed_migration_rolls_back_previous_steps(
    make_app: MakeApp, database: Database, migrations: Path, body: str, error: type[Exception]
) -> None:
    before = at_revision(make_app, database, HEAD)
    harmless = add_revision(migrations, REBUILD_USER)
    harmful = add_revision(migrations, body, "9999", "9998")

    with pytest.raises(error):
        make_app()

    assert (revision_of(database), rows_of(database)) == (HEAD, before)
    harmful.unlink()
    harmless.unlink()
    make_app()
    assert rows_of(database) == before


def test_a_database_of_a_later_release_is_refused_unchanged(make_app: MakeApp, database: Database) -> None:
    before = at_revision(make_app, database, HEAD)
    with connected(database) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'f00d'"))
        connection.commit()

    with pytest.raises(DatabaseTooNew, match="f00d") as caught:
        make_app()

    assert "newer release" in str(caught.value)
    assert (revision_of(database), rows_of(database), copies(database)) == ("f00d", before, [])


START = """
from cabinet import create_app
app = create_app()
print(app.secret_key)
"""


def test_concurrent_first_starts_agree(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    database = without_tables(instance)
    environment = server_environment(instance, {"DATABASE_URL": database})
    command = [sys.executable, "-c", START]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ended = [process.communicate(timeout=100) for process in started]

    assert [process.returncode for process in started] == [0, 0, 0, 0], ended
    [key] = {printed for printed, _ in ended}
    assert (instance / "secret_key").read_text().strip() == key.strip()
    assert len(key.strip()) >= 32
    assert revision_of(database) == HEAD
    assert [path.name for path in instance.glob("*.bak")] == []
    assert not list(instance.glob("secret_key.*"))
    assert list((instance / "staging").iterdir()) == []
