"""Files that are there: read, hidden, given back; and the counters, which are always the sums.

Rule: the sums are computed anew from all rows, by a query that shares nothing with the services.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from cabinet.errors import (
    BlobMissing,
    EntryExists,
    IsAFolder,
    NotAFolder,
    NotFound,
    PreconditionFailed,
    QuotaExceeded,
)
from cabinet.models import Kind, Node, User, Version
from cabinet.services.accounts import Account
from cabinet.services.entries import Conflict
from cabinet.services.housekeeping import Housekeeping, Keep
from cabinet.storage.content_hash import hash_chunks
from tests.support.services import Workbench, content_of, paths_of

CONTENT = b"the content"
HASH = hash_chunks([CONTENT])
OTHER = b"something else"


def test_a_sha256_that_was_not_promised_is_computed_once(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "f", CONTENT)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    files = bench.files(session, alice)

    assert files.sha256(HASH) == sha256
    bench.store.remove(HASH)
    assert files.sha256(HASH) == sha256
    with pytest.raises(BlobMissing):
        files.open(files.get("f"))


def test_what_is_deleted_is_hidden_with_all_below_and_still_paid_for(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/b/f", CONTENT)
    bench.upload(session, alice, "a/g", CONTENT)
    files = bench.files(session, alice)

    files.trash("a")

    assert paths_of(session, bench, alice) == []
    for path in ("a", "a/b", "a/b/f", "a/g"):
        with pytest.raises(NotFound):
            files.get(path)
        with pytest.raises(NotFound):
            files.trash(path)
    assert session.scalar(select(User.usage)) == 2 * len(CONTENT)
    bench.upload(session, alice, "a", OTHER)
    assert content_of(session, bench, alice, "a") == OTHER


def test_the_root_cannot_be_deleted(session: Session, bench: Workbench, alice: Account) -> None:
    with pytest.raises(IsAFolder):
        bench.files(session, alice).trash("")


def test_a_file_is_deleted_only_on_its_condition(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "f", CONTENT)
    files = bench.files(session, alice)

    with pytest.raises(PreconditionFailed):
        files.trash("f", lambda found: found != HASH)
    files.trash("f", lambda found: found == HASH)

    assert paths_of(session, bench, alice) == []


def test_a_folder_has_no_bytes(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "a/f", CONTENT)
    files = bench.files(session, alice)

    with pytest.raises(IsAFolder):
        files.open(files.get("a"))


@dataclass(frozen=True)
class Put:
    path: str
    content: bytes
    on_conflict: Conflict


@dataclass(frozen=True)
class Trash:
    path: str


@dataclass(frozen=True)
class Sweep:
    days: int


some_paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
operations = st.lists(
    st.one_of(
        st.builds(Put, some_paths, st.sampled_from([b"", b"1", b"22", b"333"]), st.sampled_from(Conflict)),
        st.builds(Trash, some_paths),
        st.builds(Sweep, st.integers(0, 8)),
    ),
    max_size=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(steps=operations)
def test_the_counters_are_always_the_sums(bench: Workbench, steps: list[Put | Trash | Sweep]) -> None:
    with bench.session() as session:
        owner = bench.register(session, quota=30)
        for step in steps:
            run(session, bench, owner, step)
            assert counted(session, owner) == recomputed(session, owner)


def run(session: Session, bench: Workbench, owner: Account, step: Put | Trash | Sweep) -> None:
    try:
        if isinstance(step, Put):
            bench.upload(session, owner, step.path, step.content, step.on_conflict)
        elif isinstance(step, Trash):
            bench.files(session, owner).trash(step.path)
        else:
            bench.clock.advance(days=step.days)
            keep = Keep(bench.clock.now - bench.clock.now.replace(day=1), timedelta(0), timedelta(0))
            Housekeeping(session, bench.store, bench.clock, keep).sweep()
    except (EntryExists, IsAFolder, NotAFolder, NotFound, QuotaExceeded):
        session.rollback()


def counted(session: Session, owner: Account) -> tuple[int | None, dict[int, tuple[int, int]]]:
    session.rollback()
    usage = session.scalar(select(User.usage).where(User.id == owner.id))
    wanted = select(Node.id, Node.child_count, Node.child_size)
    counters = session.execute(wanted.where(Node.owner_id == owner.id, Node.kind == Kind.FOLDER))
    return usage, {row.id: (row.child_count, row.child_size) for row in counters}


def recomputed(session: Session, owner: Account) -> tuple[int | None, dict[int, tuple[int, int]]]:
    sizes = select(func.coalesce(func.sum(Version.size), 0)).join(Node, Version.node_id == Node.id)
    child = aliased(Node)
    wanted = (
        select(Node.id, func.count(child.id), func.coalesce(func.sum(child.size), 0))
        .outerjoin(child, (child.parent_id == Node.id) & child.trashed_at.is_(None))
        .where(Node.owner_id == owner.id, Node.kind == Kind.FOLDER)
        .group_by(Node.id)
    )
    sums = {node_id: (count, size) for node_id, count, size in session.execute(wanted)}
    return session.scalar(sizes.where(Node.owner_id == owner.id)), sums
