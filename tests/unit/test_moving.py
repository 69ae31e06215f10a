"""Moving and copying: targets, conflicts, all or none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    EntryExists,
    IntoItself,
    InvalidField,
    InvalidName,
    IsAFolder,
    NotAFolder,
    NotFound,
    QuotaExceeded,
)
from cabinet.models import Node, Space
from cabinet.services.accounts.account import Account
from cabinet.services.changes.moving import Moving
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import PATH_BYTES
from tests.support.audit import check_rows
from tests.support.services import Workbench, content_of, paths_of, stored_bytes

CONTENT = b"the content"
EVERYTHING = ["docs", "docs/a", "docs/a/f", "docs/g", "other", "x"]


@pytest.fixture
def moving(bench: Workbench, session: Session, alice: Account) -> Iterator[Moving]:
    for path in ("docs/a/f", "docs/g", "x"):
        bench.upload(session, alice, path, CONTENT + path.encode())
    bench.files(session, alice).make_folder("other")
    yield bench.moving(session, alice)
    check_rows(session)


@pytest.mark.parametrize(
    ("sources", "to", "arrive"),
    [
        (["x"], "y", ["y"]),
        (["x"], "other", ["other/x"]),
        (["x"], "other/", ["other/x"]),
        (["x"], "other/y", ["other/y"]),
        (["x"], "new/deep/y", ["new/deep/y"]),
        (["x"], "new/", ["new/x"]),
        (["docs/g"], "", ["g"]),
        (["docs"], "папка", ["папка"]),
        (["docs"], "other", ["other/docs"]),
        (["docs/a", "docs/g", "x"], "other", ["other/a", "other/g", "other/x"]),
        (["docs", "docs/g"], "other", ["other/docs", "other/g"]),
    ],
)
def test_entries_are_moved_to_the_target(
    moving: Moving, session: Session, bench: Workbench, alice: Account,
    sources: list[str], to: str, arrive: list[str],
) -> None:  # fmt: skip
    moved = moving.move(sources, to, OnConflict.FAIL)

    assert [entry.path for entry in moved] == arrive
    there = paths_of(session, bench, alice)
    assert set(arrive) <= set(there)
    assert not set(sources) & set(there)
    assert sum("/f" in path for path in there) == 1


def test_a_folder_is_moved_with_its_content(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    moving.move(["docs"], "other/papers", OnConflict.FAIL)

    expected = ["other", "other/papers", "other/papers/a", "other/papers/a/f", "other/papers/g", "x"]
    assert paths_of(session, bench, alice) == expected
    assert content_of(session, bench, alice, "other/papers/a/f") == CONTENT + b"docs/a/f"


def test_a_move_to_the_same_folder_changes_nothing(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    moved = moving.move(["docs/g"], "docs/g", OnConflict.FAIL) + moving.move(["x"], "", OnConflict.FAIL)

    assert [entry.path for entry in moved] == ["docs/g", "x"]
    assert paths_of(session, bench, alice) == EVERYTHING


@pytest.mark.parametrize("action", ["move", "copy"])
@pytest.mark.parametrize(
    ("sources", "to", "on_conflict", "refusal"),
    [
        ([], "other", OnConflict.FAIL, InvalidField),
        (["x", "x"], "other", OnConflict.FAIL, InvalidField),
        (["x", "docs"], "nowhere", OnConflict.FAIL, InvalidField),
        ([""], "other", OnConflict.FAIL, IsAFolder),
        (["missing"], "other", OnConflict.FAIL, NotFound),
        (["x", "missing"], "other", OnConflict.FAIL, NotFound),
        (["x/below"], "other", OnConflict.FAIL, NotFound),
        (["docs"], "docs", OnConflict.FAIL, IntoItself),
        (["docs"], "docs/a", OnConflict.RENAME, IntoItself),
        (["docs"], "docs/new/", OnConflict.REPLACE, IntoItself),
        (["other"], "x/", OnConflict.FAIL, NotAFolder),
        (["other"], "x/y", OnConflict.FAIL, NotAFolder),
        (["docs/g"], "x", OnConflict.FAIL, EntryExists),
        (["docs"], "a/../b", OnConflict.FAIL, InvalidName),
        (["docs"], "a" * 256, OnConflict.FAIL, InvalidName),
        (["../x"], "other", OnConflict.FAIL, InvalidName),
        (["x", "docs/g"], "x/", OnConflict.FAIL, NotAFolder),
    ],
)
def test_invalid_moves_are_refused_and_nothing_changes(
    moving: Moving, session: Session, bench: Workbench, alice: Account,
    action: str, sources: list[str], to: str, on_conflict: OnConflict, refusal: type[CabinetError],
) -> None:  # fmt: skip
    with pytest.raises(refusal):
        getattr(moving, action)(sources, to, on_conflict)

    assert paths_of(session, bench, alice) == EVERYTHING


def test_several_entries_are_moved_all_or_none(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "other/x", b"in the way")

    with pytest.raises(EntryExists) as refused:
        moving.move(["docs", "docs/g", "x"], "other", OnConflict.FAIL)

    assert refused.value.path == "other/x"
    assert paths_of(session, bench, alice) == [
        "docs",
        "docs/a",
        "docs/a/f",
        "docs/g",
        "other",
        "other/x",
        "x",
    ]


def test_a_conflict_is_renamed_or_replaced(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "other/x", b"old")
    bench.upload(session, alice, "other/g", b"old")

    (renamed,) = moving.move(["x"], "other", OnConflict.RENAME)
    (replaced,) = moving.move(["docs/g"], "other", OnConflict.REPLACE)

    assert (renamed.path, replaced.path) == ("other/x (2)", "other/g")
    assert content_of(session, bench, alice, "other/g") == CONTENT + b"docs/g"
    (trashed,) = bench.trash(session, alice).list_page(10).entries
    assert (trashed.entry.path, trashed.entry.size) == ("other/g", 3)


@pytest.mark.parametrize("action", ["move", "copy"])
def test_nothing_is_replaced_by_its_own_content(
    moving: Moving, session: Session, bench: Workbench, alice: Account, action: str
) -> None:
    bench.upload(session, alice, "docs/a/docs", CONTENT)
    before = paths_of(session, bench, alice)

    with pytest.raises(IntoItself):
        getattr(moving, action)(["docs/a/docs"], "", OnConflict.REPLACE)

    assert paths_of(session, bench, alice) == before


def test_two_entries_of_one_name_do_not_replace_each_other(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "other/g", b"another")

    with pytest.raises(EntryExists):
        moving.move(["docs/g", "other/g"], "new/", OnConflict.FAIL)
    moved = moving.move(["docs/g", "other/g"], "new/", OnConflict.RENAME)

    assert [entry.path for entry in moved] == ["new/g", "new/g (2)"]


def test_a_copy_shares_the_content_and_has_no_history(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "docs/g", b"second version")
    before = stored_bytes(bench)
    used = session.scalar(select(Space.usage)) or 0

    (copied,) = moving.copy(["docs"], "twin", OnConflict.FAIL)

    assert (copied.path, copied.kind) == ("twin", "folder")
    assert [path for path in paths_of(session, bench, alice) if path.startswith("twin")] == [
        "twin", "twin/a", "twin/a/f", "twin/g",
    ]  # fmt: skip
    assert content_of(session, bench, alice, "twin/a/f") == CONTENT + b"docs/a/f"
    assert [version.size for version in bench.versions(session, alice).list("twin/g")] == [14]
    assert stored_bytes(bench) == before
    session.rollback()
    assert (session.scalar(select(Space.usage)) or 0) - used == len(CONTENT + b"docs/a/f") + 14


def test_a_copy_keeps_its_modification_time_and_has_a_new_creation_time(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    made = bench.files(session, alice).get("x").modified_at
    bench.clock.advance(days=1)

    (copied,) = moving.copy(["x"], "y", OnConflict.FAIL)

    assert (copied.modified_at, copied.created_at) == (made, bench.clock())


def test_a_copy_in_the_same_folder_needs_another_name(
    moving: Moving, session: Session, bench: Workbench, alice: Account
) -> None:
    for on_conflict in (OnConflict.FAIL, OnConflict.REPLACE):
        with pytest.raises(EntryExists):
            moving.copy(["x"], "", on_conflict)
    (copied,) = moving.copy(["x"], "", OnConflict.RENAME)

    assert copied.path == "x (2)"


def test_a_copy_without_space_is_refused_completely(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=100)
    bench.upload(session, bob, "d/f", bytes(60))
    moving = bench.moving(session, bob)

    with pytest.raises(QuotaExceeded):
        moving.copy(["d"], "e", OnConflict.FAIL)

    assert paths_of(session, bench, bob) == ["d", "d/f"]
    check_rows(session)


def test_a_copy_of_many_levels_and_batches_is_complete(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.tree.copying._BATCH", 2)
    files = bench.files(session, alice)
    files.make_folders([f"t/{one}/{two}/{three}" for one in "abc" for two in "abc" for three in "ab"])
    bench.upload(session, alice, "t/c/b/a/f", CONTENT)

    bench.moving(session, alice).copy(["t"], "u", OnConflict.FAIL)

    paths = paths_of(session, bench, alice)
    twins = [path.replace("t", "u", 1) for path in paths if path.startswith("t")]
    assert [path for path in paths if path.startswith("u")] == twins
    check_rows(session)


def test_no_move_makes_a_path_too_long(session: Session, bench: Workbench, alice: Account) -> None:
    files, moving = bench.files(session, alice), bench.moving(session, alice)
    deep = "/".join(["d" * 200] * 10)
    fits = "n" * (PATH_BYTES - len(deep) - 1)
    files.make_folder(deep)
    files.make_folder(fits)
    files.make_folder(fits + "n")

    for action in (moving.move, moving.copy):
        with pytest.raises(InvalidName):
            action(["d" * 200], fits + "n", OnConflict.FAIL)
    (moved,) = moving.move(["d" * 200], fits, OnConflict.FAIL)

    assert files.get(f"{fits}/{deep}").is_folder
    assert moved.path == f"{fits}/" + "d" * 200
    check_rows(session)


def test_no_move_makes_a_path_too_deep(session: Session, bench: Workbench, alice: Account) -> None:
    files, moving = bench.files(session, alice), bench.moving(session, alice)
    files.make_folder("/".join("d" * 62))
    files.make_folder("a/b/c")

    with pytest.raises(InvalidName):
        moving.move(["d"], "a/b/c", OnConflict.FAIL)
    moving.move(["d"], "a/b", OnConflict.FAIL)

    assert files.get("/".join("ab" + "d" * 62)).is_folder


def test_entries_removed_from_a_folder_do_not_limit_its_moves(
    session: Session, bench: Workbench, alice: Account
) -> None:
    files, moving = bench.files(session, alice), bench.moving(session, alice)
    files.make_folder("/".join(["d" * 200] * 10))
    moving.move(["/".join(["d" * 200] * 2)], "elsewhere", OnConflict.FAIL)
    files.make_folder("n" * 100)

    moving.move(["d" * 200], "n" * 100, OnConflict.FAIL)

    assert files.get("n" * 100 + "/" + "d" * 200).is_folder
    check_rows(session)


@pytest.mark.parametrize("count", [1, 300])
def test_the_number_of_statements_of_a_move_is_constant(
    session: Session, bench: Workbench, alice: Account, count: int
) -> None:
    files = bench.files(session, alice)
    files.make_folders([f"t/{number:03}" for number in range(count)])
    said: list[str] = []
    event.listen(bench.engine, "before_cursor_execute", lambda *call: said.append(call[2]))

    bench.moving(session, alice).move(["t"], "far/away/", OnConflict.FAIL)

    assert len([statement for statement in said if statement.startswith(("SELECT", "UPDATE"))]) <= 17
    # Changes walk upwards: ancestors are updated for every added and removed entry.
    assert all("way(id" in statement for statement in said if "RECURSIVE" in statement)


def test_entries_of_other_users_cannot_be_moved(session: Session, bench: Workbench, alice: Account) -> None:
    bob = bench.register(session, "bob")
    bench.upload(session, bob, "secret", CONTENT)

    for action in (bench.moving(session, alice).move, bench.moving(session, alice).copy):
        with pytest.raises(NotFound):
            action(["secret"], "mine", OnConflict.FAIL)

    assert [node.name for node in session.scalars(select(Node).where(Node.space_id == alice.id))] == [""]
