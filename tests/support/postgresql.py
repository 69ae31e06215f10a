"""A PostgreSQL server for the tests, with a database for every instance folder.

Rule: one server per run, for all its processes: unprivileged, on a socket in a temporary folder, and ended with
the process that started it, however that one ends. Without PostgreSQL nothing is skipped; the run does not start.
"""

from __future__ import annotations

import getpass
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests.support.waiting import wait_until

DEBIAN = Path("/usr/lib/postgresql")

# Bytes that the path of a socket may have (`sun_path` less its NUL), and PostgreSQL's own name in it.
LONGEST = 107 - len("/.s.PGSQL.5432")

# The user id of Debian's package, on a machine where the package was installed elsewhere.
UNPRIVILEGED = ("postgres", "nobody")

# The server's administrator, and the role that the application signs in as: it owns its databases,
# and may do nothing else.
ADMINISTRATOR = "postgres"
OWNER = "cabinet"

# For tables that grow; seconds from one database of the server to the next.
VACUUMED = {"autovacuum": "on", "autovacuum_naptime": "5"}

# Nothing outlives the run, so nothing is synced. The other settings are unusual on purpose, and must make no
# difference: the time zone of the server, and a collation with another order than bytes.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "400",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "Asia/Kolkata",
    "deadlock_timeout": "100ms",
}
COLLATION = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")

# Runs the server until the pipe on standard input is closed: the kernel closes it when the other end's
# process ends, however it ends. Then the folder is removed.
KEEPER = """
folder=$1
shift
"$@" </dev/null &
server=$!
cat >/dev/null
kill -INT "$server"
wait "$server"
cd /
rm -rf "$folder"
"""


@dataclass
class Cluster:
    """A running server, by the folder of its socket."""

    folder: Path

    def url(self, name: str, user: str = OWNER) -> str:
        """Return the URL of a database, as `DATABASE_URL` takes it."""
        return f"postgresql+psycopg://{user}@/{name}?host={self.folder}"

    def connect(self, name: str = "postgres", user: str = ADMINISTRATOR) -> psycopg.Connection[Any]:
        """Connect past the application; every statement is a transaction."""
        return psycopg.connect(host=str(self.folder), user=user, dbname=name, autocommit=True)


def find_programs() -> Path:
    """Return the folder with the newest server's programs; raises `pytest.UsageError`."""
    debian = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]), reverse=True)
    for found in [*debian, *(Path(path).resolve() for path in [shutil.which("postgres")] if path)]:
        if os.access(found, os.X_OK) and os.access(found.with_name("initdb"), os.X_OK):
            return found.parent
    raise pytest.UsageError(
        f"no PostgreSQL server, neither below {DEBIAN} nor on the PATH. "
        "Debian's package is called postgresql: apt-get install --no-install-recommends postgresql"
    )


@contextmanager
def running_cluster(*, grows: bool = False) -> Iterator[Cluster]:
    """Run a server until the context or the process ends.

    With `grows` it keeps the statistics of tables that become large, as a server in production does:
    without them every lookup of batch items reads all of them.
    """
    programs = find_programs()
    account = _unprivileged()
    folder = _scratch_folder()
    options: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    log = folder / "log"
    try:
        _make(programs / "initdb", folder / "data", options)
    except BaseException:
        shutil.rmtree(folder)
        raise
    settings = SETTINGS | (VACUUMED if grows else {}) | {"unix_socket_directories": str(folder)}
    words = [f"--{name}={value}" for name, value in settings.items()]
    server = [str(programs / "postgres"), "-D", str(folder / "data"), *words]
    with log.open("wb") as written:
        # A session of its own: a Ctrl-C is for the tests, which end the server when they have ended.
        keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "keeper", str(folder), *server],
            stdin=subprocess.PIPE,
            stdout=written,
            stderr=written,
            start_new_session=True,
            **options,
        )
    try:
        cluster = Cluster(folder)
        _wait_for(cluster, log)
        with cluster.connect() as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(OWNER)))
        yield cluster
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(60)


def _unprivileged() -> pwd.struct_passwd | None:
    """Return the user that the server runs as, since it refuses root; None if it need not change."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise pytest.UsageError(
        f"PostgreSQL refuses to run as {getpass.getuser()}, and there is no user {UNPRIVILEGED}"
    )


def _scratch_folder() -> Path:
    """Create a folder with a path short enough for a socket, in memory if the folders of tests are."""
    for parent in (os.environ.get("PYTEST_DEBUG_TEMPROOT"), None, "/tmp"):
        folder = Path(tempfile.mkdtemp(prefix="cabinet-pg-", dir=parent))
        if len(os.fsencode(folder)) <= LONGEST:
            return folder
        folder.rmdir()
    raise pytest.UsageError("no folder for temporary files has a path that is short enough for a socket")


def _make(initdb: Path, data: Path, options: dict[str, Any]) -> None:
    arguments = ["--no-sync", "--auth=trust", f"--username={ADMINISTRATOR}", *COLLATION, f"--pgdata={data}"]
    made = subprocess.run(
        [initdb, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )  # fmt: skip
    if made.returncode != 0:
        raise pytest.UsageError(f"{initdb} made no database cluster:\n{made.stdout}")


def _wait_for(cluster: Cluster, log: Path) -> None:
    def answers() -> bool:
        try:
            cluster.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        wait_until(answers, seconds=60, what="a PostgreSQL server that answers")
    except TimeoutError as error:
        raise pytest.UsageError(f"{error}:\n{log.read_text(errors='replace')}") from error


# A hash of all but the rows: when a test has changed it, no other test may use the database.
FORM = """
    SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
        SELECT concat(relname, relkind, reloptions) FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat(attrelid::regclass, attname, atttypid, atttypmod, attnotnull, atthasdef, attisdropped)
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        UNION ALL
        SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT pg_get_triggerdef(oid) FROM pg_trigger
        UNION ALL
        SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat(setconfig, setrole) FROM pg_db_role_setting
            WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        UNION ALL
        SELECT version_num FROM alembic_version
    ) AS form (part)
