"""A PostgreSQL server of the tests' own, which gives every instance folder a database of its own.

Rule: one server a run, for all its processes: unprivileged, on a socket in a scratch folder, and
gone with the process that started it, however that one ends. Without PostgreSQL nothing is
skipped; the run does not begin.
"""

from __future__ import annotations

import getpass
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
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

# Who is left of the account that Debian's package makes, on a machine where another one packed it.
UNPRIVILEGED = ("postgres", "nobody")

# The server's administrator, and the role that the application signs in as: it owns its databases,
# and may do nothing else.
ADMINISTRATOR = "postgres"
OWNER = "cabinet"

# For tables that grow; seconds from one database of the server to the next.
VACUUMED = {"autovacuum": "on", "autovacuum_naptime": "5"}

# Nothing of it outlives the run, so nothing is synced. The rest is foreign on purpose, and has to
# make no difference: the zone of the server, and a collation that has another order than bytes.
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

# Runs the server until the pipe on standard input ends: the kernel closes it for whoever holds the
# other end, even if that one is killed. Then the folder goes too.
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
    """Run a server for as long as the context, or the process, lasts.

    With `grows` it keeps the statistics of tables that become large, as a server in production does:
    without them every look-up among the items of a batch reads all of them.
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
    """Return whom the server runs as, for it refuses to be root; None when nobody has to change."""
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
    """Make a folder, in memory where the other folders of tests are, whose path a socket can have."""
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


class Databases:
    """Gives each instance folder a database, a copy of `template`, in one of the processes that test."""

    def __init__(self, cluster: Cluster, template: str, prefix: str) -> None:
        self.cluster = cluster
        self._template = template
        self._names = (f"{prefix}_{number}" for number in itertools.count())
        self._given: dict[Path, str] = {}
        self._connection: psycopg.Connection[Any] | None = None

    def url_for(self, instance: Path, template: str | None = None) -> str:
        """Return the URL of the database of `instance`; it is made when first asked for."""
        if instance not in self._given:
            self._given[instance] = self.create(template)
        return self.cluster.url(self._given[instance])

    def create(self, template: str | None = None) -> str:
        """Make a database, and return its name."""
        name = next(self._names)
        self._run(
            "CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}",
            name, OWNER, template or self._template, "file_copy",
        )  # fmt: skip
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def drop_below(self, folder: Path) -> None:
        """Remove the databases of all instances in `folder`."""
        for instance in [instance for instance in self._given if instance.is_relative_to(folder)]:
            self.drop(self._given.pop(instance))

    def hang_up(self, url: str) -> None:
        """End all connections to a database, as a server does that is started anew."""
        self._administrate().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [make_url(url).database],
        )

    @contextmanager
    def out_of_order(self, url: str) -> Iterator[None]:
        """Let nobody reach a database for as long as the context lasts."""
        name = str(make_url(url).database)
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        self.hang_up(url)
        yield
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)

    def close(self) -> None:
        """Hang up; the databases that are left go with the server."""
        if self._connection is not None:
            self._connection.close()

    def _run(self, statement: str, *names: str) -> None:
        self._administrate().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _administrate(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self.cluster.connect()
        return self._connection
