"""What is purged, emptied or deleted and large: hidden and not counted at once, removed in small batches."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, PreconditionFailed, SignInRequired, Unavailable, WrongCredentials
from cabinet.models import Base, BatchItem, BatchKind, Node, Space, UploadKind
from cabinet.services.accounts.accounts import Account
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.sessions import Sessions, SessionTimes
from cabinet.services.accounts.tokens import Tokens
from cabinet.services.changes.files import Files
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.maintenance.sweep import Housekeeping, Keep
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree import removal
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.removal import Removal
from cabinet.services.uploads.publishing import Target, Terms
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.values import Part, Plan
from tests.support.audit import check_rows
from tests.support.row_counts import rows_changed
from tests.support.services import (
    ADDRESS,
    KEEP,
    MAX_SIZE,
    PASSWORD,
    TRASH_KEEP,
    VERSIONS_KEPT,
    Workbench,
    at_once,
    paths_of,
)
from tests.support.small_steps import Killed, call_after, make_steps_small

# Those of four nodes, or one node with eight of its versions; then there are counters and notes.
MOST_ROWS = 4 * 3 + 4


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries be many."""
    make_steps_small(monkeypatch, 4)
    monkeypatch.setattr("cabinet.services.tree.removal.ROWS", 8)


@pytest.fixture
def files(bench: Workbench, session: Session, alice: Account) -> Files:
    return bench.files(session, alice)


@pytest.fixture
def trash(bench: Workbench, session: Session, alice: Account) -> Trash:
    return bench.trash(session, alice)


@pytest.fixture
def tree(bench: Workbench, session: Session, alice: Account) -> int:
    """Make files in folders of all kinds, some with versions, and one file beside; return the usage of that."""
    for path in (
        *(f"big/wide/{number}" for number in range(9)),
        *(f"big/{number}/only" for number in range(6)),
        "big/a/b/c/d/e/f/deep",
        "big/a/b/beside",
        "big/top",
        "kept",
    ):
        bench.upload(session, alice, path, path.encode())
    for number in range(4):
        bench.upload(session, alice, "big/versions", b"x" * number)
    return len(b"kept")


def used(session: Session, account: Account) -> tuple[int, int]:
    session.rollback()
    user = session.get_one(Space, account.space_id, populate_existing=True)
    return user.usage, user.entries


def rows_of(session: Session) -> dict[str, int]:
    session.rollback()
    return {
        table.name: count
        for table in Base.metadata.sorted_tables
        if table.name not in {"blob", "batch"}
        and (count := session.scalar(select(func.count()).select_from(table)))
    }


def sweep(bench: Workbench, session: Session, keep: timedelta = TRASH_KEEP) -> Housekeeping:
    return Housekeeping(session, bench.store, bench.locker, bench.clock, Keep(keep, KEEP, KEEP, KEEP))


def trash_singly(bench: Workbench, session: Session, alice: Account, count: int = 9) -> None:
    """Put single files into the trash, all of them."""
    for number in range(count):
        bench.upload(session, alice, f"wide/{number}", b"content")
    bench.bulk(session, alice).trash(FolderSelection("wide", frozenset(), count))


def by_path(trash: Trash) -> dict[str, str]:
    return {each.entry.path: each.id for each in trash.list_page(100).entries}


@pytest.fixture(params=["live", "trash", "several", "selection", "batch", "empty", "sweep"])
def purge_big(
    request: pytest.FixtureRequest,
    bench: Workbench,
    session: Session,
    alice: Account,
    files: Files,
    trash: Trash,
    tree: int,
) -> Callable[[], object]:
    """Return one of the ways to remove the large folder for ever."""
    if request.param == "live":
        return lambda: files.purge("big")
    if request.param == "batch":
        done = bench.bulk(session, alice).trash(FolderSelection("", frozenset({"kept"}), 1))
        return lambda: bench.bulk(session, alice).purge_batch(done.batch_id)
    if request.param == "several":
        bench.trash(session, alice).add([f"big/wide/{number}" for number in range(9)])
    files.trash("big")
    ids = list(by_path(trash).values())
    ways: dict[str, Callable[[], object]] = {
        "trash": lambda: trash.purge(ids[0]),
        "several": lambda: trash.purge_all(ids),
        "selection": lambda: bench.bulk(session, alice).purge(TrashSelection(frozenset(), 1)),
        "empty": trash.empty,
        "sweep": lambda: sweep(bench, session, timedelta(0)).sweep(),
    }
    return ways[request.param]


