"""Fixtures that every folder of tests may ask for.

Rule: a fixture gives a test its own instance folder, and leaves no process, connection or file
behind. What tests call by name is imported from tests.support; there is no __init__.py below tests.
"""

from __future__ import annotations

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
from tests.support import chosen_database
from tests.support.auth import AuthActions
from tests.support.chosen_database import with_database
from tests.support.halves import forget_halves
from tests.support.postgresql import Cluster, Databases, running_cluster
from tests.support.routes import compile_routes_once
from tests.support.servers import FAST, Server, development_command, production_command, running
from tests.support.templates import COMPILED_TEMPLATES
from tests.support.waiting import PATIENCE

# Every upload and every commit of a test is synced for real. In memory that costs nothing, on the
# disk of a busy machine a second each; what is tested is the order of the calls. A container may
# have too little of it (bytes: all workers together stay far below), or let no program start there.
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

# No deadline: two cores are shared with other processes. No database: tests leave nothing behind.
# `make test` tries the same examples every time, so that it fails for what was changed alone; new
# ones are for whoever has asked for the long tests.
ANEW = settings(deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("anew", ANEW)
settings.register_profile("the same", ANEW, derandomize=True)
settings.load_profile("the same")

compile_routes_once()


# Of the PostgreSQL server of this run: its folder, and the name of the database to copy.
SHARED = pytest.StashKey[tuple[Path, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=chosen_database.CHOICES,
        default="sqlite",
        help="what the applications and servers of the tests keep their rows in",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the examples; start the PostgreSQL server of a run, if asked for, which its processes share."""
    is_long = "not long" not in config.getoption("markexpr")
    if is_long:
        settings.load_profile("anew")
    if config.getoption("database") != "postgresql":
        return
    worker: Mapping[str, Any] = getattr(config, "workerinput", {})
    if worker:
        config.stash[SHARED] = Path(worker["cluster"]), worker["template"]
    else:
        resources = ExitStack()
        config.add_cleanup(resources.close)
        cluster = resources.enter_context(running_cluster(grows=is_long))
        config.stash[SHARED] = cluster.folder, chosen_database.make_template(cluster)
    folder, template = config.stash[SHARED]
    databases = Databases(Cluster(folder), template, worker.get("workerid", "main"))
    config.add_cleanup(databases.close)
    chosen_database.use(databases)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process of pytest-xdist where the server is."""
    folder, template = node.config.stash.get(SHARED, (None, None))
    node.workerinput |= {"cluster": str(folder), "template": template}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what a database plays a part in; leave out what is about another database than this one."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if chosen_database.plays_a_part(fixtures) and not item.get_closest_marker("any_database"):
            item.add_marker("database")
    other = set(chosen_database.CHOICES) - {config.getoption("database")}
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[Any]:
    """Before coverage is put together, which pytest-cov does round this, remove what was cut off."""
    result = yield
    if not hasattr(session.config, "workerinput"):
        forget_halves(session.config.rootpath)
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
    """Remove the databases of the test's folder when all else of the test has ended."""
    databases = chosen_database.chosen()
    folder = request.getfixturevalue("tmp_path") if databases and "tmp_path" in request.fixturenames else None
    yield
    if databases and folder:
        databases.drop_below(folder)


@pytest.fixture
def first_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the applications of a test make all of their instance themselves."""
    monkeypatch.setattr(chosen_database, "start_migrated", lambda _: None)


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Build applications on one instance folder, with settings as keywords."""
    from cabinet.extensions import db
    from cabinet.jobs import job_threads_of

    built: list[Flask] = []

    def make(**changed: Any) -> Flask:
        settings = {"INSTANCE": tmp_path / "instance", "TESTING": True, **FAST, **changed}
        if "DATABASE_URL" not in settings:
            chosen_database.start_migrated(Path(settings["INSTANCE"]))
        app = create_app(with_database(settings))
        app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
        built.append(app)
        return app

    yield make
    for app in built:
        job_threads_of(app).stop()
        assert job_threads_of(app).join(PATIENCE), "a job goes on"
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


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
    """Return what makes `client` somebody."""
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
