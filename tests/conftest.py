"""Fixtures for all tests.

Rule: a fixture gives a test its own instance folder, and leaves no process, connection or file. Functions that
tests call by name are imported from tests.support; there is no __init__.py below tests.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from cabinet import create_app
from tests.support import database_under_test, preloaded, statement_cover
from tests.support.assets import read_assets_once
from tests.support.auth import AuthActions
from tests.support.database_under_test import with_database
from tests.support.partial_coverage import remove_partial_files
from tests.support.postgresql import Cluster, Databases, running_cluster
from tests.support.revisions import load_migrations_once
from tests.support.routes import compile_routes_once
from tests.support.servers import FAST, Server, development_command, production_command, running
from tests.support.shards import remove_empty_shards
from tests.support.statements import compile_once
from tests.support.templates import COMPILED_TEMPLATES
from tests.support.waiting import PATIENCE

# Every upload and commit of a test is really synced. In memory that costs nothing, on the disk of a busy
# machine a second each; what is tested is the order of the calls. A container may have too little memory for
# it (in bytes; all workers together use far less), or not allow programs there.
MEMORY = Path("/dev/shm")
ENOUGH = 4 << 30
if (
    os.access(MEMORY, os.W_OK)
    and shutil.disk_usage(MEMORY).free >= ENOUGH
    and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# A shell that starts something in the background lets it ignore Ctrl-C, and all its children after
# it; some tests are about Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MakeApp = Callable[..., Flask]

# No deadline: two cores are shared with other processes. No database: tests leave nothing behind. `make test`
# tries the same examples every time, so that only changes can make it fail; the long tests try new ones, and more.
ANEW = settings(deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("anew", ANEW)
settings.register_profile("the same", ANEW, derandomize=True, max_examples=40)
settings.load_profile("the same")

# Until the tests run: all modules and tests live as long as the run.
gc.disable()

compile_routes_once()
read_assets_once()
load_migrations_once()


# Of the PostgreSQL server of this run: its folder, and the name of the database to copy.
SHARED = pytest.StashKey[tuple[Path, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=database_under_test.CHOICES,
        default="sqlite",
        help="what the applications and servers of the tests keep their rows in",
    )
    parser.addoption("--statements", help="a folder to write the statements of each test to")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the examples; start the PostgreSQL server of a run, if asked for, which its processes share."""
    preloaded.begin()
    config.add_cleanup(preloaded.end)
    is_long = "not long" not in config.getoption("markexpr")
    if is_long:
        settings.load_profile("anew")
    if config.getoption("database") != "postgresql":
        return
    worker: Mapping[str, Any] = getattr(config, "workerinput", {})
    if folder := config.getoption("statements"):
        config.pluginmanager.register(statement_cover.Recorder(Path(folder), worker.get("workerid", "main")))
    if worker:
        config.stash[SHARED] = Path(worker["cluster"]), worker["template"]
    else:
        resources = ExitStack()
        config.add_cleanup(resources.close)
        cluster = resources.enter_context(running_cluster(grows=is_long))
        config.stash[SHARED] = cluster.folder, database_under_test.make_template(cluster)
    folder, template = config.stash[SHARED]
    databases = Databases(Cluster(folder), template, worker.get("workerid", "main"))
    config.add_cleanup(databases.close)
    database_under_test.use_databases(databases)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the address of the server to a process of pytest-xdist."""
    folder, template = node.config.stash.get(SHARED, (None, None))
    node.workerinput |= {"cluster": str(folder), "template": template}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests to run on each kind of database; deselect those of another kind than this one.

    Of a test that is marked for its fixtures, the first set of parameters is enough: the others send the same
    statements with other values. A test whose parameters are other statements has the mark itself. Tests whose
    statements others send (`tests/support/statement_cover.txt`) are marked, too.
    """
    other = set(database_under_test.CHOICES) - {config.getoption("database")}
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in other)]
    marked: set[str] = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if item.get_closest_marker("postgresql"):
            item.add_marker("database")
        elif test not in marked and database_under_test.needs_database(item):
            item.add_marker("database")
            marked.add(test)
        if test in statement_cover.repeated():
            item.add_marker("repeated")
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[Any]:
    """Collect garbage except modules and tests; remove incomplete data before coverage is combined.

    Modules and tests live until the end of the run: scanning them again and again takes a fifth of its time.
    pytest-cov combines the coverage in a wrapper around this one.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()
    result = yield
    if not hasattr(session.config, "workerinput"):
        remove_partial_files(session.config.rootpath)
    return result


class StartProduction(Protocol):
    """Start gunicorn as `make serve` does, with settings of the application and further arguments."""

    def __call__(
        self, settings: Mapping[str, Any] | None = None, *, workers: int = 1, arguments: tuple[str, ...] = ()
    ) -> Server: ...


class StartDevelopment(Protocol):
    """Start Flask's server as `make run` does, with settings of the application."""

    def __call__(self, settings: Mapping[str, Any] | None = None) -> Server: ...


@pytest.fixture(autouse=True)
def _databases_of_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Remove the databases of the test's folder at the end of the test."""
    databases = database_under_test.current_databases()
    folder = request.getfixturevalue("tmp_path") if databases and "tmp_path" in request.fixturenames else None
    yield
    if databases and folder:
        databases.take_back_below(folder)


@pytest.fixture
def first_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the applications of a test create their whole instance themselves."""
    monkeypatch.setattr(database_under_test, "start_migrated", lambda _: None)


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Build applications on one instance folder, with settings as keywords."""
    from cabinet.extensions import db
    from cabinet.jobs import job_threads_of

    built: list[Flask] = []

    def make(**changed: Any) -> Flask:
        settings = {"INSTANCE": tmp_path / "instance", "TESTING": True, **FAST, **changed}
        if "DATABASE_URL" not in settings:
            database_under_test.start_migrated(Path(settings["INSTANCE"]))
        app = create_app(with_database(settings))
        app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
        with app.app_context():
            compile_once(db.engine, "migrations")
        built.append(app)
        return app

    yield make
    for app in built:
        job_threads_of(app).stop()
        assert job_threads_of(app).join(PATIENCE), "a job goes on"
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        if Path(app.instance_path).is_relative_to(tmp_path):  # else a server may still use it
            remove_empty_shards(Path(app.instance_path))


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """Return an application with an instance folder of its own."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser-like client of `app`: it keeps cookies."""
    return app.test_client()


@pytest.fixture
def auth(client: FlaskClient) -> AuthActions:
    """Return a function that signs `client` in."""
    return AuthActions(client)


@pytest.fixture
def start_production(tmp_path: Path) -> Iterator[StartProduction]:
    """Start production servers, all on one instance folder, and end them after the test."""
    with ExitStack() as servers:

        def start(
            settings: Mapping[str, Any] | None = None, *, workers: int = 1, arguments: tuple[str, ...] = ()
        ) -> Server:
            command = production_command(workers, *arguments)
            return servers.enter_context(running(command, tmp_path, settings or {}))

        yield start


@pytest.fixture
def production_server(start_production: StartProduction) -> Server:
    """Return a running production server with one worker."""
    return start_production()


@pytest.fixture
def start_development(tmp_path: Path) -> Iterator[StartDevelopment]:
    """Start development servers, all on one instance folder, and end them after the test."""
    with ExitStack() as servers:

        def start(settings: Mapping[str, Any] | None = None) -> Server:
            return servers.enter_context(running(development_command(), tmp_path, settings or {}))

        yield start


@pytest.fixture
def development_server(start_development: StartDevelopment) -> Server:
    """Return a running development server."""
    return start_development()
