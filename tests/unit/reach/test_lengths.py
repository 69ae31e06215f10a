"""How far folders reach: no path gets too long, and none is refused that fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, InvalidName
from cabinet.models import BatchKind, Node
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import PATH_BYTES
from tests.support.services import Guest, Workbench
from tests.support.small_steps import make_steps_small
from tests.support.work_counts import work_counted
from tests.unit.reach.conftest import (
    FAR,
    INSIDE,
    Person,
    all_of,
    copy,
    copy_all,
    long_path,
    move,
    move_all,
    restore,
    restore_all,
)


@pytest.fixture(params=[0, 1000], ids=["measured", "looked up"])
def _anyhow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure folders at once, or never."""
    monkeypatch.setattr("cabinet.services.tree.reach.MAX_EXAMINED", request.param)


def rename(person: Person) -> None:
    person.moving.rename(f"{FAR}/m", "many", OnConflict.FAIL)


def move_there_and_back(person: Person) -> None:
    done = person.bulk.move(all_of(FAR, 1), "to/", OnConflict.FAIL)
    person.bulk.undo(done.batch_id, {BatchKind.MOVE})


def fail_to_move(person: Person) -> None:
    """Fail at the second step, so that the first is taken back."""
    person.files.make_folders([f"{FAR}/n", "to/n"])
    with pytest.raises(EntryExists):
        person.bulk.move(all_of(FAR, 2), "to/", OnConflict.FAIL)


# What brings a folder to a place, where it is before that, and how much goes in a step.
ACTS: dict[str, tuple[Callable[[Person], None], str, int]] = {
    "moved": (move, "many", 200),
    "copied": (copy, "many", 200),
    "copied in steps": (copy, "many", 1),
    "renamed": (rename, f"{FAR}/m", 200),
    "restored": (restore, f"{FAR}/many", 200),
    "moved with all": (move_all, "from/many", 200),
    "copied with all": (copy_all, "from/many", 200),
    "copied with all in steps": (copy_all, "from/many", 1),
    "restored with all": (restore_all, f"{FAR}/many", 200),
    "moved back": (move_there_and_back, f"{FAR}/many", 200),
    "taken back": (fail_to_move, f"{FAR}/many", 1),
}


@pytest.mark.usefixtures("_anyhow")
@pytest.mark.parametrize(("act", "before", "step"), ACTS.values(), ids=ACTS)
def test_entries_removed_from_a_folder_do_not_limit_its_moves(
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Person], None],
    before: str,
    step: int,
) -> None:
    make_steps_small(monkeypatch, step, "changes.building")
    person.make_many(before)
    person.files.make_folders([FAR, "to"])
    person.overestimate_reach(before.rpartition("/")[2])
    if act in {restore, restore_all}:
        person.trash.add([before])

    act(person)

    there = person.paths()
    assert [path for path in there if path.startswith(f"{FAR}/many/")] == [f"{FAR}/many/{x}" for x in INSIDE]


@pytest.mark.usefixtures("_anyhow")
@pytest.mark.parametrize("act", [move, copy, move_all, copy_all])
def test_a_too_long_descendant_path_is_refused_and_nothing_changes(
    person: Person, act: Callable[[Person], None]
) -> None:
    for top in ("many", "from/many"):
        person.make_many(top)
        room = PATH_BYTES - len(f"{FAR}/many/")
        person.files.make_folder(f"{top}/{long_path(room + 1)}")
    before = person.paths()

    with pytest.raises(InvalidName):
        act(person)

    assert person.paths() == before


@pytest.mark.usefixtures("_anyhow")
@pytest.mark.parametrize("act", [move, copy])
@pytest.mark.parametrize("size", [0, PATH_BYTES - len(f"{FAR}/many/")])
def test_a_path_may_have_the_maximum_length(person: Person, act: Callable[[Person], None], size: int) -> None:
    person.files.make_folders([FAR, f"many/{long_path(size)}" if size else "many"])
    person.overestimate_reach()

    act(person)

    assert f"{FAR}/many" in person.paths()


@pytest.mark.usefixtures("_anyhow")
def test_names_in_a_folder_scope_are_limited_by_the_whole_path(
    person: Person, session: Session, bench: Workbench, alice: Account
) -> None:
    person.files.make_folders([f"{FAR}/{FAR}", f"{FAR}/many"])
    bench.upload(session, alice, f"{FAR}/file", b"content")
    root = session.scalars(select(Node.id).where(Node.name == FAR, Node.child_count > 0)).one()
    part = Guest(Scope(Actor(alice.id), alice.space_id, root, ALL))
    moving, room = bench.moving(session, part), PATH_BYTES - len(f"{FAR}/")
    before = person.paths()

    for name in ("many", "file"):
        with pytest.raises(InvalidName):
            moving.move([name], long_path(room + 1), OnConflict.FAIL)
    assert person.paths() == before
    for name in ("many", "file"):
        (moved,) = moving.move([name], long_path(room), OnConflict.FAIL)
        assert f"{FAR}/{moved.path}" in person.paths()
        moving.move([moved.path], name, OnConflict.FAIL)


@pytest.mark.usefixtures("_anyhow")
@pytest.mark.parametrize("sources", [["many/x", "many"], ["many", "many/x"]])
def test_entries_moved_out_do_not_make_paths_in_their_folder_too_long(
    person: Person, sources: list[str]
) -> None:
    room = PATH_BYTES - len(f"{FAR}/x/")
    person.make_many("many")
    person.files.make_folder(f"many/x/{long_path(room)}")

    person.moving.move(sources, f"{FAR}/", OnConflict.FAIL)

    there = set(person.paths())
    assert {f"{FAR}/x/{long_path(room)}", *(f"{FAR}/many/{name}" for name in INSIDE)} <= there


@pytest.mark.parametrize("act", [move, copy, move_all, copy_all])
def test_several_entries_are_measured_together(
    person: Person, monkeypatch: pytest.MonkeyPatch, act: Callable[[Person], None]
) -> None:
    """Not one after the other, each time with the others moved again."""
    monkeypatch.setattr("cabinet.services.tree.reach.MAX_EXAMINED", 0)
    names = [f"many{number}" for number in range(4)]
    for name in names:
        for top in ("", "from/"):
            person.make_many(f"{top}{name}")
        person.overestimate_reach(name)

    with work_counted(person.bench.engine) as work:
        if act in {move, copy}:
            getattr(person.moving, act.__name__)(names, f"{FAR}/", OnConflict.FAIL)
        else:
            getattr(person.bulk, act.__name__.removesuffix("_all"))(
                all_of("from", 4), f"{FAR}/", OnConflict.FAIL
            )

    # The one that lacks it, the one that has it, and the end of a batch.
    assert len(work.writing) <= 3
    assert {f"{FAR}/{name}/{x}" for name in names for x in INSIDE} <= set(person.paths())
