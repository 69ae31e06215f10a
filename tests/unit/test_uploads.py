"""Uploads: conflicts, conditions, digests, all or none.

Rule: a refusal changes nothing, which is checked by comparing everything.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    DigestMismatch,
    EntryExists,
    InvalidName,
    IsAFolder,
    NotAFolder,
    NotFound,
    PreconditionFailed,
    Unavailable,
)
from cabinet.models import Blob, Node, Space, User, Version
from cabinet.services.accounts.account import Account
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.names import PATH_BYTES
from cabinet.services.uploads.publishing import Stored, Target
from cabinet.services.uploads.uploads import ExpectedContent
from cabinet.storage.content_hash import hash_chunks
from tests.support.services import VERSIONS_KEPT, Workbench, content_of, paths_of, stored_bytes

CONTENT = b"the content"
HASH = hash_chunks([CONTENT])
OTHER = b"something else"


def rows(session: Session) -> list[Any]:
    session.rollback()
    return [
        session.execute(select(Space.id, Space.usage)).all(),
        session.execute(
            select(Node.id, Node.name, Node.version, Node.child_count, Node.child_size, Node.modified_at)
        ).all(),
        session.execute(select(Version.node_id, Version.number, Version.content_hash)).all(),
    ]


@pytest.fixture
def nothing_changes(session: Session, bench: Workbench) -> Iterator[None]:
    """Compare everything that is stored before and after the test."""
    before = rows(session), stored_bytes(bench)
    yield
    assert (rows(session), stored_bytes(bench)) == before


def test_an_upload_becomes_a_file(session: Session, bench: Workbench, alice: Account) -> None:
    stored = bench.upload(session, alice, "Отчёт №5.pdf", CONTENT)

    now = bench.clock.now
    assert stored.entry.file_id > 0
    assert stored == Stored(
        Entry(
            "file",
            "Отчёт №5.pdf",
            "Отчёт №5.pdf",
            len(CONTENT),
            HASH,
            "application/pdf",
            now,
            now,
            file_id=stored.entry.file_id,
        ),
        is_new=True,
    )
    assert content_of(session, bench, alice, "Отчёт №5.pdf") == CONTENT
    assert stored_bytes(bench) == Counter({"blobs": 1})


def test_parent_folders_are_created_once(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "a/b/one", CONTENT)
    bench.upload(session, alice, "a/b/two", CONTENT)

    assert paths_of(session, bench, alice) == ["a", "a/b", "a/b/one", "a/b/two"]


def test_a_replaced_file_keeps_its_old_content_as_a_version(
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


def test_identical_content_creates_no_new_version(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "f", CONTENT)
    bench.clock.advance(hours=1)

    stored = bench.upload(session, alice, "f", CONTENT)

    assert not stored.is_new
    assert stored.entry.modified_at == bench.clock.now
    assert session.scalar(select(func.count()).select_from(Version)) == 1
    assert session.scalar(select(Space.usage)) == len(CONTENT)


def test_identical_content_is_stored_once_and_counted_for_each_user(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bob = bench.register(session, "bob")
    bench.upload(session, alice, "a", CONTENT)
    bench.upload(session, alice, "b", CONTENT)
    bench.upload(session, bob, "c", CONTENT)

    assert stored_bytes(bench) == Counter({"blobs": 1})
    usage = session.execute(
        select(User.username, Space.usage).join(Space, Space.owner_id == User.id).order_by(User.id)
    ).all()
    assert usage == [("alice", 2 * len(CONTENT)), ("bob", len(CONTENT))]


def test_a_second_file_of_one_name_may_get_a_number(
    session: Session, bench: Workbench, alice: Account
) -> None:
    names = [
        bench.upload(session, alice, "d/report.pdf", b"x", OnConflict.RENAME).entry.name for _ in range(4)
    ]

    assert names == ["report.pdf", "report (2).pdf", "report (3).pdf", "report (4).pdf"]


def test_a_free_number_is_found_quickly_among_many(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = [Target(f"f ({number})") for number in range(2, 300)]
    service = bench.uploads(session, alice)
    with service.begin() as upload:
        upload.append([b"x"])
        service.commit([(upload, target) for target in [Target("f"), *targets]])
    looked_up: list[str] = []

    def child(folder: Node, name: str) -> Node | None:
        looked_up.append(name)
        return find(folder, name)

    find = service._publisher._tree.child
    monkeypatch.setattr(service._publisher._tree, "child", child)

    with service.begin() as upload:
        upload.append([b"y"])
        (stored,) = service.commit([(upload, Target("f", OnConflict.RENAME))])

    assert stored.entry.name == "f (300)"
    assert len(looked_up) < 30


def test_a_file_may_be_numbered_to_avoid_a_folder(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "docs/f", b"x")

    assert bench.upload(session, alice, "docs", b"x", OnConflict.RENAME).entry.name == "docs (2)"


CONFLICTS = {
    "onto a folder": ("folder", OnConflict.REPLACE, IsAFolder),
    "onto a folder, not to replace": ("folder", OnConflict.FAIL, IsAFolder),
    "below a file": ("file/below", OnConflict.REPLACE, NotAFolder),
    "deep below a file": ("folder/inner/a/b/c", OnConflict.RENAME, NotAFolder),
    "not to replace": ("file", OnConflict.FAIL, EntryExists),
    "onto the root": ("", OnConflict.REPLACE, IsAFolder),
    "no name": ("a/../b", OnConflict.REPLACE, InvalidName),
}


@pytest.mark.parametrize(("path", "on_conflict", "error"), CONFLICTS.values(), ids=CONFLICTS)
def test_conflicts_are_refused_before_and_after_the_upload(
    session: Session,
    bench: Workbench,
    alice: Account,
    path: str,
    on_conflict: OnConflict,
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
            service.commit([(upload, target)])

    assert (rows(session), stored_bytes(bench)) == before


def test_a_numbered_path_may_be_too_long(session: Session, bench: Workbench, alice: Account) -> None:
    path = "/".join(["a" * 255] * 7 + ["b" * 250, "c" * 5])
    assert len(path) == PATH_BYTES
    bench.upload(session, alice, path, b"old")

    with pytest.raises(InvalidName):
        bench.upload(session, alice, path, b"new", OnConflict.RENAME)


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


def test_a_precondition_is_checked_again_after_the_upload(
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
            service.commit([(upload, target)])

    assert content_of(session, bench, alice, "f") == CONTENT


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        (ExpectedContent(content_hash=hash_chunks([OTHER])), HASH),
        (ExpectedContent(sha256=hashlib.sha256(OTHER).hexdigest()), hashlib.sha256(CONTENT).hexdigest()),
    ],
    ids=["content hash", "sha256"],
)
@pytest.mark.usefixtures("nothing_changes")
def test_bytes_that_do_not_match_the_digest_are_not_stored(
    session: Session, bench: Workbench, expected: ExpectedContent, received: str
) -> None:
    bob = bench.register(session, "bob")
    service = bench.uploads(session, bob)

    with service.begin(expected) as upload:
        upload.append([CONTENT])
        with pytest.raises(DigestMismatch) as caught:
            upload.seal()

    assert caught.value.received == received
    bench.accounts(session).delete("bob")


def test_a_given_sha256_is_stored(session: Session, bench: Workbench, alice: Account) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    service = bench.uploads(session, alice)
    with service.begin(ExpectedContent(len(CONTENT), HASH, sha256)) as upload:
        upload.append([CONTENT])
        service.commit([(upload, Target("f"))])
    bench.upload(session, alice, "g", CONTENT)

    assert session.scalar(select(Blob.sha256)) == sha256
    assert bench.files(session, alice).sha256(HASH) == sha256


@pytest.mark.database
@pytest.mark.parametrize("on_conflict", OnConflict)
def test_twenty_concurrent_uploads_of_one_name_each_have_one_result(
    bench: Workbench, on_conflict: OnConflict
) -> None:
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
    expected = {OnConflict.REPLACE: (1, VERSIONS_KEPT), OnConflict.RENAME: (20, 20), OnConflict.FAIL: (1, 1)}
    assert (len(contents), versions) == expected[on_conflict]


def test_several_files_are_stored_together_in_order(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.uploads(session, alice)
    with service.begin() as one, service.begin() as two, service.begin() as three:
        for upload, content in ((one, b"1"), (two, b"2"), (three, b"1")):
            upload.append([content])
        stored = service.commit([(one, Target("z")), (two, Target("a")), (three, Target("z"))])

    assert [(found.entry.path, found.is_new) for found in stored] == [("z", True), ("a", True), ("z", False)]
    assert stored_bytes(bench) == Counter({"blobs": 2})


def test_one_refused_file_refuses_all(session: Session, bench: Workbench, alice: Account) -> None:
    service = bench.uploads(session, alice)
    with service.begin() as one, service.begin() as two:
        one.append([b"1"])
        two.append([b"2"])
        with pytest.raises(EntryExists):
            service.commit([(one, Target("f")), (two, Target("f", OnConflict.FAIL))])

    assert paths_of(session, bench, alice) == []
    assert stored_bytes(bench) == Counter()


def test_a_name_taken_concurrently_asks_to_retry(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(*_: object) -> None:
        raise IntegrityError("INSERT", {}, Exception("unique"))

    service = bench.uploads(session, alice)
    monkeypatch.setattr(service._publisher, "_place", collide)
    with service.begin() as upload:
        upload.append([CONTENT])
        with pytest.raises(Unavailable):
            service.commit([(upload, Target("f"))])


def test_an_upload_of_a_deleted_account_is_not_found(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.uploads(session, alice)
    with service.begin() as upload:
        upload.append([CONTENT])
        with bench.session() as meanwhile:
            bench.accounts(meanwhile).delete("alice")
        with pytest.raises(NotFound):
            service.commit([(upload, Target("f"))])
    assert stored_bytes(bench) == Counter()
