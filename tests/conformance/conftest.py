"""The store under test, once for every backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from cabinet.storage.blobs import BlobStore, open_store
from tests.support.backends import BACKENDS_UNDER_TEST, Backend


@pytest.fixture(params=sorted(BACKENDS_UNDER_TEST))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Return an empty place of each backend in turn."""
    return BACKENDS_UNDER_TEST[request.param](tmp_path)


@pytest.fixture
def store(backend: Backend) -> BlobStore:
    """Return an empty store of each backend in turn."""
    return open_store(backend.url)
