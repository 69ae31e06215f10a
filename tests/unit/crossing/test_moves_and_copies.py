"""Moves and copies between spaces: a copy there, the original in its own trash, and the rights needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    EntryExists,
    FolderFull,
    Forbidden,
    IntoItself,
    InvalidField,
    IsAFolder,
    NotFound,
    QuotaExceeded,
    TooManyEntries,
)
from cabinet.models import Node, Space
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.changes.crossing import Source
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree
from tests.support.audit import check_rows
from tests.support.mounts import leave, mount
from tests.support.services import Guest, content_of
from tests.support.small_steps import make_steps_small
from tests.unit.crossing.conftest import Ends, Spaces, below, every_way, hers, lib, own

TREE = ["t", "t/empty", "t/sub", "t/sub/b", "t/a"]


def used(spaces: Spaces, acting: Guest) -> tuple[int, int]:
    spaces.session.expire_all()
    space = spaces.session.get_one(Space, acting.scope.space_id)
    return space.usage, space.entries


@every_way
def test_a_copy_equals_its_original_and_counts_in_the_target_space(spaces: Spaces, ends: Ends) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = (end(spaces) for end in ends)
    before, usage = spaces.all(), used(spaces, target)

    copied = bench.crossing(session, target).copy([Source(source.scope, "t")], "copies/", OnConflict.FAIL)

    (entry,) = copied.entries
    assert (entry.path, entry.is_folder) == ("copies/t", True)
    assert below(spaces, target, "copies/t") == [f"copies/{path}" for path in TREE]
    assert entry.totals is not None
    original = bench.files(session, source).get("t")
    assert original.totals is not None
    assert (entry.totals.files, entry.totals.size) == (original.totals.files, original.totals.size)
    assert content_of(session, bench, target, "copies/t/a") == content_of(session, bench, source, "t/a")
    # A copy has no history to count.
    assert len(bench.versions(session, target).list("copies/t/a")) == 1
    size = original.totals.size
    assert used(spaces, target) == (usage[0] + size, usage[1] + len(TREE) + 1)
    assert [each.path for each in bench.search(session, target).page("sub", "copies", 10).entries] == [
        "copies/t/sub"
    ]
    check_rows(session)
    bench.trash(session, target).add(["copies"])
    assert [each for each in spaces.all() if isinstance(each, list)][::2] == [
        each for each in before if isinstance(each, list)
    ][::2]


@every_way
def test_a_moved_original_is_in_the_trash_with_its_history(spaces: Spaces, ends: Ends) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = (end(spaces) for end in ends)
    held = content_of(session, bench, source, "t/a")
    usage = used(spaces, source)

    moved = bench.crossing(session, target).move([Source(source.scope, "t")], "moved", OnConflict.FAIL)

    assert [entry.path for entry in moved.entries] == ["moved"]
    assert below(spaces, target, "moved") == [path.replace("t", "moved", 1) for path in TREE]
    assert content_of(session, bench, target, "moved/a") == held
    assert bench.files(session, source).look_up(["t"]) == [None]
    # The trash still counts.
    assert used(spaces, source) == usage
    trashed = session.scalars(select(Node).where(Node.trash_id.is_not(None))).one()
    assert (trashed.space_id, trashed.trashed_by) == (source.scope.space_id, spaces.bob.id)
    check_rows(session)
    back = bench.trash(session, source).restore(str(trashed.trash_id))
    assert back.path == "t"
    assert len(bench.versions(session, source).list("t/a")) == 2
    check_rows(session)


def test_entries_of_several_spaces_arrive_together(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    target = hers(spaces)
    sources = [
        Source(own(spaces).scope, "t/a"),
        Source(target.scope, "t/sub"),
        Source(lib(spaces).scope, "t"),
    ]

    moved = bench.crossing(session, target).move(sources, "all/", OnConflict.FAIL)

    assert [entry.path for entry in moved.entries] == ["all/a", "all/sub", "all/t"]
    assert content_of(session, bench, target, "all/a") == b"bob a"
    assert content_of(session, bench, target, "all/sub/b") == b"alice t/sub/b"
    assert content_of(session, bench, target, "all/t/a") == b"carol a"
    check_rows(session)


def test_a_folder_that_is_the_root_of_its_scope_is_copied_by_its_name(spaces: Spaces) -> None:
    source = Source(hers(spaces).scope, "", "Hers")
    crossing = spaces.bench.crossing(spaces.session, spaces.bob)

    (entry,) = crossing.copy([source], "copies/", OnConflict.FAIL).entries

    assert (entry.path, entry.name) == ("copies/Hers", "Hers")
    assert below(spaces, own(spaces), "copies/Hers")[1:] == [f"copies/Hers/{path}" for path in TREE]
    with pytest.raises(IsAFolder):
        crossing.move([source], "copies/", OnConflict.RENAME)
    check_rows(spaces.session)


@pytest.mark.parametrize("way", ["move", "copy"])
def test_an_existing_name_is_refused_numbered_or_replaced(spaces: Spaces, way: str) -> None:
    session, bench = spaces.session, spaces.bench
    target = hers(spaces)
    arrange = getattr(bench.crossing(session, target), way)
    before = spaces.all()

    with pytest.raises(EntryExists) as refused:
        arrange([Source(spaces.bob.scope, "t/a")], "t/", OnConflict.FAIL)
    assert refused.value.path == "t/a"
    assert spaces.all() == before

    (numbered,) = arrange([Source(spaces.bob.scope, "t/sub")], "t/", OnConflict.RENAME).entries
    (replaced,) = arrange([Source(spaces.bob.scope, "t/a")], "t/", OnConflict.REPLACE).entries

    assert (numbered.path, replaced.path) == ("t/sub (2)", "t/a")
    assert content_of(session, bench, target, "t/a") == b"bob a"
    (rival,) = bench.trash(session, spaces.alice).list_page(10).entries
    assert rival.entry.path == "work/shared/t/a"
    check_rows(session)


def limited(scope: Scope, ceiling: Rights) -> Guest:
    return Guest(replace(scope, actor=Actor(scope.actor.user_id, ceiling)))


def test_a_copy_needs_read_and_a_move_needs_change_rights(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = hers(spaces).scope, spaces.bob
    needed = Rights.READ | Rights.WRITE | Rights.DELETE
    crossing = bench.crossing(session, target)
    before = spaces.all()

    for missing in needed:
        less = limited(source, needed & ~missing).scope
        with pytest.raises(Forbidden):
            crossing.move([Source(less, "t/a")], "x", OnConflict.FAIL)
        with pytest.raises(Forbidden):
            bench.bulk(session, target, Guest(less)).move(
                FolderSelection("t", frozenset(), 3), "x/", OnConflict.FAIL
            )
    with pytest.raises(Forbidden):
        crossing.copy(
            [Source(limited(source, Rights.LIST | Rights.WRITE).scope, "t/a")], "x", OnConflict.FAIL
        )

    assert spaces.all() == before
    assert crossing.copy([Source(limited(source, Rights.READ).scope, "t/a")], "x", OnConflict.FAIL).entries


def test_a_target_needs_write_and_a_replacement_delete_rights(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    source = [Source(spaces.bob.scope, "t/a")]
    before = spaces.all()

    for way in ("move", "copy"):
        read_only = bench.crossing(session, limited(hers(spaces).scope, Rights.LIST | Rights.READ))
        with pytest.raises(Forbidden):
            getattr(read_only, way)(source, "x", OnConflict.FAIL)
        adding = bench.crossing(session, limited(hers(spaces).scope, Rights.LIST | Rights.WRITE))
        with pytest.raises(Forbidden):
            getattr(adding, way)(source, "t/a", OnConflict.REPLACE)
        assert spaces.all() == before

    assert adding.copy(source, "x", OnConflict.FAIL).entries[0].path == "x"


@pytest.mark.parametrize("way", ["move", "copy"])
@pytest.mark.parametrize("changed", ["source", "target"])
def test_a_mount_with_reduced_rights_is_refused(spaces: Spaces, way: str, changed: str) -> None:
    session, bench = spaces.session, spaces.bench
    guests = {"source": lib(spaces), "target": hers(spaces)}
    leave(session, bench, spaces.bob, "Lib" if changed == "source" else "Hers")
    before = spaces.all()

    with pytest.raises(NotFound):
        getattr(bench.crossing(session, guests["target"]), way)(
            [Source(guests["source"].scope, "t")], "x", OnConflict.FAIL
        )

    assert spaces.all() == before
    check_rows(session)


def set_space(session: Session, account: Account, **values: int) -> None:
    with writing(session):
        space = session.get_one(Space, account.space_id)
        for name, value in values.items():
            setattr(space, name, value)


@pytest.mark.parametrize("size", [3, 500], ids=["large", "small"])
@pytest.mark.parametrize("way", ["move", "copy"])
def test_an_entry_without_space_in_the_target_stays(
    spaces: Spaces, monkeypatch: pytest.MonkeyPatch, way: str, size: int
) -> None:
    make_steps_small(monkeypatch, size, "changes.building", "changes.recovery")
    session, bench = spaces.session, spaces.bench
    into_hers = getattr(bench.crossing(session, hers(spaces)), way)
    into_own = getattr(bench.crossing(session, spaces.bob), way)
    rows = spaces.rows()
    for account in (spaces.alice, spaces.bob):
        space = session.get_one(Space, account.space_id)
        set_space(session, account, quota=space.usage + 5)
    before = spaces.all()

    with pytest.raises(FolderFull):
        into_hers([Source(spaces.bob.scope, "t")], "x", OnConflict.FAIL)
    with pytest.raises(QuotaExceeded):
        into_own([Source(hers(spaces).scope, "t")], "x", OnConflict.FAIL)
    for account in (spaces.alice, spaces.bob):
        with writing(session):
            session.get_one(Space, account.space_id).quota = None
    bind_caps(session, Caps(entries=session.get_one(Space, spaces.alice.space_id).entries + 2))
    with pytest.raises(TooManyEntries):
        into_hers([Source(spaces.bob.scope, "t")], "x", OnConflict.FAIL)

    assert (spaces.all(), spaces.rows()) == (before, rows)
    check_rows(session)


def test_a_folder_is_not_moved_into_itself_through_another_mount(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    mount(session, "alice", "work/shared/t/sub", "bob", "Sub")
    target = bench.crossing(session, spaces.behind("Sub"))
    before = spaces.all()

    for path in ("t", "t/sub"):
        for arrange in (target.move, target.copy):
            with pytest.raises(IntoItself) as refused:
                arrange([Source(hers(spaces).scope, path)], "", OnConflict.FAIL)
            assert "shared" not in refused.value.path

    assert spaces.all() == before


def test_duplicate_and_nested_sources_are_refused(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    mount(session, "alice", "work/shared/t", "bob", "T")
    crossing = bench.crossing(session, spaces.bob)
    shared, t = hers(spaces).scope, spaces.behind("T").scope
    before = spaces.all()

    for arrange in (crossing.move, crossing.copy):
        with pytest.raises(InvalidField):
            arrange([Source(shared, "t/a"), Source(t, "a")], "x/", OnConflict.FAIL)
        with pytest.raises(InvalidField):
            arrange([], "x/", OnConflict.FAIL)
        with pytest.raises(InvalidField):
            arrange([Source(shared, "t/a"), Source(shared, "t/sub")], "x", OnConflict.FAIL)
        with pytest.raises(NotFound):
            arrange([Source(shared, "t/a"), Source(shared, "none")], "x/", OnConflict.FAIL)
        with pytest.raises(IsAFolder):
            arrange([Source(shared, "")], "x/", OnConflict.FAIL)
    with pytest.raises(InvalidField):
        crossing.move([Source(shared, "t"), Source(t, "a")], "x/", OnConflict.FAIL)
    assert spaces.all() == before

    copied = crossing.copy([Source(shared, "t"), Source(t, "a")], "x/", OnConflict.FAIL)
    assert [entry.path for entry in copied.entries] == ["x/t", "x/a"]
    check_rows(session)


def test_two_sources_of_one_name_do_not_replace_each_other(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    sources = [Source(lib(spaces).scope, "t/a"), Source(hers(spaces).scope, "t/a")]
    crossing = bench.crossing(session, spaces.bob)
    before = spaces.all()

    for on_conflict in (OnConflict.FAIL, OnConflict.REPLACE):
        with pytest.raises(EntryExists):
            crossing.move(sources, "x/", on_conflict)
        assert spaces.all() == before

    moved = crossing.move(sources, "x/", OnConflict.RENAME)
    assert [entry.path for entry in moved.entries] == ["x/a", "x/a (2)"]
    assert content_of(session, bench, spaces.bob, "x/a (2)") == b"alice a"
    check_rows(session)


def test_a_path_in_the_space_of_the_target_is_not_too_long(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    long = "/".join(["d" * 200] * 9)
    bench.upload(session, spaces.bob, f"{long}/f", b"x")
    bench.files(session, spaces.alice).make_folder("e" * 250)
    node_id = Tree(session, spaces.alice.scope).get(split_path("e" * 250)).id
    mounted = Mounts(session, spaces.bob.scope).add(
        node_id, "E", ShareRole.EDITOR, OnConflict.FAIL, bench.clock()
    )

    with pytest.raises(CabinetError) as refused:
        bench.crossing(session, Guest(mounted.scope)).copy(
            [Source(spaces.bob.scope, "d" * 200)], "x/y/z/", OnConflict.FAIL
        )

    assert refused.value.slug == "invalid-name"
    assert "e" * 250 not in str(refused.value)
    check_rows(session)