"""

# Deletes all rows in one request. No order of the tables is right for all foreign keys.
EMPTY = """
    SET lock_timeout = '5s';
    SET session_replication_role = replica;
    DO $$
    DECLARE
        emptied regclass;
        removed bigint;
        total bigint := 0;
    BEGIN
        FOR emptied IN
            SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
                AND relkind = 'r' AND relname <> 'alembic_version'
        LOOP
            EXECUTE format('DELETE FROM %s', emptied);
            GET DIAGNOSTICS removed = ROW_COUNT;
            total := total + removed;
        END LOOP;
        PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
        PERFORM set_config('tests.removed', total::text, false);
    END
    $$
"""

# Deleted rows stay in the tables until a vacuum, and slow statements down.
MOST_REMOVED = 500


class Databases:
    """Gives each instance folder a database, a copy of `template`, in one of the processes that test.

    A used database is emptied for the next test, because creating one takes longer than most tests.
    """

    def __init__(self, cluster: Cluster, template: str, prefix: str) -> None:
        self.cluster = cluster
        self._template = template
        self._names = (f"{prefix}_{number}" for number in itertools.count())
        self._given: dict[Path, str] = {}
        self._empty: list[str] = []
        self._removed: Counter[str] = Counter()
        self._form: tuple[Any, ...] | None = None
        self._connection: psycopg.Connection[Any] | None = None
        # To each database the connection that empties it: a new one reads the catalog first, which takes longer.
        self._cleaners: dict[str, psycopg.Connection[Any]] = {}

    def url_for(self, instance: Path, template: str | None = None) -> str:
        """Return the URL of the database of `instance`; it is made when first asked for."""
        if instance not in self._given:
            is_there = self._empty and template is None
            self._given[instance] = self._empty.pop() if is_there else self.create(template)
        return self.cluster.url(self._given[instance])

    def create(self, template: str | None = None) -> str:
        """Create a database; return its name."""
        name = next(self._names)
        self._run(
            "CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}",
            name, OWNER, template or self._template, "file_copy",
        )  # fmt: skip
        if template is None and self._form is None:
            with self.cluster.connect(name) as connection:
                self._form = connection.execute(FORM).fetchone()
        return name

    def drop(self, name: str) -> None:
        """Drop a database despite open connections."""
        if cleaner := self._cleaners.pop(name, None):
            cleaner.close()
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def take_back_below(self, folder: Path) -> None:
        """Empty the databases of all instances in `folder`, or remove those that must not be used again."""
        for instance in [instance for instance in self._given if instance.is_relative_to(folder)]:
            name = self._given.pop(instance)
            if self._is_emptied(name):
                self._empty.append(name)
            else:
                self.drop(name)

    def _is_emptied(self, name: str) -> bool:
        """Delete all rows of a database; tells whether it may be used again."""
        cleaner = self._cleaners.get(name)
        self.hang_up(self.cluster.url(name), but=cleaner.info.backend_pid if cleaner else 0)
        try:
            if cleaner is None:
                cleaner = self._cleaners[name] = self.cluster.connect(name)
            if cleaner.execute(FORM).fetchone() != self._form:
                return False
            cleaner.execute(EMPTY)
            removed = cleaner.execute("SELECT current_setting('tests.removed')::bigint").fetchone()
            self._removed[name] += removed[0] if removed else 0
        except psycopg.Error:
            return False
        return self._removed[name] <= MOST_REMOVED

    def hang_up(self, url: str, *, but: int = 0) -> None:
        """End all connections to a database, like a restart of the server, except that of process `but`."""
        self._administrate().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            [make_url(url).database, but],
        )

    @contextmanager
    def out_of_order(self, url: str) -> Iterator[None]:
        """Block all connections to a database during the context."""
        name = str(make_url(url).database)
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        self.hang_up(url)
        yield
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)

    def close(self) -> None:
        """Hang up; the databases that are left go with the server."""
        for connection in (*self._cleaners.values(), self._connection):
            if connection is not None:
                connection.close()

    def _run(self, statement: str, *names: str) -> None:
        self._administrate().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _administrate(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self.cluster.connect()
        return self._connection
