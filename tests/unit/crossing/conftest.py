"""Fixtures for moves and copies between spaces: three users, and the mounts of one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.models import Batch, BatchItem, Node, Space, Version
from cabinet.services.accounts.account import Account
from cabinet.services.tree.mounts import Mounts
from tests.support.mounts import mount
from tests.support.services import Guest, Workbench, paths_of


@dataclass(frozen=True)
class Spaces:
    """Bob, who has a folder of alice and one of carol, and functions for their current state."""

    session: Session
    bench: Workbench
    alice: Account
    bob: Account
    carol: Account

    def behind(self, name: str) -> Guest:
        """Return bob behind one of his mounts."""
        return Guest(Mounts(self.session, self.bob.scope).place(name).scope)

    def all(self) -> tuple[object, ...]:
        """Return the content of all users, including the trash, and their usage."""
        self.session.rollback()
        self.session.expire_all()
        found: list[object] = []
        for user in (self.alice, self.bob, self.carol):
            space = self.session.get_one(Space, user.space_id)
            trash = self.bench.trash(self.session, user).list_page(100).entries
            found += [
                paths_of(self.session, self.bench, user),
                sorted(each.entry.path for each in trash),
                space.usage,
                space.entries,
            ]
        return tuple(found)

    def rows(self) -> list[int]:
        """Return how many nodes, versions, batches and items there are."""
        self.session.rollback()
        tables = (Node, Version, Batch, BatchItem)
        return [self.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


@pytest.fixture
def spaces(session: Session, bench: Workbench, alice: Account) -> Spaces:
    bob, carol = (bench.register(session, name) for name in ("bob", "carol"))
    for owner, path in ((alice, "work/shared/"), (bob, ""), (carol, "lib/")):
        bench.files(session, owner).make_folder(f"{path}t/empty")
        for name in ("t/sub/b", "t/a"):
            bench.upload(session, owner, path + name, f"{owner.username} {name}".encode())
        bench.upload(session, owner, f"{path}t/a", f"{owner.username} a".encode())
    mount(session, "alice", "work/shared", "bob", "Hers")
    mount(session, "carol", "lib", "bob", "Lib")
    return Spaces(session, bench, alice, bob, carol)


Ends = tuple[Callable[[Spaces], Guest], Callable[[Spaces], Guest]]


def own(spaces: Spaces) -> Guest:
    return Guest(spaces.bob.scope)


def hers(spaces: Spaces) -> Guest:
    return spaces.behind("Hers")


def lib(spaces: Spaces) -> Guest:
    return spaces.behind("Lib")


WAYS: list[Ends] = [(own, hers), (hers, own), (hers, lib)]
every_way = pytest.mark.parametrize(
    "ends", WAYS, ids=["out of the own space", "into the own space", "between two mounts"]
)


def below(spaces: Spaces, acting: Guest, path: str) -> list[str]:
    """Return the entry at a path and its descendants."""
    listed = spaces.bench.files(spaces.session, acting).list_below(path, 100, None).entries
    return [path, *(entry.path for entry in listed)]
