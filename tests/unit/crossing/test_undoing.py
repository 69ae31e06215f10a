"""Undoing moves and copies between spaces."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cabinet.errors import NotFound
from cabinet.models import BatchKind, Node
from cabinet.services.access.roles import ShareRole
from cabinet.services.changes.crossing import Source
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from tests.support.audit import check_rows
from tests.support.mounts import leave, mount
from tests.support.services import paths_of
from tests.unit.crossing.conftest import Ends, Spaces, every_way, hers


@every_way
def test_an_undone_move_restores_place_and_history(spaces: Spaces, ends: Ends) -> None:
    session, bench = spaces.session, spaces.bench
    source, target = (end(spaces) for end in ends)
    before = paths_of(session, bench, source), paths_of(session, bench, target)
    moved = bench.crossing(session, target).move([Source(source.scope, "t")], "", OnConflict.REPLACE)
    assert moved.batch_id is not None

    count = bench.bulk(session, target).undo(moved.batch_id, {BatchKind.MOVE}, [source.scope])

    # The moved entry, and the one that it replaced.
    assert count == 2
    assert (paths_of(session, bench, source), paths_of(session, bench, target)) == before
    assert len(bench.versions(session, source).list("t/a")) == 2
    assert len(bench.versions(session, target).list("t/a")) == 2
    check_rows(session)
    with pytest.raises(NotFound):
        bench.bulk(session, target).undo(moved.batch_id, {BatchKind.MOVE}, [source.scope])


def test_an_undone_copy_is_trashed_and_its_original_stays(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    before = spaces.all()[::4]
    copied = bench.crossing(session, hers(spaces)).copy([Source(spaces.bob.scope, "t")], "x", OnConflict.FAIL)
    assert copied.batch_id is not None

    assert bench.bulk(session, hers(spaces)).undo(copied.batch_id, {BatchKind.COPY}) == 1

    assert spaces.all()[::4] == before
    check_rows(session)


@pytest.mark.parametrize("change", ["left", "restored", "its folder in the trash", "viewer"])
def test_a_move_is_not_undone_without_access_to_its_source(spaces: Spaces, change: str) -> None:
    session, bench = spaces.session, spaces.bench
    source = hers(spaces)
    moved = bench.crossing(session, spaces.bob).move([Source(source.scope, "t/sub")], "x", OnConflict.FAIL)
    assert moved.batch_id is not None
    if change == "left":
        leave(session, bench, spaces.bob, "Hers")
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


def test_a_move_within_one_space_keeps_the_history_and_can_be_undone(spaces: Spaces) -> None:
    session, bench = spaces.session, spaces.bench
    bench.files(session, spaces.alice).make_folder("other/place")
    mount(session, "alice", "other", "bob", "Other")
    source, target = hers(spaces), spaces.behind("Other")
    before = spaces.all()

    moved = bench.crossing(session, target).move([Source(source.scope, "t/a")], "place/", OnConflict.FAIL)

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
