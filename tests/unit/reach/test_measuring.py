"""Measuring the reach of folders beside other changes, without a long wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cabinet.errors import InvalidName, Unavailable
from cabinet.services.accounts.account import Account
from cabinet.services.tree import reach
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import PATH_BYTES
from cabinet.services.tree.removal import Removal
from tests.support.many_files import multiply_file
from tests.support.services import Workbench
from tests.support.small_steps import make_steps_small
from tests.support.work_counts import work_counted
from tests.unit.reach.conftest import (
    FAR,
    Person,
    copy,
    copy_all,
    long_path,
    move,
    move_all,
    restore,
    restore_all,
)


@pytest.fixture
def change_below(
    monkeypatch: pytest.MonkeyPatch, bench: Workbench, alice: Account
) -> Callable[[list[str]], list[str]]:
    """Return a function that creates folders, one after each measurement of a folder."""
    monkeypatch.setattr("cabinet.services.tree.reach.MAX_EXAMINED", 0)
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
def test_a_path_that_fits_after_measuring_is_moved(
    person: Person, change_below: Callable[[list[str]], list[str]], times: int
) -> None:
    person.make_many("many")
    person.overestimate_reach()
    left = change_below([*(f"many/new{number}" for number in range(times)), FITS])

    move(person)

    assert left == []
    assert {f"{FAR}/{path}" for path in ("many/new0", FITS, "many/2")} <= set(person.paths())


def test_a_path_too_long_after_measuring_is_refused(
    person: Person, change_below: Callable[[list[str]], list[str]]
) -> None:
    person.make_many("many")
    person.overestimate_reach()
    change_below([TOO_LONG])

    with pytest.raises(InvalidName):
        move(person)

    assert TOO_LONG in person.paths()
    assert FAR not in person.paths()


@pytest.mark.parametrize("act", [move, copy, move_all, copy_all])
def test_a_folder_that_changes_during_every_measurement_is_busy(
    person: Person, change_below: Callable[[list[str]], list[str]], act: Callable[[Person], None]
) -> None:
    name = "many" if act in {move, copy} else "from/many"
    person.make_many(name)
    person.overestimate_reach()
    before = person.paths()
    new = [f"{name}/new{number}" for number in range(20)]
    left = change_below(list(new))

    with pytest.raises(Unavailable):
        act(person)

    made = [path for path in new if path not in left]
    assert person.paths() == sorted([*before, *made])
    # It gives up instead of retrying forever.
    assert 1 < len(made) < len(new)


def test_a_small_changing_folder_is_moved(
    person: Person, change_below: Callable[[list[str]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    person.make_many("many")
    person.overestimate_reach()
    left = change_below([f"many/new{number}" for number in range(20)])
    monkeypatch.setattr("cabinet.services.tree.reach.MAX_EXAMINED", 100)

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
    person.moving.rename("many", f"{FAR}{FAR}", OnConflict.FAIL)


def put_into_a_folder(person: Person) -> None:
    person.moving.move(["many"], "from/", OnConflict.FAIL)


def put_into_the_trash(person: Person) -> None:
    """Let it be in the trash, and the folder that it was in farther away."""
    put_into_a_folder(person)
    person.trash.add(["from/many"])
    person.moving.move(["from"], f"{FAR}/", OnConflict.FAIL)


def leave(person: Person) -> None:
    del person


# The change of a folder, and what precedes it.
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


# One of each kind of change; the others combine these, or change all entries of a folder.
SHORT = {"trashed", "purged", "moved", "copied", "restored", "moved with all"}


@pytest.mark.parametrize(
    ("prepare", "act"),
    [
        pytest.param(*case, id=name, marks=() if name in SHORT else pytest.mark.long)
        for name, case in DONE.items()
    ],
)
def test_the_longest_transaction_is_independent_of_the_folder_size(
    bench: Workbench,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Person], None],
    act: Callable[[Person], None],
) -> None:
    make_steps_small(monkeypatch, 20, "changes.building")
    monkeypatch.setattr("cabinet.services.tree.reach.MAX_EXAMINED", 20)
    worst: list[int] = []
    for count in (50, 400):
        with bench.session() as session:
            account = bench.register(session)
            person = Person(session, bench, account)
            bench.upload(session, account, "many/file", b"content")
            url = bench.engine.url.render_as_string(hide_password=False)
            multiply_file(url, account.username, "many", "file", count)
            prepare(person)
            person.overestimate_reach()
            with work_counted(bench.engine) as work:
                act(person)
            worst.append(max(work.writing))

    few, many = worst
    if bench.engine.dialect.name == "sqlite":
        assert 0 < many < 1.3 * few + 200
