"""Every verb of the services asks for its rights, in a folder and in a whole space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, Forbidden
from cabinet.models import BatchKind
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.paging import Order
from cabinet.services.uploads.uploads import ExpectedContent
from tests.support.audit import check_rows
from tests.support.resumable import part, plan
from tests.support.services import Guest, Workbench
from tests.unit.scopes.conftest import limited


@dataclass
class Operations:
    """All operations of the services, each as one call."""

    session: Session
    bench: Workbench
    acting: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bench, name)(self.session, self.acting)


_ALL_OF_SUB = FolderSelection("sub", frozenset(), 2)
_FAIL = OnConflict.FAIL

# What each verb needs, as the design has it.
DOORS: dict[str, tuple[Rights, Callable[[Operations], object]]] = {
    "get": (Rights.LIST, lambda to: to.files.get("inside.txt")),
    "look up": (Rights.LIST, lambda to: to.files.look_up(["inside.txt"])),
    "list": (Rights.LIST, lambda to: to.files.list_page("", Order(), 10)),
    "list below": (Rights.LIST, lambda to: to.files.list_below("", 10, None)),
    "search": (Rights.LIST, lambda to: to.search.page("inside", "", 10)),
    "zip": (Rights.READ, lambda to: to.zipping.zip([""])),
    "zip all": (Rights.READ, lambda to: to.zipping.zip_all(_ALL_OF_SUB)),
    "make a folder": (Rights.WRITE, lambda to: to.files.make_folder("new")),
    "make folders": (Rights.WRITE, lambda to: to.files.make_folders(["new"])),
    "check an upload": (Rights.WRITE, lambda to: to.uploads.check_room_for_all(1)),
    "begin an upload": (Rights.WRITE, lambda to: to.uploads.begin(ExpectedContent(1)).__enter__()),
    "upload": (Rights.WRITE, lambda to: to.bench.upload(to.session, to.acting, "new", b"x")),
    "begin a resumable upload": (Rights.WRITE, lambda to: to.resumable.begin(plan(3, "new"))),
    "list uploads": (Rights.WRITE | Rights.LIST, lambda to: to.resumable.list_unfinished()),
    "ask for an upload": (Rights.WRITE, lambda to: to.resumable.get("0" * 32)),
    "continue an upload": (Rights.WRITE, lambda to: to.resumable.append("0" * 32, part(b"x"))),
    "cancel an upload": (Rights.WRITE, lambda to: to.resumable.cancel("0" * 32)),
    "join uploads": (Rights.WRITE, lambda to: to.resumable.join(plan(None, "new"), ["0" * 32])),
    "copy": (Rights.READ | Rights.WRITE, lambda to: to.moving.copy(["inside.txt"], "sub/", _FAIL)),
    "copy all": (Rights.READ | Rights.WRITE, lambda to: to.bulk.copy(_ALL_OF_SUB, "", _FAIL)),
    "replace": (CHANGE, lambda to: to.bench.upload(to.session, to.acting, "inside.txt", b"x")),
    "replace by a copy": (
        CHANGE | Rights.READ, lambda to: to.moving.copy(["sub/deep.txt"], "inside.txt", OnConflict.REPLACE)
    ),
    "rename": (CHANGE, lambda to: to.moving.rename("inside.txt", "new", _FAIL)),
    "move": (CHANGE, lambda to: to.moving.move(["inside.txt"], "sub/", _FAIL)),
    "move all": (CHANGE | Rights.LIST, lambda to: to.bulk.move(_ALL_OF_SUB, "", _FAIL)),
    "trash": (CHANGE, lambda to: to.files.trash("inside.txt")),
    "trash some": (CHANGE, lambda to: to.trash.add(["inside.txt"])),
    "trash all": (CHANGE | Rights.LIST, lambda to: to.bulk.trash(_ALL_OF_SUB)),
    "undo": (CHANGE, lambda to: to.bulk.undo("0" * 32, {BatchKind.TRASH})),
    "restore": (CHANGE, lambda to: to.trash.restore("0" * 32)),
    "versions": (CHANGE | Rights.READ, lambda to: to.versions.list("inside.txt")),
    "an old version": (CHANGE | Rights.READ, lambda to: to.versions.get("inside.txt", 1)),
    "restore a version": (CHANGE, lambda to: to.versions.restore("inside.txt", 1)),
}  # fmt: skip

# And operations that a folder scope never permits.
WHOLE: dict[str, tuple[Rights, Callable[[Operations], object]]] = {
    "list the trash": (CHANGE | Rights.LIST, lambda to: to.trash.list_page(10)),
    "look up in the trash": (CHANGE | Rights.LIST, lambda to: to.trash.look_up(["0" * 32])),
    "count the trash": (CHANGE | Rights.LIST, lambda to: to.trash.count()),
    "restore all": (CHANGE, lambda to: to.bulk.restore(TrashSelection(frozenset(), 0), _FAIL)),
    "purge": (Rights.PURGE, lambda to: to.files.purge("secret.txt")),
    "purge from the trash": (Rights.PURGE, lambda to: to.trash.purge("0" * 32)),
    "empty the trash": (Rights.PURGE, lambda to: to.trash.empty()),
    "purge all": (Rights.PURGE, lambda to: to.bulk.purge(TrashSelection(frozenset(), 0))),
    "purge a batch": (Rights.PURGE, lambda to: to.bulk.purge_batch("0" * 32)),
    "discard a version": (Rights.PURGE, lambda to: to.versions.discard("secret.txt", 7)),
}


@pytest.mark.parametrize("verb", DOORS)
def test_a_verb_needs_exactly_its_rights(session: Session, bench: Workbench, guest: Guest, verb: str) -> None:
    needed, use = DOORS[verb]

    for missing in needed:
        with pytest.raises(Forbidden):
            use(Operations(session, bench, limited(guest, ALL & ~missing)))
    _passes(lambda: use(Operations(session, bench, limited(guest, needed))))
    check_rows(session)


@pytest.mark.parametrize("verb", WHOLE)
def test_owner_operations_are_refused_in_a_folder_scope_and_without_the_right(
    session: Session, bench: Workbench, alice: Account, guest: Guest, verb: str
) -> None:
    needed, use = WHOLE[verb]
    whole = Guest(alice.scope)

    with pytest.raises(Forbidden):
        use(Operations(session, bench, guest))
    for missing in needed:
        with pytest.raises(Forbidden):
            use(Operations(session, bench, limited(whole, ALL & ~missing)))
    _passes(lambda: use(Operations(session, bench, limited(whole, needed))))


def _passes(use: Callable[[], object]) -> None:
    """Fail if it is refused for a right; what it asks for may not be there."""
    try:
        use()
    except Forbidden:
        pytest.fail("it was refused")
    except CabinetError:
        pass


def test_an_anonymous_guest_sees_no_versions(session: Session, bench: Workbench, guest: Guest) -> None:
    anonymous = Guest(Scope(Actor(None), guest.scope.space_id, guest.scope.root_id, ALL))

    for use in (
        lambda: bench.versions(session, anonymous).list("inside.txt"),
        lambda: bench.versions(session, anonymous).get("inside.txt", 1),
        lambda: bench.versions(session, anonymous).restore("inside.txt", 1),
    ):
        with pytest.raises(Forbidden):
            use()
