"""Tree sums of folders when one change touches several of them, and their correction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from cabinet.models import BatchKind, Node
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.database import writing
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.folder_tags import FolderTags
from cabinet.services.tree.sum_checks import find_wrong_folders, repair_folders
from cabinet.services.tree.tree import Tree
from tests.support.audit import check_rows
from tests.support.services import Workbench

DEEP = "/".join("abcdefghijk")


@pytest.fixture
def deep(bench: Workbench, session: Session, alice: Account) -> str:
    """Make a file eleven folders deep and return its path."""
    bench.upload(session, alice, f"{DEEP}/file", b"12345")
    return f"{DEEP}/file"


def sums(session: Session, bench: Workbench, account: Account, path: str) -> tuple[int, int]:
    totals = bench.files(session, account).get(path).totals
    assert totals is not None
    return totals.size, totals.files


def test_moving_a_folder_and_its_content_counts_each_once(
    bench: Workbench, session: Session, alice: Account, deep: str
) -> None:
    bench.upload(session, alice, "a/b/other", b"123")

    bench.moving(session, alice).move(["a/b/c", "a/b", "a"], "to/", OnConflict.FAIL)

    assert sums(session, bench, alice, "to") == (8, 2)
    assert sums(session, bench, alice, "to/a") == (0, 0)
    check_rows(session)


def test_nested_moves_are_counted_once_when_undone(
    bench: Workbench, session: Session, alice: Account
) -> None:
    for path, content in {"from/one/x": b"1", "from/two/y": b"22"}.items():
        bench.upload(session, alice, path, content)
    bulk = bench.bulk(session, alice)
    done = bulk.move(FolderSelection("from", frozenset(), 2), "to/", OnConflict.FAIL)
    bench.moving(session, alice).move(["to/two"], "to/one/inner/", OnConflict.FAIL)
    check_rows(session)

    assert bulk.undo(done.batch_id, {BatchKind.MOVE}) == 2

    assert sums(session, bench, alice, "from") == (3, 2)
    assert sums(session, bench, alice, "from/one") == (1, 1)
    assert sums(session, bench, alice, "to") == (0, 0)
    check_rows(session)


def test_a_folder_and_its_content_trashed_together_are_counted_separately(
    bench: Workbench, session: Session, alice: Account, deep: str
) -> None:
    trash = bench.trash(session, alice)
    bench.upload(session, alice, "a/stays", b"1")

    inner, outer = trash.add(["a/b/c", "a/b"])

    assert sums(session, bench, alice, "a") == (1, 1)
    assert outer.entry.totals is not None
    assert inner.entry.totals is not None
    assert (outer.entry.totals.size, inner.entry.totals.size) == (0, 5)
    check_rows(session)
    trash.restore_all([inner.id, outer.id])
    assert sums(session, bench, alice, "a") == (6, 2)
    check_rows(session)


def test_one_statement_updates_all_ancestors(
    bench: Workbench, session: Session, alice: Account, deep: str
) -> None:
    said: list[str] = []
    event.listen(bench.engine, "before_cursor_execute", lambda *call: said.append(call[2]))

    bench.upload(session, alice, deep, b"123456")

    assert len([each for each in said if "UPDATE node SET child_count" in each]) == 1
    assert {sums(session, bench, alice, path) for path in (DEEP, "a/b", "a")} == {(6, 1)}


@pytest.mark.sqlite("its way to tell a plan")
def test_ancestors_are_looked_up_by_index_even_after_analyze(
    bench: Workbench, session: Session, alice: Account, deep: str
) -> None:
    said: list[tuple[str, object]] = []
    event.listen(bench.engine, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
    bench.upload(session, alice, deep, b"123456")
    (one,) = [each for each in said if "UPDATE node SET child_count" in each[0]]
    with bench.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one[0]}", one[1]).all()  # type: ignore[arg-type]

    steps = [row.detail for row in plan if "node" in row.detail]
    assert steps
    assert all("USING INTEGER PRIMARY KEY" in step for step in steps), steps
    assert not any("BLOOM" in row.detail for row in plan)


def test_purging_and_pruning_change_no_folder(
    bench: Workbench, session: Session, alice: Account, deep: str
) -> None:
    for number in range(8):
        bench.upload(session, alice, deep, bytes([number]) * 9)
    bench.upload(session, alice, "a/gone", b"1")
    bench.files(session, alice).trash("a/gone")
    before = [(node.id, node.tree_tag) for node in session.scalars(select(Node).order_by(Node.id))][:12]

    bench.trash(session, alice).empty()
    bench.versions(session, alice).discard(deep, 8)

    session.rollback()
    assert [(node.id, node.tree_tag) for node in session.scalars(select(Node).order_by(Node.id))][
        :12
    ] == before
    check_rows(session)


def test_a_change_below_does_not_modify_a_folder(
    bench: Workbench, session: Session, alice: Account, deep: str
) -> None:
    before = bench.files(session, alice).get("a").modified_at
    bench.clock.advance(hours=1)

    bench.upload(session, alice, deep, b"else")

    assert bench.files(session, alice).get("a").modified_at == before


def test_a_user_without_the_content_right_gets_no_etag(
    bench: Workbench, session: Session, alice: Account, deep: str
) -> None:
    root = Tree(session, alice.scope).get(["a"])
    only_names = Scope(Actor(None), alice.space_id, root.id, Rights.LIST)
    tags = FolderTags("secret")

    entry = Tree(session, only_names).to_entry(root, ())
    whole = Tree(session, alice.scope).to_entry(root, ("a",))

    assert entry.totals is not None
    assert whole.totals is not None
    assert (entry.totals.size, entry.totals.files) == (5, 1)
    assert tags.tag_of(entry.totals) is None
    assert tags.tag_of(whole.totals) != FolderTags("another").tag_of(whole.totals)


Spoil = Callable[[Session, Account], None]


def _set(**values: int) -> Spoil:
    def spoil(session: Session, account: Account) -> None:
        folder = Tree(session, account.scope).get(["a", "b"])
        session.execute(update(Node).where(Node.id == folder.id).values(**values))

    return spoil


def _forget_a_file(session: Session, account: Account) -> None:
    """Keep all ancestors of the deepest folder from counting its file."""
    names = ["a", "b", "c", ""]
    folders = select(Node.id).where(Node.space_id == account.space_id, Node.name.in_(names))
    less = {"tree_size": Node.tree_size - 5, "tree_files": Node.tree_files - 1}
    session.execute(update(Node).where(Node.id.in_(folders)).values(less))


@pytest.mark.parametrize(
    "spoil",
    [_set(tree_size=7), _set(tree_files=0), _set(child_count=3, child_size=1), _forget_a_file],
    ids=["bytes", "files", "counters", "all ancestors"],
)
def test_wrong_folder_sums_are_found_at_their_origin_and_corrected(
    bench: Workbench, session: Session, alice: Account, deep: str, spoil: Spoil
) -> None:
    bench.upload(session, bench.register(session, "bob"), "a/b/c", b"1")
    inspection = Inspection(session, bench.store)
    assert list(inspection.verify_folders()) == []
    with writing(session):
        spoil(session, alice)

    assert {each.folder for each in inspection.verify_folders()} <= {"alice:a", "alice:a/b", "alice:a/b/c"}
    assert list(inspection.verify_folders())
    # Concurrent changes do not affect that.
    bench.upload(session, alice, "a/b/c/new", b"123")
    bench.moving(session, alice).move(["a/b"], "moved", OnConflict.FAIL)
    assert bench.accounts(session).repair_folders("alice") > 0

    assert list(find_wrong_folders(session)) == []
    assert repair_folders(session, alice.space_id) == 0
    check_rows(session)
