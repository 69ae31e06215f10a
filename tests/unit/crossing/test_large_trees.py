"""Moves and copies between spaces in many transactions: all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, NotFound, SelectionChanged, Unavailable
from cabinet.models import BatchKind
from cabinet.services.access.scope import Scope
from cabinet.services.changes.crossing import Source
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree.entries import OnConflict
from tests.support.audit import check_rows
from tests.support.services import Action, Guest, at_once, content_of, paths_of
from tests.support.small_steps import Killed, call_after, make_steps_small
from tests.unit.crossing.conftest import Spaces, below, hers, own

# Each has four files and folders more than a step of three.
LARGE = [f"t/{number}" for number in range(4)]


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
    return crossing.move([Source(spaces.bob.scope, "t")], "x/y", OnConflict.FAIL)


def copy_path(spaces: Spaces) -> object:
    crossing = spaces.bench.crossing(spaces.session, spaces.bob)
    return crossing.copy([Source(hers(spaces).scope, "t")], "x/y", OnConflict.FAIL)


def move_everything(spaces: Spaces) -> object:
    bulk = spaces.bench.bulk(spaces.session, hers(spaces), spaces.bob)
    return bulk.move(FolderSelection("t", frozenset({"empty"}), 6), "x/y/", OnConflict.FAIL)


def copy_everything(spaces: Spaces) -> object:
    bulk = spaces.bench.bulk(spaces.session, spaces.bob, hers(spaces))
    return bulk.copy(FolderSelection("", frozenset(), 1), "x/y/", OnConflict.FAIL)


every_act = pytest.mark.parametrize("act", [move_path, copy_path, move_everything, copy_everything])


@every_act
def test_a_move_in_many_transactions_completes(large: Spaces, act: Act) -> None:
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
@pytest.mark.parametrize("step", [2, pytest.param(4, marks=pytest.mark.long)])
def test_a_process_killed_midway_leaves_and_loses_nothing(
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
def test_a_process_killed_anywhere_leaves_nothing(
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
            # It was the last step: everything is moved, although the caller got no answer.
            break
    assert step > 4


@pytest.mark.parametrize("act", [move_path, pytest.param(move_everything, marks=pytest.mark.long)])
@pytest.mark.parametrize("change", ["content", "another file", "taken away"])
def test_entries_changed_during_the_move_stay(
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
    # Folders created meanwhile stay.
    large.bench.files(large.session, hers(large)).trash("x")
    assert large.all()[::4] == before
    check_rows(large.session)


@pytest.mark.parametrize("step", [1, 2])
def test_an_undo_killed_midway_is_rolled_back(
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


def test_opposite_moves_do_not_deadlock(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    for number in range(3):
        for acting in (own(spaces), hers(spaces)):
            bench.upload(session, acting, f"m{number}", b"x")
    there, here = hers(spaces).scope, spaces.bob.scope
    session.rollback()

    def move(source: Scope, target: Scope, number: int, own: Session) -> object:
        crossing = bench.crossing(own, Guest(target))
        return crossing.move([Source(source, f"m{number}")], f"moved{number}", OnConflict.FAIL)

    actions: list[Action] = [
        partial(move, *ends, number) for number in range(3) for ends in ((here, there), (there, here))
    ]
    outcomes: list[type[CabinetError] | None] = at_once(bench, actions)

    assert outcomes == [None] * 6
    check_rows(session)
