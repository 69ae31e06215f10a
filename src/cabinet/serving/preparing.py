"""Create the instance and migrate its database before the first request.

Any number of processes may start at once on an empty instance; one lock file serializes them.

Rule: a second start changes nothing; what cannot be done safely is refused, with a remedy.
"""

from __future__ import annotations

import logging
import os
import secrets
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import alembic.command
import alembic.config
import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from cabinet import __version__
from cabinet.extensions import db
from cabinet.refusals import BadSetting, DatabaseTooNew, UnusableStore
from cabinet.services.backups.database_copy import vacuum_into
from cabinet.storage.file_locks import FLAGS, LockTaken, acquire, locked
from cabinet.web.runtime import EXTENSION

log = logging.getLogger("cabinet")

# The key of an advisory lock that nothing else on the PostgreSQL server uses: "cabinet" on a phone keypad.
_POSTGRES_LOCK = 2224638


def prepare_when_serving(app: Flask) -> None:
    """Prepare `app` now, unless a `flask` command other than `run` is running."""
    command = click.get_current_context(silent=True)
    if command is None or command.info_name == "run":
        if app.debug and command is None and not app.testing:
            raise BadSetting(setting="FLASK_DEBUG", reason="debug mode is for `flask run` alone.")
        prepare(app, to_serve=True)


def prepare(app: Flask, *, to_serve: bool = False) -> None:
    """Create the instance folder, the secret key, the store and the database if missing, and migrate.

    With `to_serve`, this process counts as a server of the instance from then on. Raises a
    `RefusedToStart` for anything that the operator must fix.
    """
    instance = Path(app.instance_path)
    try:
        make_instance(app)
        with locked(instance / "lock", timeout=None):
            _refuse_other_versions(instance)
            app.secret_key = app.config["SECRET_KEY"] or _secret_key(instance / "secret_key")
            app.extensions[EXTENSION].store  # noqa: B018 - opens the store, so that errors are raised here
            with app.app_context():
                try:
                    _migrate(db.engine)
                finally:
                    db.engine.dispose()
            if to_serve:
                _mark_as_serving(app)
    except OSError as error:
        raise UnusableStore(where=str(instance), reason=f"{error.strerror}.") from error


@contextmanager
def without_servers(app: Flask) -> Iterator[None]:
    """Prevent servers of the instance from starting; raises `UnusableStore` while one runs.

    Creates the instance folder and an empty database if missing, and nothing else.
    """
    instance = Path(app.instance_path)
    try:
        make_instance(app)
        with locked(instance / "lock", timeout=None):
            for lock in instance.glob(_serving_lock("*")):
                if _is_held(lock):
                    raise UnusableStore(
                        where=str(instance), reason="a server is running on it. Stop it first."
                    )
            yield
    except OSError as error:
        raise UnusableStore(where=str(instance), reason=f"{error.strerror}.") from error


def knows_revision(revision: str) -> bool:
    """Return whether this release can migrate a database at that revision."""
    try:
        return _scripts()[1].get_revision(revision) is not None
    except CommandError:
        return False


def _scripts() -> tuple[alembic.config.Config, ScriptDirectory]:
    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(find_migrations()).replace("%", "%%"))
    return settings, ScriptDirectory.from_config(settings)


def make_instance(app: Flask) -> None:
    """Create the instance folder and an empty database file if missing, accessible by their owner only."""
    Path(app.instance_path).mkdir(mode=0o700, parents=True, exist_ok=True)
    url = make_url(app.config["DATABASE_URL"])
    if url.get_backend_name() == "sqlite" and url.database:
        # SQLite creates the write-ahead log and its index with the mode of this file.
        os.close(os.open(url.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def find_migrations() -> Path:
    """Return the folder of the migrations: the one of the checkout, else the one in the package.

    The checkout comes first, because an editable install may have left a stale copy in the package.
    """
    package = Path(__file__).parents[1]
    checkout = package.parents[1]
    if (checkout / "pyproject.toml").is_file() and (checkout / "migrations" / "env.py").is_file():
        return checkout / "migrations"
    return package / "migrations"


def _secret_key(path: Path) -> str:
    """Return the secret key of this instance; create it at the first start."""
    if not path.exists():
        draft = path.with_name(f"secret_key.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    key = path.read_text("ascii").strip()
    if len(key) < 32:
        raise BadSetting(setting="SECRET_KEY", reason=f"the file {path} holds no key. Remove it.")
    return key


def _migrate(engine: Engine) -> None:
    """Migrate the database to this release's revision; raises `DatabaseTooNew`."""
    settings, scripts = _scripts()
    with _migration_lock(engine):
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        head = scripts.get_current_head()
        if current == head:
            return
        if current is not None:
            try:
                scripts.get_revision(current)
            except CommandError as error:
                raise DatabaseTooNew(revision=current) from error
            _copy_before_migration(engine, current)
        alembic.command.upgrade(settings, "head")
        log.info("database migrated from %s to %s", current or "nothing", head)


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    """Let one machine at a time migrate a shared database server."""
    if engine.dialect.name != "postgresql":
        yield
        return
    # A separate connection, because the engine may allow only one, which the migration uses.
    with create_engine(engine.url, poolclass=NullPool).begin() as connection:
        # Wait without limit for another migration.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
        yield


def _copy_before_migration(engine: Engine, revision: str) -> None:
    """Copy a SQLite database to a file beside it before a migration."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        return
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    copy = Path(f"{path}.{revision}.{moment}.bak")
    descriptor = os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        vacuum_into(engine, copy)
    except BaseException:
        copy.unlink()
        raise
    finally:
        os.close(descriptor)
    log.warning("database at revision %s is about to be migrated; a copy is kept at %s", revision, copy)


def _mark_as_serving(app: Flask) -> None:
    """Hold a shared lock on the file of this version until the process or `app` ends."""
    own = Path(app.instance_path) / _serving_lock(__version__)
    descriptor = os.open(own, FLAGS, 0o600)
    # Closed without unlocking: a forked process must not unlock it for this one.
    weakref.finalize(app, os.close, descriptor)
    acquire(descriptor, timeout=None, shared=True)


def _refuse_other_versions(instance: Path) -> None:
    """Raise `UnusableStore` while a server of another version runs, because it expects another schema."""
    for lock in instance.glob(_serving_lock("*")):
        version = lock.name.removeprefix("serving-").removesuffix(".lock")
        if version != __version__ and _is_held(lock):
            raise UnusableStore(
                where=str(instance),
                reason=f"version {version} is serving it and this is {__version__}. Stop that server first.",
            )


def _serving_lock(version: str) -> str:
    return f"serving-{version}.lock"


def _is_held(path: Path) -> bool:
    try:
        with locked(path, timeout=0):
            path.unlink(missing_ok=True)
    except LockTaken:
        return True
    return False
