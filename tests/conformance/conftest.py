"""The store under test, for every backend; the database of an instance; servers for tus."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cabinet.serving import preparing
from cabinet.storage.protocols import ResumableStore
from tests.support.backends import BACKENDS_UNDER_TEST, Backend
from tests.support.database_under_test import current_databases
from tests.support.databases import MIGRATIONS, Database
from tests.support.servers import EITHER_SERVER, Server, development_command, production_command, running
from tests.support.tus import Tus, new_account


@pytest.fixture(params=sorted(BACKENDS_UNDER_TEST))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Return an empty place of each backend in turn."""
    return BACKENDS_UNDER_TEST[request.param](tmp_path)


@pytest.fixture
def store(backend: Backend) -> ResumableStore:
    """Return an empty store of each backend in turn."""
    return backend.open()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return the URL of the database of the test's applications."""
    databases = current_databases()
    return databases.url_for(tmp_path / "instance") if databases else tmp_path / "instance" / "cabinet.db"


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the migrations, which the application takes for its own."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(preparing, "find_migrations", lambda: folder)
    return folder


@pytest.fixture(scope="session")
def tus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with two workers that tests share, each as a user of its own."""
    with running(production_command(2), tmp_path_factory.mktemp("tus"), {}) as started:
        yield started


@pytest.fixture
def tus(tus_server: Server) -> Tus:
    """Return a new user of the shared server."""
    return new_account(tus_server)


@pytest.fixture(scope="session", params=EITHER_SERVER)
def either_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return the server of production and that of development in turn."""
    if request.param == "gunicorn":
        yield request.getfixturevalue("tus_server")
        return
    with running(development_command(), tmp_path_factory.mktemp("tus"), {}) as started:
        yield started


@pytest.fixture
def either(either_server: Server) -> Tus:
    """Return a new user of either server."""
    return new_account(either_server)
