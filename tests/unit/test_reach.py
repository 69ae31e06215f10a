"""How far folders reach: no path gets too long, none is refused that fits, and nobody waits for it to be known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, InvalidName, Unavailable
from cabinet.models import BatchKind, Kind, Node
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.files import Files
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.kernel.database import writing
from cabinet.services.tree import reach
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.names import PATH_BYTES
from cabinet.services.tree.removal import Removal
from cabinet.services.tree.tree import Tree
from tests.support.audit import check_rows
from tests.support.many_files import multiply_file
from tests.support.services import Guest, Workbench, paths_of
from tests.support.small_steps import make_steps_small
from tests.support.work_counts import work_counted

# A name that takes much of the room that a path has.
FAR = "f" * 100
INSIDE = ["0", "1", "2"]


class Person:
    """Somebody, with what they can do."""

    def __init__(self, session: Session, bench: Workbench, account: Account) -> None:
        self.session = session
        self.bench = bench
        self.account = account
        self.files: Files = bench.files(session, account)
        self.moving: Moving = bench.moving(session, account)
        self.trash: Trash = bench.trash(session, account)
        self.bulk: Bulk = bench.bulk(session, account)

    def paths(self) -> list[str]:
        return paths_of(self.session, self.bench, self.account)

    def make_many(self, path: str) -> None:
        """Make a folder with more in it than a transaction looks at."""
        self.files.make_folders([f"{path}/{name}" for name in INSIDE])

    def let_it_seem_far(self, name: str = "many") -> None:
        """Let a folder be noted to reach as far as something that has been taken out of it did."""
        with writing(self.session):
            tree = Tree(self.session, self.account.scope)
            here = select(Node).where(Node.name == name, Node.space_id == self.account.space_id)
            for node in self.session.scalars(here.where(Node.kind == Kind.FOLDER)):
                node.below_bytes, node.below_segments = 1990, 10
                tree.stretch(tree.parent(node), node)

    def all_trashed(self) -> list[str]:
        return [found.id for found in self.trash.list_page(100).entries]


@pytest.fixture
def person(session: Session, bench: Workbench, alice: Account) -> Iterator[Person]:
    yield Person(session, bench, alice)
    check_rows(session)


@pytest.fixture(params=[0, 1000], ids=["measured beside", "looked up"])
def _anyhow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is asked about be looked up at once, or never."""
    monkeypatch.setattr("cabinet.services.tree.reach.LOOKED_AT", request.param)


def long_path(size: int) -> str:
    """Return a path of so many bytes."""
    names = ["d" * 200] * (size // 201)
    rest = size - sum(len(name) + 1 for name in names)
    return "/".join([*names, "e" * rest]) if rest else "/".join([*names[:-1], "d" * 199, "e"])


def all_of(folder: str, count: int) -> FolderSelection:
    return FolderSelection(folder, frozenset(), count)


def move(person: Person) -> None:
    person.moving.move(["many"], f"{FAR}/", Conflict.FAIL)


def copy(person: Person) -> None:
    person.moving.copy(["many"], f"{FAR}/", Conflict.FAIL)


def rename(person: Person) -> None:
    person.moving.rename(f"{FAR}/m", "many", Conflict.FAIL)


def restore(person: Person) -> None:
    person.trash.restore_all(person.all_trashed())


def move_all(person: Person) -> None:
    person.bulk.move(all_of("from", 1), f"{FAR}/", Conflict.FAIL)


def copy_all(person: Person) -> None:
    person.bulk.copy(all_of("from", 1), f"{FAR}/", Conflict.FAIL)


def restore_all(person: Person) -> None:
    person.bulk.restore(TrashSelection(frozenset(), 1), Conflict.FAIL)


def move_there_and_back(person: Person) -> None:
    done = person.bulk.move(all_of(FAR, 1), "to/", Conflict.FAIL)
    person.bulk.undo(done.batch_id, {BatchKind.MOVE})


def fail_to_move(person: Person) -> None:
    """Fail at the second step, so that the first is taken back."""
    person.files.make_folders([f"{FAR}/n", "to/n"])
    with pytest.raises(EntryExists):
        person.bulk.move(all_of(FAR, 2), "to/", Conflict.FAIL)


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
def test_what_was_taken_out_of_a_folder_keeps_it_from_no_place(
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Person], None],
    before: str,
    step: int,
) -> None:
    make_steps_small(monkeypatch, step, "changes.building")
    person.make_many(before)
    person.files.make_folders([FAR, "to"])
    person.let_it_seem_far(before.rpartition("/")[2])
    if act in {restore, restore_all}:
        person.trash.add([before])

    act(person)

    there = person.paths()
    assert [path for path in there if path.startswith(f"{FAR}/many/")] == [f"{FAR}/many/{x}" for x in INSIDE]


