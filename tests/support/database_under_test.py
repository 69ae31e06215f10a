"""The database of the test run: SQLite, or PostgreSQL with `--database postgresql`.

Rule: everything that creates an application, a server or an engine for a test asks here for its database. A test
that names its own database keeps it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cabinet import create_app
from cabinet.extensions import db
from cabinet.serving.preparing import prepare
from tests.support.postgresql import Cluster, Databases

CHOICES = ("sqlite", "postgresql")

# Tests of services and of migrations run on each kind of database, because these send the statements.
# HTTP requests use the same services: their tests have the mark `database` only if they visit every
# route, send a statement that no other marked test sends, or depend on transactions, locks, order, numbers
# or texts, which databases treat differently.
FIXTURES = frozenset({"bench", "database"})

_postgres: list[Databases] = []


def needs_database(item: pytest.Item) -> bool:
    """Tell by its fixtures whether the kind of database matters to a test of `make test`."""
    apart = any(item.get_closest_marker(name) for name in ("long", "development", "sqlite"))
    return not apart and not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def use_databases(databases: Databases) -> None:
    """Give every instance of this process a database of a PostgreSQL server from now on."""
    _postgres.append(databases)


def current_databases() -> Databases | None:
    """Return the source of PostgreSQL databases; None if each instance has a SQLite file."""
    return _postgres[-1] if _postgres else None


def with_database(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of an application, with its instance's database unless they name one."""
    databases = current_databases()
    if databases is None or "DATABASE_URL" in settings:
        return dict(settings)
    return {**settings, "DATABASE_URL": databases.url_for(Path(settings["INSTANCE"]))}


def start_migrated(instance: Path) -> None:
    """Give a new instance folder a file of SQLite as the first start of a server leaves it.

    To migrate takes longer than most tests; that it is done at the first start is for the tests of
    starting, which use no copy.
    """
    if current_databases() or instance.exists():
        return
    instance.mkdir(mode=0o700, parents=True)
    file = instance / "cabinet.db"
    file.touch(0o600)
    file.write_bytes(_migrated_file())


@cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        _start_once(Path(folder) / "instance", {})
        file = Path(folder) / "instance" / "cabinet.db"
        # The last connection that closes has moved the log into the file.
        assert not file.with_name("cabinet.db-wal").exists()
        return file.read_bytes()


def without_tables(instance: Path) -> str:
    """Return the address of a database for `instance` that nothing was ever done to."""
    databases = current_databases()
    if databases is None:
        return f"sqlite:///{instance / 'cabinet.db'}"
    return databases.url_for(instance, template="template1")


def make_template(cluster: Cluster) -> str:
    """Create a database as after the first start of a server, as the template of others."""
    with closing(Databases(cluster, "template1", "template")) as databases:
        name = databases.create("template1")
    with tempfile.TemporaryDirectory() as folder:
        _start_once(Path(folder) / "instance", {"DATABASE_URL": cluster.url(name)})
    return name


def _start_once(instance: Path, settings: Mapping[str, Any]) -> None:
    """Start on an instance for the first time, and end."""
    app = create_app({"INSTANCE": instance, "TESTING": True, **settings})
    # A test that replaces a command also prevents its side effects.
    prepare(app)
    with app.app_context():
        db.engine.dispose()
