"""What comes before the first request: the instance is made, its database migrated.

Any number of processes may start at once on an empty instance, with whatever arguments; one lock
file stands round it all.

Rule: a second start changes nothing; what cannot be done safely is refused, with the cure.
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

# Any number that no other user of the same PostgreSQL server takes: "cabinet" on a phone's keys.
_POSTGRES_LOCK = 2224638


def prepare_when_serving(app: Flask) -> None:
    """Prepare `app` now, unless a `flask` command other than `run` has loaded it."""
    command = click.get_current_context(silent=True)
    if command is None or command.info_name == "run":
        if app.debug and command is None and not app.testing:
            raise BadSetting(setting="FLASK_DEBUG", reason="debug mode is for `flask run` alone.")
        prepare(app, to_serve=True)


def prepare(app: Flask, *, to_serve: bool = False) -> None:
    """Make the instance folder, the secret key, the store and the database where missing; migrate.

    With `to_serve` this process counts as a server of the instance from then on. Raises a
    `RefusedToStart` for whatever stands in the way.
    """
    instance = Path(app.instance_path)
    try:
        make_instance(app)
        with locked(instance / "lock", timeout=None):
            _refuse_beside_others(instance)
            app.secret_key = app.config["SECRET_KEY"] or _secret_key(instance / "secret_key")
            app.extensions[EXTENSION].store  # noqa: B018 - opened here, so that it fails here
            with app.app_context():
                try:
                    _migrate(db.engine)
                finally:
                    db.engine.dispose()
            if to_serve:
                _announce(app)
    except OSError as error:
        raise UnusableStore(where=str(instance), reason=f"{error.strerror}.") from error


@contextmanager
def alone(app: Flask) -> Iterator[None]:
    """Keep every server of the instance from starting; raises `UnusableStore` while one runs.

    The folder and an empty database are there from then on, and nothing else.
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
    """Tell whether this release can migrate a database of that revision."""
    try:
        return _scripts()[1].get_revision(revision) is not None
    except CommandError:
        return False


def _scripts() -> tuple[alembic.config.Config, ScriptDirectory]:
    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(find_migrations()).replace("%", "%%"))
    return settings, ScriptDirectory.from_config(settings)


def make_instance(app: Flask) -> None:
    """Make the instance folder and an empty database file where missing, for their owner alone."""
    Path(app.instance_path).mkdir(mode=0o700, parents=True, exist_ok=True)
    url = make_url(app.config["DATABASE_URL"])
    if url.get_backend_name() == "sqlite" and url.database:
        # The write-ahead log and its index take their modes from this file.
        os.close(os.open(url.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def find_migrations() -> Path:
    """Return the folder of the migrations: the checkout's, else the one inside the package.

    The checkout comes first, for an editable install may have left a stale copy in the package.
    """
    package = Path(__file__).parents[1]
    checkout = package.parents[1]
    if (checkout / "pyproject.toml").is_file() and (checkout / "migrations" / "env.py").is_file():
        return checkout / "migrations"
    return package / "migrations"


def _secret_key(path: Path) -> str:
    """Return the key that this instance was given at its first start."""
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
    """Bring the database to this release's revision; raises `DatabaseTooNew`."""
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
            _keep_copy(engine, current)
        alembic.command.upgrade(settings, "head")
        log.info("database migrated from %s to %s", current or "nothing", head)


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    """Let one machine at a time migrate a database server that several share."""
    if engine.dialect.name != "postgresql":
        yield
        return
    # Of its own, for the engine may have no more than the one that migrates.
    with create_engine(engine.url, poolclass=NullPool).begin() as connection:
        # However long the other one takes.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
        yield


def _keep_copy(engine: Engine, revision: str) -> None:
    """Copy a SQLite database beside itself before it is changed."""
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


def _announce(app: Flask) -> None:
    """Hold a shared lock on a file of this version, until the process or `app` ends."""
    own = Path(app.instance_path) / _serving_lock(__version__)
    descriptor = os.open(own, FLAGS, 0o600)
    # Only closed: a process that was forked off must not unlock it for this one.
    weakref.finalize(app, os.close, descriptor)
    acquire(descriptor, timeout=None, shared=True)


def _refuse_beside_others(instance: Path) -> None:
    """Raise `UnusableStore` while a server of another version runs: it would meet a foreign database."""
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
