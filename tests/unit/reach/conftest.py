"""Fixtures for the reach of folders: a user with services, and the ways to relocate a folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Kind, Node
from cabinet.services.accounts.account import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.files import Files
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.tree import Tree
from tests.support.audit import check_rows
from tests.support.services import Workbench, paths_of

# A name that takes much of the room that a path has.
FAR = "f" * 100
INSIDE = ["0", "1", "2"]


class Person:
    """A user with services."""

    def __init__(self, session: Session, bench: Workbench, account: Account) -> None:
        self.session = session
        self.bench = bench
        self.account = account
        self.files: Files = bench.files(session, account)
        self.moving: Moving = bench.moving(session, account)
        self.trash: Trash = bench.trash(session, account)
        self.bulk: Bulk = bench.bulk(session, account)

    def paths(self) -> list[str]:
        return paths_of(self.session, self.bench, self.account)

    def make_many(self, path: str) -> None:
        """Create a folder with more nodes than a transaction examines."""
        self.files.make_folders([f"{path}/{name}" for name in INSIDE])

    def overestimate_reach(self, name: str = "many") -> None:
        """Let a folder be noted to reach as far as something that has been taken out of it did."""
        with writing(self.session):
            tree = Tree(self.session, self.account.scope)
            here = select(Node).where(Node.name == name, Node.space_id == self.account.space_id)
            for node in self.session.scalars(here.where(Node.kind == Kind.FOLDER)):
                node.below_bytes, node.below_segments = 1990, 10
                tree.extend_reach(tree.parent(node), node)

    def all_trashed(self) -> list[str]:
        return [found.id for found in self.trash.list_page(100).entries]


@pytest.fixture
def person(session: Session, bench: Workbench, alice: Account) -> Iterator[Person]:
    yield Person(session, bench, alice)
    check_rows(session)


def long_path(size: int) -> str:
    """Return a path with this number of bytes."""
    names = ["d" * 200] * (size // 201)
    rest = size - sum(len(name) + 1 for name in names)
    return "/".join([*names, "e" * rest]) if rest else "/".join([*names[:-1], "d" * 199, "e"])


def all_of(folder: str, count: int) -> FolderSelection:
    return FolderSelection(folder, frozenset(), count)


def move(person: Person) -> None:
    person.moving.move(["many"], f"{FAR}/", OnConflict.FAIL)


def copy(person: Person) -> None:
    person.moving.copy(["many"], f"{FAR}/", OnConflict.FAIL)


def restore(person: Person) -> None:
    person.trash.restore_all(person.all_trashed())


def move_all(person: Person) -> None:
    person.bulk.move(all_of("from", 1), f"{FAR}/", OnConflict.FAIL)


def copy_all(person: Person) -> None:
    person.bulk.copy(all_of("from", 1), f"{FAR}/", OnConflict.FAIL)


def restore_all(person: Person) -> None:
    person.bulk.restore(TrashSelection(frozenset(), 1), OnConflict.FAIL)