def test_what_is_large_is_gone_and_counts_no_more_at_once_and_is_removed_in_small_transactions(
    purge_big: Callable[[], object],
    bench: Workbench,
    session: Session,
    alice: Account,
    trash: Trash,
    tree: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch, rows_changed(bench.engine) as hidden:
        patch.setattr(Removal, "run", lambda _: 0)
        purge_big()

    assert max(hidden) <= MOST_ROWS
    assert paths_of(session, bench, alice) == ["kept"]
    assert (trash.list_page(10).entries, trash.count()) == ([], 0)
    assert bench.search(session, alice).page("versions", "", 10).entries == []
    assert used(session, alice) == (tree, 1)
    # The rows are there yet, and nobody is told of them.
    assert rows_of(session)["node"] > 20
    inspection = Inspection(session, bench.store)
    assert inspection.verify_usage() == []
    stats = inspection.stats()
    assert (stats.folders, stats.files, stats.versions, stats.trashed, stats.content) == (0, 1, 1, 0, tree)
    check_rows(session)
    bench.upload(session, alice, "big/wide/0", b"another")
    before = used(session, alice)

    with rows_changed(bench.engine) as removed:
        Removal(session).run()

    assert len(removed) > 5
    assert max(removed) <= MOST_ROWS
    assert paths_of(session, bench, alice) == ["big", "big/wide", "big/wide/0", "kept"]
    assert used(session, alice) == before
    assert rows_of(session) == {"user": 1, "space": 1, "node": 5, "version": 2}
    check_rows(session)


@pytest.mark.long
def test_a_process_that_dies_anywhere_leaves_nothing_half_visible_and_nothing_for_ever(
    purge_big: Callable[[], object],
    bench: Workbench,
    session: Session,
    alice: Account,
    trash: Trash,
    tree: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After each of the transactions of it, as far as there are so many."""
    before = (paths_of(session, bench, alice), [each.id for each in trash.list_page(100).entries])
    for last in range(1, 200):
        commits = iter(range(1, 200))
        commit = Session.commit

        def dying(own: Session, last: int = last, commits: object = commits, commit: object = commit) -> None:
            commit(own)  # type: ignore[operator]
            if next(commits) == last:  # type: ignore[call-overload]
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Session, "commit", dying)
            try:
                purge_big() if last == 1 else sweep(bench, session).sweep()
            except Killed:
                pass
            else:
                break
        after = (paths_of(session, bench, alice), [each.id for each in trash.list_page(100).entries])
        if after != before:
            assert after == (["kept"], [])
        check_rows(session)
        bench.clock.advance(minutes=2)
    sweep(bench, session).sweep()

    check_rows(session)
    if paths_of(session, bench, alice) == ["kept"] and trash.count() == 0:
        assert used(session, alice) == (tree, 1)
        assert rows_of(session)["node"] == 2
    else:
        # It was not decided yet.
        assert (paths_of(session, bench, alice), [each.id for each in trash.list_page(100).entries]) == before


def test_what_is_small_is_removed_in_the_one_transaction_that_purges_it(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash
) -> None:
    ways: list[Callable[[], object]] = [
        lambda: files.purge("a"),
        lambda: trash.purge(by_path(trash)["a"]),
        trash.empty,
    ]
    for way in ways:
        bench.upload(session, alice, "a/b", b"content")
        if way is not ways[0]:
            files.trash("a")
        way()
        assert rows_of(session) == {"user": 1, "space": 1, "node": 1}
        assert not removal.take_note(session)


def test_a_precondition_and_a_missing_path_keep_what_is_large(
    files: Files, session: Session, bench: Workbench, alice: Account, tree: int
) -> None:
    before = paths_of(session, bench, alice)

    with pytest.raises(NotFound):
        files.purge("big/nothing")
    with pytest.raises(PreconditionFailed):
        files.purge("big", lambda _hash: False)

    assert paths_of(session, bench, alice) == before
    check_rows(session)


def test_emptying_the_trash_marks_its_owner_and_not_every_row(
    bench: Workbench, session: Session, alice: Account, trash: Trash
) -> None:
    trash_singly(bench, session, alice, 20)

    with rows_changed(bench.engine) as changed:
        trash.empty()

    # The lock and the mark; and then the usage, and up to where it is right.
    assert changed == [2, 2]
    assert removal.take_note(session)
    assert trash.count() == 0
    assert used(session, alice) == (0, 1)


def test_what_comes_to_the_trash_while_it_is_emptied_stays_there_whatever_the_clock_says(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash
) -> None:
    trash_singly(bench, session, alice)
    trash.empty()
    bench.clock.advance(days=-3)
    bench.upload(session, alice, "a/b", b"content")
    files.trash("a/b")
    bench.upload(session, alice, "later", b"content")
    done = bench.bulk(session, alice).trash(FolderSelection("", frozenset({"a", "wide"}), 1))

    Removal(session).run()

    assert by_path(trash).keys() == {"a/b", "later"}
    assert bench.bulk(session, alice).undo(done.batch_id, {BatchKind.TRASH}) == 1
    trash.restore(by_path(trash)["a/b"])
    assert paths_of(session, bench, alice) == ["a", "a/b", "wide", "later"]
    check_rows(session)


def test_what_was_restored_before_the_trash_was_emptied_can_go_back_there(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash
) -> None:
    bench.upload(session, alice, "old", b"content")
    files.trash("old")
    done = bench.bulk(session, alice).restore(TrashSelection(frozenset(), 1), Conflict.FAIL)
    bench.clock.advance(hours=1)
    trash_singly(bench, session, alice)
    trash.empty()

    bench.bulk(session, alice).undo(done.batch_id, {BatchKind.RESTORE})
    Removal(session).run()

    assert by_path(trash).keys() == {"old"}
    check_rows(session)


def test_nothing_of_an_emptied_trash_can_be_restored_purged_undone_or_selected(
    bench: Workbench, session: Session, alice: Account, trash: Trash
) -> None:
    for number in range(9):
        bench.upload(session, alice, f"wide/{number}", b"content")
    bulk = bench.bulk(session, alice)
    done = bulk.trash(FolderSelection("wide", frozenset(), 9))
    ids = list(by_path(trash).values())
    trash.empty()

    assert trash.look_up(ids) == {}
    for act in (
        lambda: trash.restore(ids[0]),
        lambda: trash.restore_all(ids),
        lambda: trash.purge(ids[0]),
        lambda: trash.purge_all(ids),
        lambda: bulk.undo(done.batch_id, {BatchKind.TRASH}),
        lambda: bulk.purge_batch(done.batch_id),
    ):
        with pytest.raises(NotFound):
            act()
    assert bulk.restore(TrashSelection(frozenset(), 0), Conflict.FAIL).count == 0
    assert paths_of(session, bench, alice) == ["wide"]
    check_rows(session)


def test_a_trash_is_emptied_again_while_it_is_still_being_removed(
    bench: Workbench, session: Session, alice: Account, trash: Trash
) -> None:
    for _ in range(3):
        trash_singly(bench, session, alice)
        trash.empty()
        assert used(session, alice) == (0, 1)
        check_rows(session)

    assert Removal(session).run() == 27

    assert rows_of(session)["node"] == 2
    check_rows(session)


def test_a_folder_that_many_were_moved_out_of_is_removed_in_small_transactions_too(
    bench: Workbench, session: Session, alice: Account, files: Files
) -> None:
    for number in range(40):
        bench.upload(session, alice, f"wide/{number}", b"content")
    bench.bulk(session, alice).move(FolderSelection("wide", frozenset(), 40), "to/", Conflict.FAIL)

    with rows_changed(bench.engine) as changed:
        files.purge("wide")
        Removal(session).run()

    assert max(changed) <= MOST_ROWS
    assert session.scalar(select(func.count()).where(BatchItem.parent_id.is_not(None))) == 0
    assert len(paths_of(session, bench, alice)) == 41
    check_rows(session)


@pytest.mark.parametrize("way", ["purge", "empty", "selection", "account"])
def test_what_was_moved_time_and_again_is_removed_in_small_transactions_too(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash, way: str
) -> None:
    """Each time leaves an item of each, which goes with what it is about."""
    for number in range(3):
        bench.upload(session, alice, f"to and fro/{number}", b"content")
    files.make_folder("other")
    bulk = bench.bulk(session, alice)
    for _ in range(10):
        bulk.move(FolderSelection("to and fro", frozenset(), 3), "other/", Conflict.FAIL)
        bulk.move(FolderSelection("other", frozenset(), 3), "to and fro/", Conflict.FAIL)

    with rows_changed(bench.engine) as changed:
        if way == "purge":
            files.purge("to and fro")
        elif way == "account":
            bench.accounts(session).delete("alice")
        else:
            bulk.trash(FolderSelection("to and fro", frozenset(), 3))
            trash.empty() if way == "empty" else bulk.purge(TrashSelection(frozenset(), 3))
        Removal(session).run()

    # Each node may have as many items again as it is the folder of.
    assert max(changed) <= MOST_ROWS + 8
    assert not session.scalar(select(Node.id).where(Node.name == "1"))
    check_rows(session)


def test_an_emptied_trash_whose_process_dies_before_its_usage_falls_is_settled_by_the_next(
    bench: Workbench, session: Session, alice: Account, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then everything is hidden, and counts as it did; what is stored meanwhile counts as well."""
    trash_singly(bench, session, alice)

    def die(_own: Removal, _space_id: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Removal, "settle", die)
        with pytest.raises(Killed):
            trash.empty()

    session.rollback()
    assert (trash.count(), paths_of(session, bench, alice)) == (0, ["wide"])
    assert used(session, alice) == (9 * len(b"content"), 10)
    assert Inspection(session, bench.store).verify_usage() == []
    check_rows(session)
    bench.upload(session, alice, "new", b"new")
    trash_singly(bench, session, alice, 2)
    assert trash.count() == 2
    check_rows(session)

    at_once(bench, [lambda own: Removal(own).run() for _ in range(3)])

    assert used(session, alice) == (len(b"new") + 2 * len(b"content"), 4)
    assert trash.count() == 2
    assert rows_of(session)["node"] == 5
    check_rows(session)


def resumable(bench: Workbench, session: Session, account: Account) -> ResumableUploads:
    return ResumableUploads(
        session, bench.store, bench.locker, bench.clock, Terms(MAX_SIZE, VERSIONS_KEPT, KEEP), account.scope
    )


def plan(path: str, length: int) -> Plan:
    return Plan(Target(path), length)


def test_a_large_account_is_gone_at_once_with_all_that_it_had_and_its_name_is_free(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash, tree: int
) -> None:
    accounts = bench.accounts(session)
    sessions, tokens = Sessions(session, bench.clock), Tokens(session, bench.clock)
    cookie = sessions.begin(accounts.get(alice.id), SessionTimes(60, 60), "", ADDRESS)
    token = tokens.issue(Credential(accounts.get(alice.id)), "backup")[1]
    uploads = resumable(bench, session, alice)
    begun = uploads.begin(plan("up", 10)).id
    files.trash("big/wide")
    with pytest.raises(WrongCredentials):
        accounts.delete_own(alice.id, "another password", ADDRESS)

    with rows_changed(bench.engine) as changed:
        accounts.delete_own(alice.id, PASSWORD, ADDRESS)

    # The lock, the user, the space, its root, the session and the token.
    assert max(changed) <= 6
    assert removal.take_note(session)
    assert (sessions.find(cookie), tokens.find(token)) == (None, None)
    assert accounts.list_all() == []
    for ask in (
        lambda: accounts.get(alice.id),
        lambda: accounts.find("alice"),
        lambda: files.get("kept"),
        lambda: files.list_below("", 10, None),
        lambda: bench.search(session, alice).page("versions", "", 10),
        lambda: bench.upload(session, alice, "new", b"content"),
        lambda: resumable(bench, session, alice).begin(plan("new", 10)),
        lambda: trash.restore("0" * 32),
        lambda: accounts.change_password(alice.id, PASSWORD, "another long password", ADDRESS),
    ):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(WrongCredentials):
        accounts.check_password("alice", PASSWORD, ADDRESS)
    with pytest.raises(SignInRequired):
        tokens.issue(Credential(alice), "late")
    with pytest.raises(NotFound):
        uploads.append(begun, Part(0, [b"0123456789"], 10))


def test_of_an_account_that_is_being_removed_no_operator_hears_and_no_row_stays(
    bench: Workbench, session: Session, alice: Account, files: Files, tree: int
) -> None:
    uploads = resumable(bench, session, alice)
    for number in range(12):
        uploads.begin(plan(f"up{number}", 10))
    files.trash("big/wide")
    bob = bench.register(session, "bob")
    bench.upload(session, bob, "bobs", b"content")

    bench.accounts(session).delete("alice")

    inspection = Inspection(session, bench.store)
    assert inspection.verify_usage() == []
    assert list(inspection.iter_uploads()) == []
    stats = inspection.stats()
    assert (stats.users, stats.files, stats.folders, stats.trashed) == (1, 1, 0, 0)
    again = bench.register(session, "alice")
    bench.upload(session, again, "mine", b"content")
    check_rows(session)

    with rows_changed(bench.engine) as removed:
        Removal(session).run()

    assert max(removed) <= MOST_ROWS
    assert rows_of(session) == {"user": 2, "space": 2, "node": 4, "version": 2}
    assert paths_of(session, bench, again) == ["mine"]
    assert paths_of(session, bench, bob) == ["bobs"]
    check_rows(session)


def test_an_account_that_is_being_removed_when_the_process_dies_is_removed_by_the_next(
    bench: Workbench, session: Session, alice: Account, tree: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash_singly(bench, session, alice)
    bench.trash(session, alice).empty()
    bench.files(session, alice).purge("big")
    bench.accounts(session).delete("alice")
    seen = [rows_of(session)["node"]]
    while "user" in rows_of(session):
        calls = iter(range(100))

        def die(calls: Iterator[int] = calls) -> None:
            if next(calls) == 1:
                raise Killed

        with monkeypatch.context() as patch:
            call_after(patch, "tree.removal.writing", die)
            try:
                Removal(session).run()
            except Killed:
                seen.append(rows_of(session).get("node", 0))
        assert bench.accounts(session).list_all() == []

    assert seen == sorted(seen, reverse=True)
    assert len(seen) > 4
    assert rows_of(session) == {}


def test_nobody_waits_for_ever_who_writes_while_the_same_user_purges_uploads_and_is_deleted(
    bench: Workbench, session: Session, alice: Account, tree: int
) -> None:
    trash_singly(bench, session, alice)

    def finish_uploads(own: Session) -> None:
        uploads = resumable(bench, own, alice)
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


def test_everybody_who_writes_into_a_tree_locks_the_row_of_its_space_first(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash, tree: int
) -> None:
    """Two who took them in another order would wait for each other, and one of them would fail."""
    uploads = resumable(bench, session, alice)
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
