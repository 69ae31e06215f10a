"""Counting up to a limit takes the same work for any number of entries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import CopyTooLarge
from cabinet.models import Node
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.tree.counting import count_below
from cabinet.services.tree.entries import OnConflict
from tests.support.many_files import multiply_file
from tests.support.services import Guest, Workbench
from tests.support.work_counts import work_counted

MOST = 20


def count(session: Session, _bench: Workbench, _account: Account, folder_id: int) -> None:
    assert count_below(session, [folder_id], MOST) == MOST + 1


def copy(session: Session, bench: Workbench, account: Account, _folder_id: int) -> None:
    with pytest.raises(CopyTooLarge):
        bench.moving(session, account).copy(["many"], "copy", OnConflict.FAIL)


def copy_all(session: Session, bench: Workbench, account: Account, _folder_id: int) -> None:
    with pytest.raises(CopyTooLarge):
        bench.bulk(session, account).copy(FolderSelection("", frozenset(), 1), "copy/", OnConflict.FAIL)


def search(session: Session, bench: Workbench, account: Account, folder_id: int) -> None:
    scope = Scope(Actor(account.id), account.space_id, folder_id, ALL)
    assert bench.search(session, Guest(scope)).page("zqx", "", 10).entries == []


@pytest.mark.parametrize("ask", [count, copy, copy_all, search])
def test_counting_up_to_a_limit_takes_constant_time(
    bench: Workbench,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Session, Workbench, Account, int], None],
) -> None:
    monkeypatch.setattr("cabinet.services.tree.search._WALKED", MOST)
    monkeypatch.setattr("cabinet.services.changes.building.STEP", MOST)
    bind_caps(session, Caps(copied=MOST))
    worst: list[int] = []
    for number in (50, 400):
        account = bench.register(session)
        bench.upload(session, account, "many/file", b"content")
        url = bench.engine.url.render_as_string(hide_password=False)
        multiply_file(url, account.username, "many", "file", number)
        here = select(Node.id).where(Node.space_id == account.space_id, Node.name == "many")
        folder_id = session.scalars(here).one()
        session.rollback()
        with work_counted(bench.engine) as work:
            ask(session, bench, account, folder_id)
            session.rollback()
        worst.append(max([*work.reading, *work.writing]))

    few, many = worst
    if bench.engine.dialect.name == "sqlite":
        assert 0 < many < 1.3 * few + 200


@pytest.mark.parametrize("most", [0, 1, 3, 9, 10, 11, 1000])
def test_entries_are_counted_once_per_selected_ancestor(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """As it would be copied: a folder by itself, and within another."""
    monkeypatch.setattr("cabinet.services.tree.counting._BATCH", 2)
    bench.files(session, alice).make_folders(["a/b/c/d", "a/e", "a/f"])
    session.rollback()
    named = select(Node.id).where(Node.name.in_(["a", "b", "f"]))

    counted = count_below(session, list(session.scalars(named)), most)

    # Six below the first, with it, three below the second, and the third.
    assert counted == 10 if most >= 10 else most < counted <= 10
