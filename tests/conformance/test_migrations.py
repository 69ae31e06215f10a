"""Starting on every database that there can be: none, an old one, a new one, one that resists.

Besides the revisions that are shipped, the tests write some of their own into a copy of the
migrations, so that what a later release may do is proved before there is one.
"""

from __future__ import annotations

import logging
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from cabinet import serving
from cabinet.errors import DatabaseTooNew
from cabinet.extensions import db
from tests.conftest import MakeApp
from tests.support.faults import python
from tests.support.servers import server_environment
from tests.support.strace import Point, killed_at, points, read_log, traced

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ROWS = 4

# Of every table, every row as a mapping; what two databases are compared by.
Content = dict[str, list[dict[str, Any]]]


def scripts(folder: Path = MIGRATIONS) -> ScriptDirectory:
    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(folder))
    return ScriptDirectory.from_config(settings)


SHIPPED = [script.revision for script in reversed(list(scripts().walk_revisions()))]
HEAD = SHIPPED[-1]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "cabinet.db"


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the migrations, which the application takes for its own."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(serving, "find_migrations", lambda: folder)
    return folder


def add_revision(migrations: Path, body: str, revision: str = "9998", behind: str = HEAD) -> Path:
    """Write a revision whose upgrade is `body`; return its file."""
    file = migrations / "versions" / f"{revision}_from_the_future.py"
    file.write_text(
        f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{revision}"\n'
        f'down_revision = "{behind}"\n\n\ndef upgrade():\n    {body}\n'
    )
    return file


@contextmanager
def connected(database: Path) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{database}")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def content_of(database: Path) -> Content:
    """Return everything that a database holds."""
    with connected(database) as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in tables_of(connection)
        }


def revision_of(database: Path) -> str:
    with connected(database) as connection:
        return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))


def populate(database: Path) -> Content:
    """Put rows into every table, whatever its columns are, and return all of them."""
    with connected(database) as connection:
        for table in tables_of(connection):
            for number in range(1, ROWS + 1):
                values = {column.name: value_for(column, number) for column in table.columns}
                connection.execute(table.insert().values(values))
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        connection.commit()
    return content_of(database)


def value_for(column: sa.Column[Any], number: int) -> Any:
    """Return a value that fits a column and differs from row to row."""
    if any(key.column.table is column.table for key in column.foreign_keys):
        return None if number == 1 else 1  # a tree: the first row is the root of all others
    if column.nullable and not column.foreign_keys and number % 2:
        return None
    kind = column.type.python_type
    if kind is datetime:
        return datetime(2026, 1, number, 12, 30, 15, 123456)  # noqa: DTZ001 - what SQLite stores
    made: dict[type, Any] = {int: number, str: f"{column.name} {number}", bytes: bytes([number])}
    # What refers to a text has to say the same text as what it refers to.
    for key in column.foreign_keys:
        return value_for(key.column, number)
    return made[kind]


def at_revision(make_app: MakeApp, database: Path, revision: str) -> Content:
    """Leave a populated database as a release of that revision has left it, and return its rows."""
    app = make_app()
    with app.app_context():
        settings = alembic.config.Config()
        settings.set_main_option("script_location", str(serving.find_migrations()))
        alembic.command.downgrade(settings, "base")
        alembic.command.upgrade(settings, revision)
        db.engine.dispose()
    return populate(database)


def common(before: Content, after: Content) -> Content:
    """Return of `after` what `before` can have: its tables, and of them its columns."""
    return {
        name: [{key: row[key] for key in before[name][0] if key in row} for row in after[name]]
        for name in before
        if name in after
    }


def copies(database: Path) -> list[Path]:
    return list(database.parent.glob("cabinet.db.*.bak"))


@pytest.mark.parametrize("revision", SHIPPED)
def test_a_populated_database_of_every_release_is_upgraded_row_by_row(
    make_app: MakeApp, database: Path, revision: str
) -> None:
    before = at_revision(make_app, database, revision)
    assert {len(rows) for rows in before.values()} == {ROWS}

    make_app()

    after = content_of(database)
    assert revision_of(database) == HEAD
    assert common(after, before) == common(before, after)
    assert len(copies(database)) == (revision != HEAD)
    for copy in copies(database):
        assert content_of(copy) == before


