"""The workbench of the services' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cabinet.services.accounts.accounts import Account
from tests.support.services import Workbench, workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a database, a store and a clock of this test's own."""
    with workbench(tmp_path) as made:
        yield made


@pytest.fixture
def session(bench: Workbench) -> Iterator[Session]:
    """Return a session on the bench's database."""
    with bench.session() as opened:
        yield opened


@pytest.fixture
def alice(session: Session, bench: Workbench) -> Account:
    """Return the account of a user with nothing."""
    return bench.register(session, "alice")
