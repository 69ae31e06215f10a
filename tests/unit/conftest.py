"""The workbench of the service tests, and the services for alice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cabinet.services.accounts.account import Account
from cabinet.services.accounts.accounts import Accounts
from cabinet.services.accounts.sessions import Sessions
from cabinet.services.accounts.tokens import Tokens
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.files import Files
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.trash import Trash
from tests.support.services import Workbench, workbench

USERS = ("alice", "bob")


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    """Return a database, a store and a clock of this test's own, and on it those of alice and bob who act."""
    with workbench(tmp_path, tuple(name for name in USERS if name in request.fixturenames)) as made:
        yield made


@pytest.fixture
def session(bench: Workbench) -> Iterator[Session]:
    """Return a session on the bench's database."""
    with bench.session() as opened:
        yield opened


@pytest.fixture
def alice(session: Session, bench: Workbench) -> Account:
    """Return the account of a user with nothing."""
    return bench.accounts(session).find("alice")


@pytest.fixture
def bob(session: Session, bench: Workbench) -> Account:
    """Return the account of another user."""
    return bench.accounts(session).find("bob")


@pytest.fixture
def accounts(session: Session, bench: Workbench) -> Accounts:
    return bench.accounts(session)


@pytest.fixture
def sessions(session: Session, bench: Workbench) -> Sessions:
    return Sessions(session, bench.clock)


@pytest.fixture
def tokens(session: Session, bench: Workbench) -> Tokens:
    return Tokens(session, bench.clock)


@pytest.fixture
def files(session: Session, bench: Workbench, alice: Account) -> Files:
    return bench.files(session, alice)


@pytest.fixture
def moving(session: Session, bench: Workbench, alice: Account) -> Moving:
    return bench.moving(session, alice)


@pytest.fixture
def bulk(session: Session, bench: Workbench, alice: Account) -> Bulk:
    return bench.bulk(session, alice)


@pytest.fixture
def trash(session: Session, bench: Workbench, alice: Account) -> Trash:
    return bench.trash(session, alice)
