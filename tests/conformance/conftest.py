"""The store under test, once for every backend; and the database of an instance, with its migrations."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cabinet import serving
from cabinet.storage.blobs import BlobStore, open_store
from tests.support.backends import BACKENDS_UNDER_TEST, Backend
from tests.support.databases import MIGRATIONS


@pytest.fixture(params=sorted(BACKENDS_UNDER_TEST))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Return an empty place of each backend in turn."""
    return BACKENDS_UNDER_TEST[request.param](tmp_path)


@pytest.fixture
def store(backend: Backend) -> BlobStore:
    """Return an empty store of each backend in turn."""
    return open_store(backend.url)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return where the database of the test's applications lies."""
    return tmp_path / "instance" / "cabinet.db"


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the migrations, which the application takes for its own."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(serving, "find_migrations", lambda: folder)
    return folder