def test_the_models_are_what_the_migrations_make(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context(), db.engine.connect() as connection:
        made = sa.MetaData()
        made.reflect(connection)
    declared = db.metadata.tables

    assert made.tables.keys() - {"alembic_version"} == declared.keys()
    for name, table in declared.items():
        assert {column.name: column.nullable for column in made.tables[name].columns} == {
            column.name: column.nullable for column in table.columns
        }
        assert {index.name for index in made.tables[name].indexes} == {index.name for index in table.indexes}
        assert {key.target_fullname for key in made.tables[name].foreign_keys} == {
            key.target_fullname for key in table.foreign_keys
        }


REBUILD_USER = """with op.batch_alter_table("user") as user:
        user.add_column(sa.Column("motto", sa.String(80)))
        user.alter_column("username", type_=sa.String(100), existing_type=sa.String(64))
        user.drop_column("language")"""


def test_a_later_release_may_rebuild_a_table_that_all_others_refer_to(
    make_app: MakeApp, database: Path, migrations: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite alters by dropping and making anew; with foreign keys on, that deletes every file."""
    before = at_revision(make_app, database, HEAD)
    add_revision(migrations, REBUILD_USER)

    with caplog.at_level(logging.WARNING, logger="cabinet"):
        make_app()

    after = content_of(database)
    assert revision_of(database) == "9998"
    assert common(after, before) == common(before, after)
    assert {"motto"} == after["user"][0].keys() - before["user"][0].keys()
    [copy] = copies(database)
    assert content_of(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [record.args for record in caplog.records if "copy is kept" in record.getMessage()] == [
        (HEAD, copy)
    ]


def test_foreign_keys_are_on_again_after_a_migration(
    make_app: MakeApp, database: Path, migrations: Path
) -> None:
    at_revision(make_app, database, HEAD)
    add_revision(migrations, REBUILD_USER)

    app = make_app()

    with app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_second_start_changes_nothing(make_app: MakeApp, database: Path) -> None:
    before = at_revision(make_app, database, HEAD)
    make_app()
    files = snapshot(database.parent)

    make_app()

    assert content_of(database) == before
    assert snapshot(database.parent) == files


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
        ('op.execute("DELETE FROM user WHERE id = 1")', RuntimeError),
        ('op.execute("UPDATE node SET parent_id = 77 WHERE id = 2")', RuntimeError),
    ],
    ids=["raises half way", "leaves rows without their user", "points nowhere"],
)
def test_a_migration_that_fails_takes_the_steps_before_it_back(
    make_app: MakeApp, database: Path, migrations: Path, body: str, error: type[Exception]
) -> None:
    before = at_revision(make_app, database, HEAD)
    harmless = add_revision(migrations, REBUILD_USER)
    harmful = add_revision(migrations, body, "9999", "9998")

    with pytest.raises(error):
        make_app()

    assert (revision_of(database), content_of(database)) == (HEAD, before)
    harmful.unlink()
    harmless.unlink()
    make_app()
    assert content_of(database) == before


def test_a_database_of_a_later_release_is_refused_untouched(make_app: MakeApp, database: Path) -> None:
    before = at_revision(make_app, database, HEAD)
    with connected(database) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'f00d'"))
        connection.commit()

    with pytest.raises(DatabaseTooNew, match="f00d") as caught:
        make_app()

    assert "newer release" in str(caught.value)
    assert (revision_of(database), content_of(database), copies(database)) == ("f00d", before, [])


START = """
from cabinet import create_app
app = create_app()
print(app.secret_key)
"""


def test_processes_that_start_at_once_on_nothing_agree(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    environment = server_environment(instance, {})
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
    assert revision_of(instance / "cabinet.db") == HEAD
    assert copies(instance / "cabinet.db") == []
    assert not list(instance.glob("secret_key.*"))
    assert list((instance / "staging").iterdir()) == []


# Starts with other migrations than its own, if it is told to.
START_WITH = """
import sys
from pathlib import Path
from cabinet import create_app, serving
if len(sys.argv) > 1:
    serving.find_migrations = lambda: Path(sys.argv[1])
create_app()
"""


class Start:
    """The start of a server on an instance folder, to be killed at any call that concerns that folder."""

    def __init__(self, instance: Path, log: Path, *arguments: str) -> None:
        self._instance = instance
        self._log = log
        self._command = python(START_WITH, *arguments)
        # Fixed, so that every run asks the kernel for the same things in the same order.
        self._environment = {**server_environment(instance, {}), "PYTHONHASHSEED": "0"}

    def run(self) -> None:
        subprocess.run(self._command, env=self._environment, check=True, capture_output=True, timeout=100)

    def points(self, every: int) -> list[Point]:
        """Run to the end, and return one of `every` so many points at which that run could have died."""
        command = traced(self._command, self._log)
        subprocess.run(command, env=self._environment, check=True, capture_output=True, timeout=100)
        calls = points(read_log(self._log))
        return [point for call, point in calls.items() if str(self._instance) in call.arguments][::every]

    def kill(self, point: Point) -> None:
        command = killed_at(self._command, self._log, point)
        ended = subprocess.run(command, env=self._environment, check=False, capture_output=True, timeout=100)
        assert ended.returncode == -signal.SIGKILL, (point, ended)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_first_start_that_is_killed_anywhere_is_made_good_by_the_next(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    for number, point in enumerate(Start(tmp_path / "whole", log).points(every=20)):
        instance = tmp_path / str(number)
        start = Start(instance, log)
        start.kill(point)

        start.run()

        assert revision_of(instance / "cabinet.db") == HEAD
        assert len((instance / "secret_key").read_text().strip()) >= 32


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_an_upgrade_that_is_killed_anywhere_is_made_good_by_the_next_start(
    make_app: MakeApp, database: Path, migrations: Path, tmp_path: Path
) -> None:
    before = at_revision(make_app, database, HEAD)
    old = tmp_path / "old"
    shutil.copytree(database.parent, old)
    add_revision(migrations, REBUILD_USER)

    def again() -> Start:
        shutil.rmtree(database.parent)
        shutil.copytree(old, database.parent)
        return Start(database.parent, tmp_path / "calls", str(migrations))

    for point in again().points(every=4):
        start = again()
        start.kill(point)

        start.run()

        after = content_of(database)
        assert revision_of(database) == "9998"
        assert common(after, before) == common(before, after)
