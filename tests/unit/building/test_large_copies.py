"""A large copy: built in small transactions where nobody sees it, and there with the last of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    CopyTooLarge,
    EntryExists,
    IntoItself,
    InvalidField,
    InvalidName,
    NotAFolder,
    NotFound,
    QuotaExceeded,
    TooManyEntries,
)
from cabinet.models import BatchKind
from cabinet.services.accounts.account import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree.entries import OnConflict
from tests.support.audit import check_rows
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench, content_of, paths_of, usage_and_entries
from tests.unit.building.conftest import (
    INSIDE,
    MOST_ROWS,
    WAYS,
    Copy,
    at_commit,
    copy_into,
    copy_one,
    copy_several,
    counted,
)


@pytest.mark.parametrize("copy", WAYS)
def test_a_large_copy_uses_small_transactions_and_is_complete(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    copy: Copy,
) -> None:
    usage, entries = usage_and_entries(session, alice)

    with rows_changed(bench.engine) as changed:
        new = copy(moving, bulk)

    assert len(changed) > 5
    assert max(changed) <= MOST_ROWS
    assert sorted(paths_of(session, bench, alice)) == sorted(before + new)
    for path in new:
        if path.endswith("big/0") or path == "copy/0":
            assert content_of(session, bench, alice, path) == b"its second version"
            assert len(bench.versions(session, alice).list(path)) == 1
        elif path.endswith("bottom"):
            original = f"big/{path[path.index('deep/er') :]}"
            assert content_of(session, bench, alice, path) == original.encode()
    assert usage_and_entries(session, alice)[1] == entries + len(new)
    assert usage_and_entries(session, alice)[0] > usage
    found = bench.search(session, alice).page("very bottom", "", 10).entries
    assert len(found) == 2
    check_rows(session)


@pytest.mark.parametrize("copy", [copy_one, copy_into, copy_several])
def test_a_copy_is_invisible_until_complete(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
    copy: Copy,
) -> None:
    seen: list[list[str]] = []

    def look(_number: int, own: Session) -> None:
        seen.append(paths_of(own, bench, alice))
        assert len(bench.search(own, alice).page("very bottom", "", 10).entries) in {1, 2}
        assert bench.trash(own, alice).count() == 0
        assert Inspection(own, bench.store).verify_usage() == []
        check_rows(own)

    with at_commit(monkeypatch, bench, look):
        copy(moving, bulk)

    assert len(seen) > 5
    assert all(paths == before for paths in seen[:-1])
    assert len(seen[-1]) > len(before)


@pytest.mark.parametrize(
    ("sources", "to", "error"),
    [
        (["big"], "file", EntryExists),
        (["big"], "file/", NotAFolder),
        (["big"], "file/x", NotAFolder),
        (["big"], "big/deep", IntoItself),
        (["big"], "/".join(["x" * 200] * 10) + "/", InvalidName),
        (["big", "other"], "several", InvalidField),
        (["big", "nothing"], "to/", NotFound),
        (["big", "big"], "to/", InvalidField),
    ],
)
def test_conflicts_are_reported_before_anything_is_copied(
    bench: Workbench,
    session: Session,
    moving: Moving,
    before: list[str],
    sources: list[str],
    to: str,
    error: type[CabinetError],
) -> None:
    rows = counted(session)

    with rows_changed(bench.engine) as changed, pytest.raises(error):
        moving.copy(sources, to, OnConflict.FAIL)

    assert changed == []
    assert counted(session) == rows


def test_missing_space_is_reported_before_anything_is_copied(
    bench: Workbench, session: Session, alice: Account, moving: Moving, bulk: Bulk, before: list[str]
) -> None:
    usage, entries = usage_and_entries(session, alice)
    everything = FolderSelection("", frozenset(), 3)
    copies: list[Callable[[], object]] = [
        lambda: moving.copy(["big"], "copy", OnConflict.FAIL),
        lambda: bulk.copy(everything, "to/", OnConflict.FAIL),
    ]
    for copy in copies:
        with rows_changed(bench.engine) as changed:
            bind_caps(session, Caps(copied=14))
            with pytest.raises(CopyTooLarge):
                copy()
            bind_caps(session, Caps(entries=entries + 14))
            with pytest.raises(TooManyEntries):
                copy()
        assert changed == []
        bind_caps(session, Caps())
        bench.accounts(session).set_quota("alice", usage + 20)
        with rows_changed(bench.engine) as changed, pytest.raises(QuotaExceeded):
            copy()
        assert changed == []
        bench.accounts(session).set_quota("alice", None)
    assert paths_of(session, bench, alice) == before


def test_a_copy_replaces_or_is_renamed(
    bench: Workbench, session: Session, alice: Account, moving: Moving, trash: Trash, before: list[str]
) -> None:
    moving.copy(["big"], "copy", OnConflict.FAIL)
    moving.copy(["big"], "copy", OnConflict.FAIL)  # a folder that is there is where it goes
    with pytest.raises(EntryExists):
        moving.copy(["big"], "copy", OnConflict.FAIL)
    (renamed,) = moving.copy(["big"], "copy", OnConflict.RENAME)
    (replaced,) = moving.copy(["big"], "copy", OnConflict.REPLACE)

    assert (renamed.path, replaced.path) == ("copy/big (2)", "copy/big")
    assert [each.entry.path for each in trash.list_page(10).entries] == ["copy/big"]
    assert len(paths_of(session, bench, alice)) == len(before) + 3 * (len(INSIDE) + 1)
    check_rows(session)


def test_an_undone_copy_of_everything_is_in_the_trash(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    trash: Trash,
    before: list[str],
) -> None:
    done = bulk.copy(FolderSelection("", frozenset(), 3), "to/", OnConflict.FAIL)

    assert bulk.undo(done.batch_id, {BatchKind.COPY}) == 3

    assert set(paths_of(session, bench, alice)) == {*before, "to"}
    assert {each.entry.path for each in trash.list_page(10).entries} == {"to/big", "to/other", "to/file"}
    check_rows(session)
