"""Large copies by guests: a link gets back what a copy claimed that was not completed."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import FolderFull
from cabinet.models import Share, ShareKind
from cabinet.services.access.rights import Rights
from cabinet.services.accounts.account import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.recovery import Recovery
from cabinet.services.kernel.database import writing
from cabinet.services.maintenance.sweep import Housekeeping
from cabinet.services.shares.values import NewShare
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.link_rights import VIEW
from tests.support.audit import check_rows
from tests.support.services import ADDRESS, Guest, Workbench, usage_and_entries
from tests.support.small_steps import Killed
from tests.unit.building.conftest import WAYS, Copy, at_commit, copy_one
from tests.unit.shares.test_limits import KEEP


class Link:
    """A link to alice's folder `room`, and what has come in through it."""

    def __init__(self, session: Session, bench: Workbench, alice: Account) -> None:
        self.session = session
        made = bench.shares(session, alice).create(
            ["room"], NewShare(ShareKind.LINK, VIEW | Rights.WRITE), is_admin=False
        )
        assert made.token is not None
        self.id = made.id
        self.guest = Guest(bench.links(session).find(made.token, ADDRESS).scope)
        session.rollback()

    def used(self) -> tuple[int, int]:
        self.session.rollback()
        share = self.session.get_one(Share, self.id, populate_existing=True)
        return share.used_size, share.files


@pytest.fixture
def link(session: Session, bench: Workbench, alice: Account, before: list[str]) -> Link:
    """Return a link to everything that `before` created."""
    bench.moving(session, alice).move(["big", "other", "file"], "room/", OnConflict.FAIL)
    return Link(session, bench, alice)


@pytest.fixture
def ways(session: Session, bench: Workbench, link: Link) -> tuple[Moving, Bulk]:
    """Return the services of a guest."""
    return bench.moving(session, link.guest), bench.bulk(session, link.guest)


def kill(
    monkeypatch: pytest.MonkeyPatch,
    bench: Workbench,
    session: Session,
    at: int,
    copy: Copy,
    ways: tuple[Moving, Bulk],
) -> None:
    def die(number: int, _own: Session) -> None:
        if number == at:
            raise Killed

    with pytest.raises(Killed), at_commit(monkeypatch, bench, die):
        copy(*ways)
    session.rollback()


@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize("copy", WAYS)
def test_a_killed_copy_gives_back_what_it_claimed(
    bench: Workbench,
    session: Session,
    alice: Account,
    link: Link,
    ways: tuple[Moving, Bulk],
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    copy: Copy,
) -> None:
    usage, used = usage_and_entries(session, alice), link.used()
    kill(monkeypatch, bench, session, at, copy, ways)
    assert link.used() != used

    bench.clock.advance(minutes=2)
    Housekeeping(session, bench.store, bench.locker, bench.clock, KEEP).sweep()
    assert link.used() == used
    assert usage_and_entries(session, alice) == usage
    check_rows(session)


def test_a_completed_copy_counts(
    session: Session, alice: Account, link: Link, ways: tuple[Moving, Bulk]
) -> None:
    before, (size, files) = usage_and_entries(session, alice), link.used()
    copy_one(*ways)
    after = usage_and_entries(session, alice)

    assert link.used() == (size + after[0] - before[0], files + after[1] - before[1])


@pytest.mark.parametrize("copy", WAYS)
def test_a_copy_that_fails_gives_back_what_it_claimed(
    bench: Workbench,
    session: Session,
    link: Link,
    ways: tuple[Moving, Bulk],
    monkeypatch: pytest.MonkeyPatch,
    copy: Copy,
) -> None:
    with writing(session):
        session.get_one(Share, link.id).max_files = 30
    used = link.used()

    def take_room(number: int, own: Session) -> None:
        if number == 2:
            with writing(own):
                own.get_one(Share, link.id).max_files = 1

    with pytest.raises(FolderFull), at_commit(monkeypatch, bench, take_room):
        copy(*ways)
    assert link.used() == used
    check_rows(session)


def test_a_link_that_is_gone_does_not_keep_a_copy(
    bench: Workbench,
    session: Session,
    alice: Account,
    link: Link,
    ways: tuple[Moving, Bulk],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage = usage_and_entries(session, alice)
    kill(monkeypatch, bench, session, 3, copy_one, ways)
    with writing(session):
        session.delete(session.get_one(Share, link.id))
    bench.clock.advance(minutes=2)

    assert Recovery(session, bench.clock).recover() == 1
    assert usage_and_entries(session, alice) == usage
    check_rows(session)
