"""Moves and copies between spaces: a copy there, the original in its own trash, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pytest
from sqlalchemy import func, select
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
    SelectionChanged,
    TooManyEntries,
    Unavailable,
)
from cabinet.models import Batch, BatchItem, BatchKind, Node, Space, Version
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes.crossing import Source
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.kernel.database import writing
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree
from tests.support.audit import check_rows
from tests.support.mounts import mount
from tests.support.services import Action, Guest, Workbench, at_once, content_of, paths_of
from tests.support.small_steps import Killed, call_after, make_steps_small

TREE = ["t", "t/empty", "t/sub", "t/sub/b", "t/a"]
# Each has four files and folders more than a step of three.
LARGE = [f"t/{number}" for number in range(4)]


@dataclass(frozen=True)
class Spaces:
    """Bob, who has a folder of alice's and one of carol's, with what tells how these are at the moment."""

    session: Session
    bench: Workbench
    alice: Account
    bob: Account
    carol: Account

    def behind(self, name: str) -> Guest:
        """Return bob behind one of his mounts."""
        return Guest(Mounts(self.session, self.bob.scope).place(name).scope)

    def all(self) -> tuple[object, ...]:
        """Return what everybody has, in the trash, too, and what counts for it."""
        self.session.rollback()
        self.session.expire_all()
        found: list[object] = []
        for user in (self.alice, self.bob, self.carol):
            space = self.session.get_one(Space, user.space_id)
            trash = self.bench.trash(self.session, user).list_page(100).entries
            found += [
                paths_of(self.session, self.bench, user),
                sorted(each.entry.path for each in trash),
                space.usage,
                space.entries,
            ]
        return tuple(found)

    def rows(self) -> list[int]:
        """Return how many nodes, versions, batches and items there are."""
        self.session.rollback()
        tables = (Node, Version, Batch, BatchItem)
        return [self.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


@pytest.fixture
def spaces(session: Session, bench: Workbench, alice: Account) -> Spaces:
    bob, carol = (bench.register(session, name) for name in ("bob", "carol"))
    for owner, path in ((alice, "work/shared/"), (bob, ""), (carol, "lib/")):
        bench.files(session, owner).make_folder(f"{path}t/empty")
        for name in ("t/sub/b", "t/a"):
            bench.upload(session, owner, path + name, f"{owner.username} {name}".encode())
        bench.upload(session, owner, f"{path}t/a", f"{owner.username} a".encode())
    mount(session, "alice", "work/shared", "bob", "Hers")
    mount(session, "carol", "lib", "bob", "Lib")
    return Spaces(session, bench, alice, bob, carol)


Ends = tuple[Callable[[Spaces], Guest], Callable[[Spaces], Guest]]


def own(spaces: Spaces) -> Guest:
    return Guest(spaces.bob.scope)


def hers(spaces: Spaces) -> Guest:
    return spaces.behind("Hers")


def lib(spaces: Spaces) -> Guest:
    return spaces.behind("Lib")


WAYS: list[Ends] = [(own, hers), (hers, own), (hers, lib)]
every_way = pytest.mark.parametrize(
    "ends", WAYS, ids=["out of the own space", "into the own space", "between two mounts"]
)


def below(spaces: Spaces, acting: Guest, path: str) -> list[str]:
    """Return what lies at a path and below it."""
    listed = spaces.bench.files(spaces.session, acting).list_below(path, 100, None).entries
    return [path, *(entry.path for entry in listed)]


def used(spaces: Spaces, acting: Guest) -> tuple[int, int]:
    spaces.session.expire_all()
    space = spaces.session.get_one(Space, acting.scope.space_id)
    return space.usage, space.entries


@every_way
def test_a_copy_has_what_the_original_has_and_counts_where_it_lies(spaces: Spaces, ends: Ends) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = (end(spaces) for end in ends)
    before, usage = spaces.all(), used(spaces, target)

    copied = bench.crossing(session, target).copy([Source(source.scope, "t")], "copies/", Conflict.FAIL)

    (entry,) = copied.entries
    assert (entry.path, entry.is_folder) == ("copies/t", True)
    assert below(spaces, target, "copies/t") == [f"copies/{path}" for path in TREE]
    assert entry.insides is not None
    original = bench.files(session, source).get("t")
    assert original.insides is not None
    assert (entry.insides.files, entry.insides.size) == (original.insides.files, original.insides.size)
    assert content_of(session, bench, target, "copies/t/a") == content_of(session, bench, source, "t/a")
    # It has no history, so that is no part of what counts.
    assert len(bench.versions(session, target).list("copies/t/a")) == 1
    size = original.insides.size
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
def test_a_move_leaves_the_original_in_its_trash_with_its_history(spaces: Spaces, ends: Ends) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = (end(spaces) for end in ends)
    held = content_of(session, bench, source, "t/a")
    usage = used(spaces, source)

    moved = bench.crossing(session, target).move([Source(source.scope, "t")], "moved", Conflict.FAIL)

    assert [entry.path for entry in moved.entries] == ["moved"]
    assert below(spaces, target, "moved") == [path.replace("t", "moved", 1) for path in TREE]
    assert content_of(session, bench, target, "moved/a") == held
    assert bench.files(session, source).look_up(["t"]) == [None]
    # What is in the trash still counts.
    assert used(spaces, source) == usage
    trashed = session.scalars(select(Node).where(Node.trash_id.is_not(None))).one()
    assert (trashed.space_id, trashed.trashed_by) == (source.scope.space_id, spaces.bob.id)
    check_rows(session)
    back = bench.trash(session, source).restore(str(trashed.trash_id))
    assert back.path == "t"
    assert len(bench.versions(session, source).list("t/a")) == 2
    check_rows(session)


def test_things_of_several_spaces_arrive_together(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    target = hers(spaces)
    sources = [
        Source(own(spaces).scope, "t/a"),
        Source(target.scope, "t/sub"),
        Source(lib(spaces).scope, "t"),
    ]

    moved = bench.crossing(session, target).move(sources, "all/", Conflict.FAIL)

    assert [entry.path for entry in moved.entries] == ["all/a", "all/sub", "all/t"]
    assert content_of(session, bench, target, "all/a") == b"bob a"
    assert content_of(session, bench, target, "all/sub/b") == b"alice t/sub/b"
    assert content_of(session, bench, target, "all/t/a") == b"carol a"
    check_rows(session)


def test_a_folder_that_is_all_of_its_scope_is_copied_by_its_name(spaces: Spaces) -> None:
    source = Source(hers(spaces).scope, "", "Hers")
    crossing = spaces.bench.crossing(spaces.session, spaces.bob)

    (entry,) = crossing.copy([source], "copies/", Conflict.FAIL).entries

    assert (entry.path, entry.name) == ("copies/Hers", "Hers")
    assert below(spaces, own(spaces), "copies/Hers")[1:] == [f"copies/Hers/{path}" for path in TREE]
    with pytest.raises(IsAFolder):
        crossing.move([source], "copies/", Conflict.RENAME)
    check_rows(spaces.session)


@pytest.mark.parametrize("way", ["move", "copy"])
def test_a_name_in_use_is_refused_numbered_or_replaced(spaces: Spaces, way: str) -> None:
    session, bench = spaces.session, spaces.bench
    target = hers(spaces)
    arrange = getattr(bench.crossing(session, target), way)
    before = spaces.all()

    with pytest.raises(EntryExists) as refused:
        arrange([Source(spaces.bob.scope, "t/a")], "t/", Conflict.FAIL)
    assert refused.value.path == "t/a"
    assert spaces.all() == before

    (numbered,) = arrange([Source(spaces.bob.scope, "t/sub")], "t/", Conflict.RENAME).entries
    (replaced,) = arrange([Source(spaces.bob.scope, "t/a")], "t/", Conflict.REPLACE).entries

    assert (numbered.path, replaced.path) == ("t/sub (2)", "t/a")
    assert content_of(session, bench, target, "t/a") == b"bob a"
    (rival,) = bench.trash(session, spaces.alice).list_page(10).entries
    assert rival.entry.path == "work/shared/t/a"
    check_rows(session)


def limited(scope: Scope, ceiling: Rights) -> Guest:
    return Guest(replace(scope, actor=Actor(scope.actor.user_id, ceiling)))


def test_a_source_is_read_to_be_copied_and_changed_to_be_moved(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = hers(spaces).scope, spaces.bob
    needed = Rights.READ | Rights.WRITE | Rights.DELETE
    crossing = bench.crossing(session, target)
    before = spaces.all()

    for missing in needed:
        less = limited(source, needed & ~missing).scope
        with pytest.raises(Forbidden):
            crossing.move([Source(less, "t/a")], "x", Conflict.FAIL)
        with pytest.raises(Forbidden):
            bench.bulk(session, target, Guest(less)).move(
                FolderSelection("t", frozenset(), 3), "x/", Conflict.FAIL
            )
    with pytest.raises(Forbidden):
        crossing.copy([Source(limited(source, Rights.LIST | Rights.WRITE).scope, "t/a")], "x", Conflict.FAIL)

    assert spaces.all() == before
    assert crossing.copy([Source(limited(source, Rights.READ).scope, "t/a")], "x", Conflict.FAIL).entries


def test_a_target_is_written_to_and_what_is_replaced_deleted(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    source = [Source(spaces.bob.scope, "t/a")]
    before = spaces.all()

    for way in ("move", "copy"):
        read_only = bench.crossing(session, limited(hers(spaces).scope, Rights.LIST | Rights.READ))
        with pytest.raises(Forbidden):
            getattr(read_only, way)(source, "x", Conflict.FAIL)
        adding = bench.crossing(session, limited(hers(spaces).scope, Rights.LIST | Rights.WRITE))
        with pytest.raises(Forbidden):
            getattr(adding, way)(source, "t/a", Conflict.REPLACE)
        assert spaces.all() == before

    assert adding.copy(source, "x", Conflict.FAIL).entries[0].path == "x"


@pytest.mark.parametrize("way", ["move", "copy"])
@pytest.mark.parametrize("changed", ["source", "target"])
def test_a_mount_that_gives_less_by_now_gives_no_more(spaces: Spaces, way: str, changed: str) -> None:
    session, bench = spaces.session, spaces.bench
    guests = {"source": lib(spaces), "target": hers(spaces)}
    Mounts(session, spaces.bob.scope).leave("Lib" if changed == "source" else "Hers")
    before = spaces.all()

    with pytest.raises(NotFound):
        getattr(bench.crossing(session, guests["target"]), way)(
            [Source(guests["source"].scope, "t")], "x", Conflict.FAIL
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
def test_what_has_no_room_there_stays_where_it_is(
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
        into_hers([Source(spaces.bob.scope, "t")], "x", Conflict.FAIL)
    with pytest.raises(QuotaExceeded):
        into_own([Source(hers(spaces).scope, "t")], "x", Conflict.FAIL)
    for account in (spaces.alice, spaces.bob):
        with writing(session):
            session.get_one(Space, account.space_id).quota = None
    bind_caps(session, Caps(entries=session.get_one(Space, spaces.alice.space_id).entries + 2))
    with pytest.raises(TooManyEntries):
        into_hers([Source(spaces.bob.scope, "t")], "x", Conflict.FAIL)

    assert (spaces.all(), spaces.rows()) == (before, rows)
    check_rows(session)


@every_way
def test_an_undone_move_is_where_it_was_with_its_history(spaces: Spaces, ends: Ends) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = (end(spaces) for end in ends)
    before = paths_of(session, bench, source), paths_of(session, bench, target)
    moved = bench.crossing(session, target).move([Source(source.scope, "t")], "", Conflict.REPLACE)
    assert moved.batch_id is not None

    count = bench.bulk(session, target).undo(moved.batch_id, {BatchKind.MOVE}, [source.scope])

    # What was moved, and what that had replaced.
    assert count == 2
    assert (paths_of(session, bench, source), paths_of(session, bench, target)) == before
    assert len(bench.versions(session, source).list("t/a")) == 2
    assert len(bench.versions(session, target).list("t/a")) == 2
    check_rows(session)
    with pytest.raises(NotFound):
        bench.bulk(session, target).undo(moved.batch_id, {BatchKind.MOVE}, [source.scope])


def test_an_undone_copy_goes_to_the_trash_and_its_original_stays(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    before = spaces.all()[::4]
    copied = bench.crossing(session, hers(spaces)).copy([Source(spaces.bob.scope, "t")], "x", Conflict.FAIL)
    assert copied.batch_id is not None

    assert bench.bulk(session, hers(spaces)).undo(copied.batch_id, {BatchKind.COPY}) == 1

    assert spaces.all()[::4] == before
    check_rows(session)


@pytest.mark.parametrize("change", ["left", "restored", "its folder in the trash", "viewer"])
def test_a_move_is_not_undone_where_its_source_is_out_of_reach(spaces: Spaces, change: str) -> None:
    session, bench = spaces.session, spaces.bench
    source = hers(spaces)
    moved = bench.crossing(session, spaces.bob).move([Source(source.scope, "t/sub")], "x", Conflict.FAIL)
    assert moved.batch_id is not None
    if change == "left":
        Mounts(session, spaces.bob.scope).leave("Hers")
    elif change == "restored":
        (found,) = bench.trash(session, spaces.alice).list_page(10).entries
        bench.trash(session, spaces.alice).restore(found.id)
    elif change == "viewer":
        with writing(session):
            session.scalars(select(Node).where(Node.name == "Hers")).one().role = ShareRole.VIEWER
    else:
        bench.files(session, spaces.alice).trash("work/shared/t")
    before = spaces.all()

    with pytest.raises(NotFound):
        bench.bulk(session, spaces.bob).undo(moved.batch_id, {BatchKind.MOVE}, [source.scope])

    assert spaces.all() == before
    check_rows(session)


def test_within_one_space_a_move_keeps_the_history_and_can_be_undone(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    bench.files(session, spaces.alice).make_folder("other/place")
    mount(session, "alice", "other", "bob", "Other")
    source, target = hers(spaces), spaces.behind("Other")
    before = spaces.all()

    moved = bench.crossing(session, target).move([Source(source.scope, "t/a")], "place/", Conflict.FAIL)

    assert [entry.path for entry in moved.entries] == ["place/a"]
    assert len(bench.versions(session, target).list("place/a")) == 2
    assert bench.trash(session, spaces.alice).count() == 0
    check_rows(session)
    assert moved.batch_id is not None
    with pytest.raises(NotFound):
        # As when the mount that it came from has been left.
        bench.bulk(session, target).undo(moved.batch_id, {BatchKind.MOVE}, [])
    assert paths_of(session, bench, target) == ["place", "place/a"]
    bench.bulk(session, target).undo(moved.batch_id, {BatchKind.MOVE}, [source.scope])
    assert spaces.all() == before
    check_rows(session)


def test_a_folder_does_not_go_into_itself_by_way_of_another_mount(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    mount(session, "alice", "work/shared/t/sub", "bob", "Sub")
    target = bench.crossing(session, spaces.behind("Sub"))
    before = spaces.all()

    for path in ("t", "t/sub"):
        for arrange in (target.move, target.copy):
            with pytest.raises(IntoItself) as refused:
                arrange([Source(hers(spaces).scope, path)], "", Conflict.FAIL)
            assert "shared" not in refused.value.path

    assert spaces.all() == before


def test_nothing_is_named_twice_or_moved_with_what_it_lies_in(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    mount(session, "alice", "work/shared/t", "bob", "T")
    crossing = bench.crossing(session, spaces.bob)
    shared, t = hers(spaces).scope, spaces.behind("T").scope
    before = spaces.all()

    for arrange in (crossing.move, crossing.copy):
        with pytest.raises(InvalidField):
            arrange([Source(shared, "t/a"), Source(t, "a")], "x/", Conflict.FAIL)
        with pytest.raises(InvalidField):
            arrange([], "x/", Conflict.FAIL)
        with pytest.raises(InvalidField):
            arrange([Source(shared, "t/a"), Source(shared, "t/sub")], "x", Conflict.FAIL)
        with pytest.raises(NotFound):
            arrange([Source(shared, "t/a"), Source(shared, "none")], "x/", Conflict.FAIL)
        with pytest.raises(IsAFolder):
            arrange([Source(shared, "")], "x/", Conflict.FAIL)
    with pytest.raises(InvalidField):
        crossing.move([Source(shared, "t"), Source(t, "a")], "x/", Conflict.FAIL)
    assert spaces.all() == before

    copied = crossing.copy([Source(shared, "t"), Source(t, "a")], "x/", Conflict.FAIL)
    assert [entry.path for entry in copied.entries] == ["x/t", "x/a"]
    check_rows(session)


def test_two_of_one_name_do_not_take_each_other_s_place(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    sources = [Source(lib(spaces).scope, "t/a"), Source(hers(spaces).scope, "t/a")]
    crossing = bench.crossing(session, spaces.bob)
    before = spaces.all()

    for on_conflict in (Conflict.FAIL, Conflict.REPLACE):
        with pytest.raises(EntryExists):
            crossing.move(sources, "x/", on_conflict)
        assert spaces.all() == before

    moved = crossing.move(sources, "x/", Conflict.RENAME)
    assert [entry.path for entry in moved.entries] == ["x/a", "x/a (2)"]
    assert content_of(session, bench, spaces.bob, "x/a (2)") == b"alice a"
    check_rows(session)


@pytest.fixture
def large(spaces: Spaces, monkeypatch: pytest.MonkeyPatch) -> Spaces:
    """Let a few entries be many, and `t` of bob and of alice have more of them."""
    make_steps_small(monkeypatch, 3, "changes.building", "changes.recovery")
    for acting in (own(spaces), hers(spaces)):
        for path in LARGE:
            spaces.bench.upload(spaces.session, acting, path, path.encode())
    spaces.session.rollback()
    return spaces


Act = Callable[[Spaces], object]


def move_path(spaces: Spaces) -> object:
    crossing = spaces.bench.crossing(spaces.session, hers(spaces))
    return crossing.move([Source(spaces.bob.scope, "t")], "x/y", Conflict.FAIL)


def copy_path(spaces: Spaces) -> object:
    crossing = spaces.bench.crossing(spaces.session, spaces.bob)
    return crossing.copy([Source(hers(spaces).scope, "t")], "x/y", Conflict.FAIL)


def move_everything(spaces: Spaces) -> object:
    bulk = spaces.bench.bulk(spaces.session, hers(spaces), spaces.bob)
    return bulk.move(FolderSelection("t", frozenset({"empty"}), 6), "x/y/", Conflict.FAIL)


def copy_everything(spaces: Spaces) -> object:
    bulk = spaces.bench.bulk(spaces.session, spaces.bob, hers(spaces))
    return bulk.copy(FolderSelection("", frozenset(), 1), "x/y/", Conflict.FAIL)


every_act = pytest.mark.parametrize("act", [move_path, copy_path, move_everything, copy_everything])


@every_act
def test_what_takes_many_transactions_has_all_in_the_end(large: Spaces, act: Act) -> None:
    act(large)

    names = [*LARGE, "t/a", "t/empty", "t/sub", "t/sub/b"]
    target = hers(large) if act in (move_path, move_everything) else own(large)
    expected: dict[Act, list[str]] = {
        move_path: [name.replace("t", "x/y", 1) for name in names],
        copy_path: [name.replace("t", "x/y", 1) for name in names],
        move_everything: [name.replace("t", "x/y", 1) for name in names if name != "t/empty"],
        copy_everything: ["x/y/t", *(f"x/y/{name}" for name in names)],
    }
    assert sorted(below(large, target, "x")[2:]) == sorted(expected[act])
    if act is move_path:
        assert "t" not in paths_of(large.session, large.bench, large.bob)
    if act is move_everything:
        assert [path for path in paths_of(large.session, large.bench, large.bob) if path.startswith("t")] == [
            "t", "t/empty"
        ]  # fmt: skip
    check_rows(large.session)
    inspection = Inspection(large.session, large.bench.store)
    assert (list(inspection.verify()), inspection.verify_usage(), list(inspection.verify_folders())) == (
        [],
        [],
        [],
    )


@every_act
@pytest.mark.parametrize("step", [2, 4])
def test_a_process_that_dies_on_the_way_leaves_nothing_and_loses_nothing(
    large: Spaces, monkeypatch: pytest.MonkeyPatch, act: Act, step: int
) -> None:
    before, rows = large.all(), large.rows()
    steps = iter(range(1, 1000))

    def die() -> None:
        if next(steps) == step:
            raise Killed

    with monkeypatch.context() as patch:
        call_after(patch, "changes.batches.publishing", die)
        with pytest.raises(Killed):
            act(large)
    large.session.rollback()
    check_rows(large.session)
    large.bench.clock.advance(minutes=2)
    Recovery(large.session, large.bench.clock).recover()

    assert (large.all(), large.rows()) == (before, rows)
    check_rows(large.session)


@pytest.mark.long
@every_act
def test_a_process_that_dies_anywhere_leaves_nothing(
    large: Spaces, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    for step in range(1, 100):
        before = large.all()
        steps = iter(range(1, 1000))

        def die(last: int = step, steps: object = steps) -> None:
            if next(steps) == last:  # type: ignore[call-overload]
                raise Killed

        try:
            with monkeypatch.context() as patch:
                call_after(patch, "changes.batches.publishing", die)
                act(large)
        except Killed:
            large.session.rollback()
        else:
            break
        large.bench.clock.advance(minutes=2)
        Recovery(large.session, large.bench.clock).recover()
        check_rows(large.session)
        if large.all() != before:
            # It was the last step: all of it is there, and nobody was told so.
            break
    assert step > 4


@pytest.mark.parametrize("act", [move_path, move_everything])
@pytest.mark.parametrize("change", ["content", "another file", "taken away"])
def test_what_changes_while_it_is_moved_stays_where_it_is(
    large: Spaces, monkeypatch: pytest.MonkeyPatch, act: Act, change: str
) -> None:
    trashed = large.all()[1::4]
    steps = iter(range(1, 1000))

    def meanwhile() -> None:
        if next(steps) != 3:
            return
        with large.bench.session() as session:
            if change == "content":
                large.bench.upload(session, large.bob, "t/sub/b", b"new")
            elif change == "another file":
                large.bench.upload(session, large.bob, "t/sub/c", b"new")
            else:
                large.bench.files(session, large.bob).trash("t")

    with monkeypatch.context() as patch:
        call_after(patch, "changes.batches.publishing", meanwhile)
        with pytest.raises((Unavailable, SelectionChanged, NotFound)):
            act(large)

    assert next(steps) > 3
    if change == "taken away":
        assert large.all()[5] == ["t"]
    else:
        assert large.all()[1::4] == trashed
        assert content_of(large.session, large.bench, large.bob, "t/a") == b"bob a"
        changed = "t/sub/c" if change == "another file" else "t/sub/b"
        assert content_of(large.session, large.bench, large.bob, changed) == b"new"
    assert large.bench.files(large.session, hers(large)).look_up(["x/y/t", "x/y/a"]) == [None, None]
    check_rows(large.session)


@pytest.mark.parametrize("act", [move_path, move_everything])
def test_a_large_move_is_undone(large: Spaces, act: Act) -> None:
    before = large.all()[::4]
    done = act(large)
    batch_id = done.batch_id  # type: ignore[attr-defined]

    large.bench.bulk(large.session, hers(large)).undo(batch_id, {BatchKind.MOVE}, [large.bob.scope])

    assert large.bench.files(large.session, hers(large)).look_up(["x/y/a", "x/y/sub"]) == [None, None]
    # Folders that were made on the way stay.
    large.bench.files(large.session, hers(large)).trash("x")
    assert large.all()[::4] == before
    check_rows(large.session)


@pytest.mark.parametrize("step", [1, 2])
def test_an_undoing_that_dies_is_taken_back(
    large: Spaces, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    done = move_everything(large)
    batch_id = done.batch_id  # type: ignore[attr-defined]
    before = large.all()
    steps = iter(range(1, 1000))

    def die() -> None:
        if next(steps) == step:
            raise Killed

    def undo() -> int:
        return large.bench.bulk(large.session, hers(large)).undo(
            batch_id, {BatchKind.MOVE}, [large.bob.scope]
        )

    with monkeypatch.context() as patch:
        call_after(patch, "changes.batches.publishing", die)
        with pytest.raises(Killed):
            undo()
    large.session.rollback()
    large.bench.clock.advance(minutes=2)
    Recovery(large.session, large.bench.clock).recover()

    assert large.all() == before
    check_rows(large.session)
    assert undo() > 0
    check_rows(large.session)


def test_moves_in_both_directions_at_once_wait_for_no_lock_of_each_other(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    for number in range(3):
        for acting in (own(spaces), hers(spaces)):
            bench.upload(session, acting, f"m{number}", b"x")
    there, here = hers(spaces).scope, spaces.bob.scope
    session.rollback()

    def move(source: Scope, target: Scope, number: int, own: Session) -> object:
        crossing = bench.crossing(own, Guest(target))
        return crossing.move([Source(source, f"m{number}")], f"moved{number}", Conflict.FAIL)

    actions: list[Action] = [
        partial(move, *ends, number) for number in range(3) for ends in ((here, there), (there, here))
    ]
    outcomes: list[type[CabinetError] | None] = at_once(bench, actions)

    assert outcomes == [None] * 6
    check_rows(session)


def test_a_path_from_the_top_of_the_space_is_not_longer_than_any_may_be(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    long = "/".join(["d" * 200] * 9)
    bench.upload(session, spaces.bob, f"{long}/f", b"x")
    bench.files(session, spaces.alice).make_folder("e" * 250)
    node_id = Tree(session, spaces.alice.scope).get(split_path("e" * 250)).id
    mounted = Mounts(session, spaces.bob.scope).add(
        node_id, "E", ShareRole.EDITOR, Conflict.FAIL, bench.clock()
    )

    with pytest.raises(CabinetError) as refused:
        bench.crossing(session, Guest(mounted.scope)).copy(
            [Source(spaces.bob.scope, "d" * 200)], "x/y/z/", Conflict.FAIL
        )

    assert refused.value.slug == "invalid-name"
    assert "e" * 250 not in str(refused.value)
    check_rows(session)
