"""Concurrent purges, uploads and deletions: the rows that they lock, and no deadlock."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from cabinet.errors import Unavailable
from cabinet.models import Node, UploadKind
from cabinet.services.accounts.account import Account
from cabinet.services.changes.files import Files
from cabinet.services.changes.trash import Trash
from cabinet.services.tree.removal import Removal
from cabinet.services.uploads.values import Part
from tests.support.audit import check_rows
from tests.support.resumable import service_of
from tests.support.services import Workbench, at_once
from tests.unit.removal.conftest import plan, trash_singly


def test_writes_during_purge_uploads_and_account_deletion_do_not_deadlock(
    bench: Workbench, session: Session, alice: Account, tree: int
) -> None:
    trash_singly(bench, session, alice)

    def finish_uploads(own: Session) -> None:
        uploads = service_of(own, bench, alice)
        for number in range(5):
            state = uploads.begin(plan(f"up{number}", 4))
            uploads.append(state.id, Part(0, [b"01"], 2))
            uploads.append(state.id, Part(2, [b"23"], 2))

    outcomes = at_once(
        bench,
        [
            finish_uploads,
            finish_uploads,
            lambda own: bench.files(own, alice).purge("big"),
            lambda own: bench.trash(own, alice).empty(),
            lambda own: Removal(own).run(),
        ],
    )

    assert set(outcomes) <= {None, Unavailable}
    assert outcomes[2:4] == [None, None]
    check_rows(session)
    outcomes = at_once(
        bench,
        [finish_uploads, lambda own: bench.accounts(own).delete("alice"), lambda own: Removal(own).run()],
    )
    assert outcomes[1] is None
    Removal(session).run()
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Node)) == 0


def test_every_tree_change_locks_the_space_row_first(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash, tree: int
) -> None:
    """Two who took them in another order would wait for each other, and one of them would fail."""
    uploads = service_of(session, bench, alice)
    begun = [
        uploads.begin(replace(plan(f"up{kind}", 4), kind=kind)).id
        for kind in (UploadKind.WHOLE, UploadKind.PARTIAL)
    ]
    for upload_id in begun:
        uploads.append(upload_id, Part(0, [b"01"], 2))
    uploads.append(begun[1], Part(2, [b"23"], 2))
    files.trash("big/wide")
    acts: list[Callable[[], object]] = [
        lambda: uploads.append(begun[0], Part(2, [b"23"], 2)),
        lambda: uploads.join(replace(plan("joined", 4), kind=UploadKind.JOINED), [begun[1]]),
        lambda: files.purge("kept"),
        lambda: files.purge("big"),
        trash.empty,
        lambda: Removal(session).run(),
        lambda: bench.accounts(session).delete("alice"),
        lambda: Removal(session).run(),
    ]
    for act in acts:
        with locks_taken(bench.engine) as transactions:
            act()
        assert "space" in itertools.chain(*transactions) or act is acts[-1]
        for tables in transactions:
            assert tables[:1] == ["space"] or not {"space", "node"} & {*tables}, acts.index(act)


@contextmanager
def locks_taken(engine: Engine) -> Iterator[list[list[str]]]:
    """Give a list that gets, of each transaction, in which tables it locks or changes rows, in order."""
    transactions: list[list[str]] = [[]]

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        change = r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)|SELECT .* FROM "?(\w+).* FOR (?:NO KEY )?UPDATE'
        if found := re.match(change, statement, re.DOTALL):
            transactions[-1].append(found[1] or found[2])

    def end(_connection: object) -> None:
        transactions.append([])

    event.listen(engine, "before_cursor_execute", note)
    for ending in ("commit", "rollback"):
        event.listen(engine, ending, end)
    try:
        yield transactions
    finally:
        event.remove(engine, "before_cursor_execute", note)
        for ending in ("commit", "rollback"):
            event.remove(engine, ending, end)
