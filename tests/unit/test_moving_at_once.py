"""Concurrent changes of one tree: serialized on every database, and never half done."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cabinet.errors import IntoItself, NotFound, QuotaExceeded
from cabinet.services.accounts.account import Account
from cabinet.services.tree.entries import OnConflict
from tests.support.audit import check_rows
from tests.support.services import Action, Workbench, at_once, paths_of

CONTENT = b"the content"


def test_an_entry_moved_concurrently_has_one_place(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "x", CONTENT)
    session.rollback()

    def move(to: str) -> Action:
        return lambda own: bench.moving(own, alice).move(["x"], to, OnConflict.FAIL)

    outcomes = at_once(bench, [move(f"to/{number}") for number in range(6)])

    assert (outcomes.count(None), outcomes.count(NotFound)) == (1, 5)
    assert len(paths_of(session, bench, alice)) == 2
    check_rows(session)


def test_two_folders_are_not_moved_into_each_other(
    session: Session, bench: Workbench, alice: Account
) -> None:
    for number in range(5):
        bench.files(session, alice).make_folders([f"{number}/a", f"{number}/b"])
        session.rollback()

        def move(source: str, to: str) -> Action:
            return lambda own: bench.moving(own, alice).move([source], to, OnConflict.FAIL)

        one, other = f"{number}/a", f"{number}/b"
        outcomes = at_once(bench, [move(one, f"{other}/"), move(other, f"{one}/")])

        # The second finds the other folder gone from where it was, and makes one of that name.
        assert set(outcomes) <= {None, IntoItself, NotFound}
        assert None in outcomes
        check_rows(session)


def test_an_entry_restored_concurrently_exists_once(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "x", CONTENT)
    bench.files(session, alice).trash("x")
    (found,) = bench.trash(session, alice).list_page(10).entries
    session.rollback()

    def restore(own: Session) -> object:
        return bench.trash(own, alice).restore(found.id, OnConflict.RENAME)

    def purge(own: Session) -> None:
        bench.trash(own, alice).purge(found.id)

    outcomes = at_once(bench, [restore, purge, restore, purge])

    assert (outcomes.count(None), outcomes.count(NotFound)) == (1, 3)
    assert len(paths_of(session, bench, alice)) <= 1
    check_rows(session)


def test_concurrent_copies_do_not_exceed_the_quota(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=35)
    bench.upload(session, bob, "x", bytes(10))
    session.rollback()

    def copy(own: Session) -> object:
        return bench.moving(own, bob).copy(["x"], "", OnConflict.RENAME)

    outcomes = at_once(bench, [copy] * 6)

    assert (outcomes.count(None), outcomes.count(QuotaExceeded)) == (2, 4)
    assert sorted(paths_of(session, bench, bob)) == ["x", "x (2)", "x (3)"]
    check_rows(session)


def test_uploads_into_a_moving_folder_are_complete(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.files(session, alice).make_folder("d")
    session.rollback()

    def upload(number: int) -> Action:
        return lambda own: bench.upload(own, alice, f"d/{number}", CONTENT)

    def move(own: Session) -> object:
        return bench.moving(own, alice).move(["d"], "e", OnConflict.FAIL)

    def trash(own: Session) -> None:
        bench.files(own, alice).trash("d")

    at_once(bench, [*(upload(number) for number in range(4)), move, trash])

    check_rows(session)
    for trashed in bench.trash(session, alice).list_page(10).entries:
        bench.trash(session, alice).restore(trashed.id, OnConflict.RENAME)
    names = [path.rpartition("/")[2] for path in paths_of(session, bench, alice)]
    assert sorted(name for name in names if name.isdigit()) == list("0123")
    check_rows(session)
