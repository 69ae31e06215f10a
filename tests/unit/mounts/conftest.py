"""Fixtures for mounts: a folder of alice in bob's root."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.services.accounts.account import Account
from cabinet.services.tree.mounts import Mounts, Place
from tests.support.mounts import mount
from tests.support.services import Workbench


@pytest.fixture
def mounted(session: Session, bench: Workbench, alice: Account, bob: Account) -> int:
    """Mount alice's folder `work/shared` as `Alice` for bob, who also has a file; return the mount's row."""
    bench.upload(session, alice, "work/shared/sub/deep.txt", b"22")
    bench.upload(session, alice, "work/secret.txt", b"4444")
    bench.upload(session, bob, "own.txt", b"1")
    return mount(session, "alice", "work/shared", "bob", "Alice")


def place(session: Session, account: Account, path: str) -> Place:
    return Mounts(session, account.scope).place(path)
