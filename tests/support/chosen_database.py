"""Which database the tests run on: SQLite, or PostgreSQL if `--database postgresql` was said.

Rule: whoever makes an application, a server or an engine for a test asks here where its rows lie.
A test that names its own database keeps it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from cabinet import create_app
from cabinet.extensions import db
from cabinet.serving.preparing import prepare
from tests.support.postgresql import Cluster, Databases

CHOICES = ("sqlite", "postgresql")

# Whoever asks for one of these, or for what is made of them, gets a database, and so takes part in
# what is run on each of them ...
FIXTURES = frozenset(
    {"bench", "make_app", "start_production", "start_development", "tus_server", "either_server", "database"}
)
# ... but for who sees it through a client alone. Which answers a client gets is proved on each
# database by the tests of services and of HTTP; what it makes of them is the same.
CLIENTS = frozenset({"filecli", "chromium"})

_postgres: list[Databases] = []


def plays_a_part(fixtures: Collection[str]) -> bool:
    """Tell whether a database plays a part in a test that asks for these fixtures."""
    return not FIXTURES.isdisjoint(fixtures) and CLIENTS.isdisjoint(fixtures)


def use(databases: Databases) -> None:
    """Give every instance of this process a database of a PostgreSQL server from now on."""
    _postgres.append(databases)


def chosen() -> Databases | None:
    """Return where databases come from; None when each is a file of SQLite in its instance folder."""
    return _postgres[-1] if _postgres else None


def with_database(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of an application, with its instance's database unless they name one."""
    databases = chosen()
    if databases is None or "DATABASE_URL" in settings:
        return dict(settings)
    return {**settings, "DATABASE_URL": databases.url_for(Path(settings["INSTANCE"]))}


def start_migrated(instance: Path) -> None:
    """Give a new instance folder a file of SQLite as the first start of a server leaves it.

    To migrate takes longer than most tests; that it is done at the first start is for the tests of
    starting, which use no copy.
    """
    if chosen() or instance.exists():
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
    databases = chosen()
    if databases is None:
        return f"sqlite:///{instance / 'cabinet.db'}"
    return databases.url_for(instance, template="template1")


def make_template(cluster: Cluster) -> str:
    """Make a database as the first start of a server leaves it, for others to be copies of."""
    with closing(Databases(cluster, "template1", "template")) as databases:
        name = databases.create()
    with tempfile.TemporaryDirectory() as folder:
        _start_once(Path(folder) / "instance", {"DATABASE_URL": cluster.url(name)})
    return name


def _start_once(instance: Path, settings: Mapping[str, Any]) -> None:
    """Start on an instance for the first time, and end."""
    app = create_app({"INSTANCE": instance, "TESTING": True, **settings})
    # Which a test that stands in for a command keeps it from doing by itself.
    prepare(app)
    with app.app_context():
        db.engine.dispose()
