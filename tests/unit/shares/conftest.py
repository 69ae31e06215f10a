"""Fixtures for links: alice's files, and what a guest of a link of hers may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cabinet.services.access.rights import Rights
from cabinet.services.accounts.account import Account
from cabinet.services.shares.links import Link
from cabinet.services.shares.policy import SharePolicy
from cabinet.services.shares.values import NewShare, ShareInfo
from cabinet.services.tree.link_rights import VIEW
from cabinet.services.tree.paging import Order
from tests.support.services import ADDRESS, POLICY, Guest, Workbench

EDIT = VIEW | Rights.WRITE
FILES = {
    "work/shared/a.txt": b"1",
    "work/shared/sub/deep.txt": b"22",
    "work/secret.txt": b"4444",
    "other/a.txt": b"55555",
    "top.txt": b"666666",
}


@pytest.fixture
def owner(session: Session, bench: Workbench, alice: Account) -> Account:
    """Return alice, with some files."""
    for path, content in FILES.items():
        bench.upload(session, alice, path, content)
    return alice


class Sharing:
    """Makes links of one user and opens them."""

    def __init__(self, session: Session, bench: Workbench, user: Account) -> None:
        self.session = session
        self.bench = bench
        self.user = user

    def share(self, *paths: str, policy: SharePolicy = POLICY, **wanted: Any) -> ShareInfo:
        """Make a link to these paths."""
        service = self.bench.shares(self.session, self.user, policy)
        return service.create(paths, NewShare(**wanted), is_admin=False)

    def find(self, made: ShareInfo, address: str = ADDRESS) -> Link:
        """Open a link as a guest does."""
        assert made.token is not None
        return self.bench.links(self.session).find(made.token, address)

    def guest(self, *paths: str, **wanted: Any) -> Guest:
        """Return a guest of a new link."""
        return Guest(self.find(self.share(*paths, **wanted)).scope)

    def info(self, made: ShareInfo) -> ShareInfo:
        """Return the present state of a link."""
        self.session.rollback()
        self.session.expire_all()
        return self.bench.shares(self.session, self.user).get(made.id)


@pytest.fixture
def sharing(session: Session, bench: Workbench, owner: Account) -> Sharing:
    """Return what makes links of alice's."""
    return Sharing(session, bench, owner)


def names_of(session: Session, bench: Workbench, guest: Guest, path: str = "") -> Sequence[str]:
    """Return the paths in a folder of a guest."""
    return [entry.path for entry in bench.files(session, guest).list_page(path, Order(), 100).entries]
