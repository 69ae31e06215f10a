"""Fixtures for a scope that begins at a folder: its files, files outside of it, and a guest."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Node
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from tests.support.services import Guest, Workbench

SHARED = {"inside.txt": b"1", "sub/deep.txt": b"22", "sub/more.txt": b"333"}
OUTSIDE = {"secret.txt": b"4444", "other/inside.txt": b"55555"}


@pytest.fixture
def root(session: Session, bench: Workbench, alice: Account) -> int:
    """Return the row of a folder of alice's, with something in it and something beside it."""
    for path, content in OUTSIDE.items():
        bench.upload(session, alice, path, content)
    for path, content in SHARED.items():
        bench.upload(session, alice, f"work/shared/{path}", content)
    return session.scalars(select(Node.id).where(Node.name == "shared")).one()


@pytest.fixture
def guest(alice: Account, bob: Account, root: int) -> Guest:
    """Return bob with access to that folder only."""
    return Guest(Scope(Actor(bob.id), alice.space_id, root, ALL))


def limited(guest: Guest, granted: Rights) -> Guest:
    scope = guest.scope
    return Guest(Scope(scope.actor, scope.space_id, scope.root_id, granted))
