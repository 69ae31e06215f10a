"""What becomes of an upload: conflicts, quotas, promises, counters.

Rule: whatever is refused changes nothing, which is compared by looking at everything.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from cabinet.errors import (
    BlobMissing,
    CabinetError,
    DigestMismatch,
    EntryExists,
    InvalidName,
    IsAFolder,
    NotAFolder,
    NotFound,
    PreconditionFailed,
    QuotaExceeded,
    TooLarge,
    Unavailable,
)
from cabinet.models import Blob, Kind, Node, User, Version
from cabinet.services.accounts import Account
from cabinet.services.entries import Conflict, Entry
from cabinet.services.housekeeping import Housekeeping, Keep
from cabinet.services.uploads import Promised, Stored, Target
from cabinet.storage.content_hash import hash_chunks
from tests.support.services import Workbench

CONTENT = b"the content"
HASH = hash_chunks([CONTENT])
OTHER = b"something else"


@pytest.fixture
def alice(session: Session, bench: Workbench) -> Account:
    return bench.register(session, "alice")


def rows(session: Session) -> list[Any]:
    session.rollback()
    return [
        session.execute(select(User.id, User.usage)).all(),
        session.execute(
            select(Node.id, Node.name, Node.version, Node.child_count, Node.child_size, Node.modified_at)
        ).all(),
        session.execute(select(Version.node_id, Version.number, Version.content_hash)).all(),
    ]


def stored_bytes(bench: Workbench) -> Counter[str]:
    return Counter(
        {
            "blobs": sum(1 for _ in bench.store.iter_blobs()),
            "staged": sum(1 for _ in bench.store.iter_staged()),
        }
    )


@pytest.fixture
def nothing_changes(session: Session, bench: Workbench) -> Iterator[None]:
    """Compare everything that is stored before and after the test."""
    before = rows(session), stored_bytes(bench)
    yield
    assert (rows(session), stored_bytes(bench)) == before


def content_of(session: Session, bench: Workbench, account: Account, path: str) -> bytes:
    files = bench.files(session, account)
    with files.open(files.get(path)) as stream:
        return stream.read()


def paths_of(session: Session, bench: Workbench, account: Account) -> list[str]:
    return [entry.path for entry in bench.files(session, account).list_below("", 1000, None).entries]


def test_an_upload_becomes_a_file(session: Session, bench: Workbench, alice: Account) -> None:
    stored = bench.upload(session, alice, "Отчёт №5.pdf", CONTENT)

    now = bench.clock.now
    assert stored == Stored(
        Entry("file", "Отчёт №5.pdf", "Отчёт №5.pdf", len(CONTENT), HASH, "application/pdf", now, now),
        is_new=True,
    )
    assert content_of(session, bench, alice, "Отчёт №5.pdf") == CONTENT
    assert stored_bytes(bench) == Counter({"blobs": 1})


def test_the_folders_above_are_made_once(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "a/b/one", CONTENT)
    bench.upload(session, alice, "a/b/two", CONTENT)

    assert paths_of(session, bench, alice) == ["a", "a/b", "a/b/one", "a/b/two"]


def test_a_replaced_file_keeps_its_old_bytes_as_a_version(
    session: Session, bench: Workbench, alice: Account
) -> None:
    created = bench.upload(session, alice, "f", CONTENT).entry.created_at
    bench.clock.advance(hours=1)

    stored = bench.upload(session, alice, "f", OTHER)

    assert not stored.is_new
    assert (stored.entry.created_at, stored.entry.modified_at) == (created, bench.clock.now)
    assert content_of(session, bench, alice, "f") == OTHER
    versions = select(Version.number, Version.content_hash).order_by(Version.number)
    assert session.execute(versions).all() == [(1, HASH), (2, hash_chunks([OTHER]))]


def test_the_same_content_again_is_no_new_version(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "f", CONTENT)
    bench.clock.advance(hours=1)

    stored = bench.upload(session, alice, "f", CONTENT)

    assert not stored.is_new
    assert stored.entry.modified_at == bench.clock.now
    assert session.scalar(select(func.count()).select_from(Version)) == 1
    assert session.scalar(select(User.usage)) == len(CONTENT)


def test_the_same_content_is_stored_once_and_paid_for_by_each(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bob = bench.register(session, "bob")
    bench.upload(session, alice, "a", CONTENT)
    bench.upload(session, alice, "b", CONTENT)
    bench.upload(session, bob, "c", CONTENT)

    assert stored_bytes(bench) == Counter({"blobs": 1})
    usage = session.execute(select(User.username, User.usage).order_by(User.id)).all()
    assert usage == [("alice", 2 * len(CONTENT)), ("bob", len(CONTENT))]


def test_a_second_file_of_that_name_may_get_a_number(
    session: Session, bench: Workbench, alice: Account
) -> None:
    names = [bench.upload(session, alice, "d/report.pdf", b"x", Conflict.RENAME).entry.name for _ in range(4)]

    assert names == ["report.pdf", "report (2).pdf", "report (3).pdf", "report (4).pdf"]


def test_the_number_is_found_soon_among_many(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = [Target(f"f ({number})") for number in range(2, 300)]
    service = bench.uploads(session, alice)
    with service.begin() as upload:
        upload.append([b"x"])
        service.finish([(upload, target) for target in [Target("f"), *targets]])
    looked_up: list[str] = []

    def child(folder: Node, name: str) -> Node | None:
        looked_up.append(name)
        return find(folder, name)

    find = service._tree.child
    monkeypatch.setattr(service._tree, "child", child)

    with service.begin() as upload:
        upload.append([b"y"])
        (stored,) = service.finish([(upload, Target("f", Conflict.RENAME))])

    assert stored.entry.name == "f (300)"
    assert len(looked_up) < 30


def test_a_folder_in_the_way_may_be_numbered_around(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "docs/f", b"x")

    assert bench.upload(session, alice, "docs", b"x", Conflict.RENAME).entry.name == "docs (2)"


CONFLICTS = {
    "onto a folder": ("folder", Conflict.REPLACE, IsAFolder),
    "onto a folder, not to replace": ("folder", Conflict.FAIL, IsAFolder),
    "below a file": ("file/below", Conflict.REPLACE, NotAFolder),
    "deep below a file": ("folder/inner/a/b/c", Conflict.RENAME, NotAFolder),
    "not to replace": ("file", Conflict.FAIL, EntryExists),
    "onto the root": ("", Conflict.REPLACE, IsAFolder),
    "no name": ("a/../b", Conflict.REPLACE, InvalidName),
}


@pytest.mark.parametrize(("path", "on_conflict", "error"), CONFLICTS.values(), ids=CONFLICTS)
def test_what_cannot_be_is_refused_before_and_after_the_bytes_came(
    session: Session,
    bench: Workbench,
    alice: Account,
    path: str,
    on_conflict: Conflict,
    error: type[CabinetError],
) -> None:
    bench.upload(session, alice, "file", b"old")
    bench.upload(session, alice, "folder/inner", b"old")
    before = rows(session), stored_bytes(bench)
    service, target = bench.uploads(session, alice), Target(path, on_conflict)

    with pytest.raises(error):
        service.check(target, None)
    with service.begin() as upload:
        upload.append([b"new bytes"])
        with pytest.raises(error):
            service.finish([(upload, target)])

    assert (rows(session), stored_bytes(bench)) == before


def test_a_numbered_path_may_be_too_long(session: Session, bench: Workbench, alice: Account) -> None:
    path = "/".join(["a" * 255] * 3 + ["b" * 250, "c" * 5])
    assert len(path) == 1024
    bench.upload(session, alice, path, b"old")

    with pytest.raises(InvalidName):
        bench.upload(session, alice, path, b"new", Conflict.RENAME)


def test_a_failed_precondition_changes_nothing(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "f", CONTENT)

    for condition in (lambda found: found is None, lambda found: found == "another"):
        with pytest.raises(PreconditionFailed):
            bench.upload(session, alice, "f", OTHER, precondition=condition)
    with pytest.raises(PreconditionFailed):
        bench.upload(session, alice, "new", OTHER, precondition=lambda found: found is not None)

    assert content_of(session, bench, alice, "f") == CONTENT
    bench.upload(session, alice, "f", OTHER, precondition=lambda found: found == HASH)
    assert content_of(session, bench, alice, "f") == OTHER


def test_a_precondition_is_judged_again_when_the_bytes_are_there(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.uploads(session, alice)
    target = Target("f", precondition=lambda found: found is None)
    service.check(target, None)
    with service.begin() as upload:
        upload.append([OTHER])
        with bench.session() as meanwhile:
            bench.upload(meanwhile, alice, "f", CONTENT)
        with pytest.raises(PreconditionFailed):
            service.finish([(upload, target)])

    assert content_of(session, bench, alice, "f") == CONTENT


@pytest.mark.parametrize(
    ("promised", "received"),
    [
        (Promised(content_hash=hash_chunks([OTHER])), HASH),
        (Promised(sha256=hashlib.sha256(OTHER).hexdigest()), hashlib.sha256(CONTENT).hexdigest()),
    ],
    ids=["content hash", "sha256"],
)
@pytest.mark.usefixtures("nothing_changes")
def test_bytes_that_were_not_promised_are_not_stored(
    session: Session, bench: Workbench, promised: Promised, received: str
) -> None:
    bob = bench.register(session, "bob")
    service = bench.uploads(session, bob)

    with service.begin(promised) as upload:
        upload.append([CONTENT])
        with pytest.raises(DigestMismatch) as caught:
            upload.finish()

    assert caught.value.received == received
    bench.accounts(session).delete("bob")


def test_a_sha256_that_was_promised_is_kept(session: Session, bench: Workbench, alice: Account) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    service = bench.uploads(session, alice)
    with service.begin(Promised(len(CONTENT), HASH, sha256)) as upload:
        upload.append([CONTENT])
        service.finish([(upload, Target("f"))])
    bench.upload(session, alice, "g", CONTENT)

    assert session.scalar(select(Blob.sha256)) == sha256
    assert bench.files(session, alice).sha256(HASH) == sha256


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


def test_one_file_has_a_greatest_size(session: Session, bench: Workbench, alice: Account) -> None:
    service = bench.uploads(session, alice, max_size=10)

    with pytest.raises(TooLarge):
        service.check(Target("f"), 11)
    with pytest.raises(TooLarge), service.begin(Promised(11)):
        pytest.fail("it began")
    with service.begin() as upload, pytest.raises(TooLarge) as caught:
        upload.append([b"12345", b"678901"])
    assert caught.value.limit == 10

    with service.begin() as upload:
        upload.append([b"12345", b"67890"])
        service.finish([(upload, Target("f"))])
    assert paths_of(session, bench, alice) == ["f"]


def test_the_quota_can_be_used_to_the_last_byte(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=10)
    bench.upload(session, bob, "f", b"1234567")

    with pytest.raises(QuotaExceeded) as caught:
        bench.upload(session, bob, "g", b"1234")
    assert caught.value.quota == 10
    bench.upload(session, bob, "g", b"123")
    bench.upload(session, bob, "empty", b"")
    assert session.scalar(select(User.usage)) == 10


def test_an_upload_of_unknown_size_is_stopped_at_the_quota(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=10)
    bench.upload(session, bob, "f", b"1234567")
    read: list[bytes] = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(b"x")
            yield b"x"

    service = bench.uploads(session, bob)
    with service.begin() as upload, pytest.raises(QuotaExceeded):
        upload.append(endless())

    assert len(read) == 4
    assert stored_bytes(bench) == Counter({"blobs": 1})


def test_what_the_quota_refuses_in_the_end_leaves_no_bytes(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=10)
    service = bench.uploads(session, bob)
    with service.begin() as first, service.begin() as second:
        first.append([b"123456"])
        second.append([b"abcdef"])
        with pytest.raises(QuotaExceeded):
            service.finish([(first, Target("a")), (second, Target("b"))])

    assert paths_of(session, bench, bob) == []
    assert stored_bytes(bench) == Counter()


def test_twenty_at_the_edge_of_the_quota_do_not_cross_it(bench: Workbench) -> None:
    with bench.session() as session:
        bob = bench.register(session, "bob", quota=100)

    def attempt(number: int) -> bool:
        with bench.session() as session:
            try:
                bench.upload(session, bob, f"file {number}", number.to_bytes(30))
            except QuotaExceeded:
                return False
            return True

    with ThreadPoolExecutor(20) as pool:
        kept = list(pool.map(attempt, range(20)))

    with bench.session() as session:
        assert sum(kept) == 3
        assert session.scalar(select(User.usage)) == 90
        assert len(paths_of(session, bench, bob)) == 3


@pytest.mark.parametrize("on_conflict", Conflict)
def test_twenty_uploads_of_one_name_have_one_result_each(bench: Workbench, on_conflict: Conflict) -> None:
    with bench.session() as session:
        bob = bench.register(session, "bob")

    def attempt(number: int) -> Stored | None:
        with bench.session() as session:
            try:
                return bench.upload(session, bob, "f", bytes([number]) * 1000, on_conflict)
            except EntryExists:
                return None

    with ThreadPoolExecutor(20) as pool:
        stored = [found for found in pool.map(attempt, range(20)) if found is not None]

    with bench.session() as session:
        paths = paths_of(session, bench, bob)
        contents = {content_of(session, bench, bob, path) for path in paths}
        versions = session.scalar(select(func.count()).select_from(Version))
    assert sum(found.is_new for found in stored) == len(paths)
    assert all(len(set(content)) == 1 and len(content) == 1000 for content in contents)
    expected = {Conflict.REPLACE: (1, 20), Conflict.RENAME: (20, 20), Conflict.FAIL: (1, 1)}
    assert (len(contents), versions) == expected[on_conflict]


def test_several_files_are_stored_together_in_the_order_they_came(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.uploads(session, alice)
    with service.begin() as one, service.begin() as two, service.begin() as three:
        for upload, content in ((one, b"1"), (two, b"2"), (three, b"1")):
            upload.append([content])
        stored = service.finish([(one, Target("z")), (two, Target("a")), (three, Target("z"))])

    assert [(found.entry.path, found.is_new) for found in stored] == [("z", True), ("a", True), ("z", False)]
    assert stored_bytes(bench) == Counter({"blobs": 2})


def test_one_that_is_refused_takes_all_others_with_it(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.uploads(session, alice)
    with service.begin() as one, service.begin() as two:
        one.append([b"1"])
        two.append([b"2"])
        with pytest.raises(EntryExists):
            service.finish([(one, Target("f")), (two, Target("f", Conflict.FAIL))])

    assert paths_of(session, bench, alice) == []
    assert stored_bytes(bench) == Counter()


def test_a_name_taken_in_the_very_moment_is_to_be_tried_again(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(*_: object) -> None:
        raise IntegrityError("INSERT", {}, Exception("unique"))

    service = bench.uploads(session, alice)
    monkeypatch.setattr(service, "_place", collide)
    with service.begin() as upload:
        upload.append([CONTENT])
        with pytest.raises(Unavailable):
            service.finish([(upload, Target("f"))])


def test_an_upload_of_an_account_that_is_gone_is_nowhere(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.uploads(session, alice)
    with service.begin() as upload:
        upload.append([CONTENT])
        with bench.session() as meanwhile:
            bench.accounts(meanwhile).delete("alice")
        with pytest.raises(NotFound):
            service.finish([(upload, Target("f"))])
    assert stored_bytes(bench) == Counter()


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
            keep = Keep(bench.clock.now - bench.clock.now.replace(day=1), bench.clock.now - bench.clock.now)
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