@pytest.mark.usefixtures("_anyhow")
@pytest.mark.parametrize("act", [move, copy, move_all, copy_all])
def test_what_is_too_long_below_a_folder_is_refused_and_nothing_changes(
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
def test_a_path_may_be_as_long_as_a_path_may_be(
    person: Person, act: Callable[[Person], None], size: int
) -> None:
    person.files.make_folders([FAR, f"many/{long_path(size)}" if size else "many"])
    person.let_it_seem_far()

    act(person)

    assert f"{FAR}/many" in person.paths()


@pytest.mark.usefixtures("_anyhow")
def test_a_name_may_only_be_as_long_in_a_part_of_a_space_as_in_all_of_it(
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
            moving.move([name], long_path(room + 1), Conflict.FAIL)
    assert person.paths() == before
    for name in ("many", "file"):
        (moved,) = moving.move([name], long_path(room), Conflict.FAIL)
        assert f"{FAR}/{moved.path}" in person.paths()
        moving.move([moved.path], name, Conflict.FAIL)


@pytest.mark.usefixtures("_anyhow")
@pytest.mark.parametrize("sources", [["many/x", "many"], ["many", "many/x"]])
def test_what_goes_elsewhere_itself_makes_no_path_of_its_folder_too_long(
    person: Person, sources: list[str]
) -> None:
    room = PATH_BYTES - len(f"{FAR}/x/")
    person.make_many("many")
    person.files.make_folder(f"many/x/{long_path(room)}")

    person.moving.move(sources, f"{FAR}/", Conflict.FAIL)

    there = set(person.paths())
    assert {f"{FAR}/x/{long_path(room)}", *(f"{FAR}/many/{name}" for name in INSIDE)} <= there


@pytest.mark.parametrize("act", [move, copy, move_all, copy_all])
def test_several_are_measured_together(
    person: Person, monkeypatch: pytest.MonkeyPatch, act: Callable[[Person], None]
) -> None:
    """Not one after the other, each time with the others moved again."""
    monkeypatch.setattr("cabinet.services.tree.reach.LOOKED_AT", 0)
    names = [f"many{number}" for number in range(4)]
    for name in names:
        for top in ("", "from/"):
            person.make_many(f"{top}{name}")
        person.let_it_seem_far(name)

    with work_counted(person.bench.engine) as work:
        if act in {move, copy}:
            getattr(person.moving, act.__name__)(names, f"{FAR}/", Conflict.FAIL)
        else:
            getattr(person.bulk, act.__name__.removesuffix("_all"))(
                all_of("from", 4), f"{FAR}/", Conflict.FAIL
            )

    # The one that lacks it, the one that has it, and the end of a batch.
    assert len(work.writing) <= 3
    assert {f"{FAR}/{name}/{x}" for name in names for x in INSIDE} <= set(person.paths())


@pytest.fixture
def change_below(
    monkeypatch: pytest.MonkeyPatch, bench: Workbench, alice: Account
) -> Callable[[list[str]], list[str]]:
    """Return what lets somebody make folders, one each time that a folder has been measured."""
    monkeypatch.setattr("cabinet.services.tree.reach.LOOKED_AT", 0)
    measure = reach._measure

    def change_below(paths: list[str]) -> list[str]:
        left = list(paths)

        def measure_and_change(*asked: Any) -> object:
            measured = measure(*asked)
            if left:
                with bench.session() as other:
                    bench.files(other, alice).make_folder(left.pop(0))
            return measured

        monkeypatch.setattr(reach, "_measure", measure_and_change)
        return left

    return change_below


TOO_LONG = f"many/{long_path(PATH_BYTES - len(f'{FAR}/many/') + 1)}"
FITS = f"many/{long_path(PATH_BYTES - len(f'{FAR}/many/'))}"


@pytest.mark.parametrize("times", [1, 3])
def test_what_fits_by_then_is_moved(
    person: Person, change_below: Callable[[list[str]], list[str]], times: int
) -> None:
    person.make_many("many")
    person.let_it_seem_far()
    left = change_below([*(f"many/new{number}" for number in range(times)), FITS])

    move(person)

    assert left == []
    assert {f"{FAR}/{path}" for path in ("many/new0", FITS, "many/2")} <= set(person.paths())


def test_what_is_too_long_by_then_is_refused(
    person: Person, change_below: Callable[[list[str]], list[str]]
) -> None:
    person.make_many("many")
    person.let_it_seem_far()
    change_below([TOO_LONG])

    with pytest.raises(InvalidName):
        move(person)

    assert TOO_LONG in person.paths()
    assert FAR not in person.paths()


@pytest.mark.parametrize("act", [move, copy, move_all, copy_all])
def test_a_folder_that_changes_faster_than_it_is_measured_is_busy(
    person: Person, change_below: Callable[[list[str]], list[str]], act: Callable[[Person], None]
) -> None:
    name = "many" if act in {move, copy} else "from/many"
    person.make_many(name)
    person.let_it_seem_far()
    before = person.paths()
    new = [f"{name}/new{number}" for number in range(20)]
    left = change_below(list(new))

    with pytest.raises(Unavailable):
        act(person)

    made = [path for path in new if path not in left]
    assert person.paths() == sorted([*before, *made])
    # It is given up, and not tried for ever.
    assert 1 < len(made) < len(new)


def test_of_few_that_change_fast_nobody_hears(
    person: Person, change_below: Callable[[list[str]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    person.make_many("many")
    person.let_it_seem_far()
    left = change_below([f"many/new{number}" for number in range(20)])
    monkeypatch.setattr("cabinet.services.tree.reach.LOOKED_AT", 100)

    move(person)

    assert len(left) == 20
    assert f"{FAR}/many/2" in person.paths()


def trash(person: Person) -> None:
    person.trash.add(["many"])


def purge(person: Person) -> None:
    person.files.purge("many")


def purge_trashed(person: Person) -> None:
    person.trash.add(["many"])
    person.trash.purge_all(person.all_trashed())


def empty(person: Person) -> None:
    person.trash.add(["many"])
    person.trash.empty()
    Removal(person.session).run()


def rename_here(person: Person) -> None:
    person.moving.rename("many", f"{FAR}{FAR}", Conflict.FAIL)


def put_into_a_folder(person: Person) -> None:
    person.moving.move(["many"], "from/", Conflict.FAIL)


def put_into_the_trash(person: Person) -> None:
    """Let it be in the trash, and the folder that it was in farther away."""
    put_into_a_folder(person)
    person.trash.add(["from/many"])
    person.moving.move(["from"], f"{FAR}/", Conflict.FAIL)


def leave(person: Person) -> None:
    del person


# What is done to a folder, and what before that.
DONE: dict[str, tuple[Callable[[Person], None], Callable[[Person], None]]] = {
    "trashed": (leave, trash),
    "purged": (leave, purge),
    "trashed and purged": (leave, purge_trashed),
    "trashed, emptied and removed": (leave, empty),
    "moved": (leave, move),
    "renamed": (leave, rename_here),
    "copied": (leave, copy),
    "restored": (put_into_the_trash, restore),
    "restored with all": (put_into_the_trash, restore_all),
    "moved with all": (put_into_a_folder, move_all),
    "copied with all": (put_into_a_folder, copy_all),
}


@pytest.mark.parametrize(("prepare", "act"), DONE.values(), ids=DONE)
def test_nobody_waits_longer_for_what_is_done_to_a_folder_of_many_more(
    bench: Workbench,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Person], None],
    act: Callable[[Person], None],
) -> None:
    make_steps_small(monkeypatch, 20, "changes.building")
    monkeypatch.setattr("cabinet.services.tree.reach.LOOKED_AT", 20)
    worst: list[int] = []
    for count in (50, 400):
        with bench.session() as session:
            account = bench.register(session)
            person = Person(session, bench, account)
            bench.upload(session, account, "many/file", b"content")
            url = bench.engine.url.render_as_string(hide_password=False)
            multiply_file(url, account.username, "many", "file", count)
            prepare(person)
            person.let_it_seem_far()
            with work_counted(bench.engine) as work:
                act(person)
            worst.append(max(work.writing))

    few, many = worst
    if bench.engine.dialect.name == "sqlite":
        assert 0 < many < 1.3 * few + 200
