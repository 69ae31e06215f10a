"""Fixtures for mounts: a folder of alice in bob's root."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.services.accounts.accounts import Account
from cabinet.services.tree.mounts import Mounts, Place
from tests.support.mounts import mount
from tests.support.services import Workbench


@pytest.fixture
def mounted(session: Session, bench: Workbench, alice: Account, bob: Account) -> int:
    """Let bob have alice's folder `work/shared` as `Alice`, beside a file of his own; return the mount's row."""
    bench.upload(session, alice, "work/shared/sub/deep.txt", b"22")
    bench.upload(session, alice, "work/secret.txt", b"4444")
    bench.upload(session, bob, "own.txt", b"1")
    return mount(session, "alice", "work/shared", "bob", "Alice")


def place(session: Session, account: Account, path: str) -> Place:
    return Mounts(session, account.scope).place(path)
