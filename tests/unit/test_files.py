"""Existing files: reading and deleting."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import (
    BlobMissing,
    IsAFolder,
    NotFound,
    PreconditionFailed,
)
from cabinet.models import Space
from cabinet.services.accounts.account import Account
from cabinet.storage.content_hash import hash_chunks
from tests.support.services import Workbench, content_of, paths_of

CONTENT = b"the content"
HASH = hash_chunks([CONTENT])
OTHER = b"something else"


def test_a_missing_sha256_is_computed_once(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "f", CONTENT)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    files = bench.files(session, alice)

    assert files.sha256(HASH) == sha256
    bench.store.remove(HASH)
    assert files.sha256(HASH) == sha256
    with pytest.raises(BlobMissing):
        files.open(files.get("f"))


def test_a_deleted_folder_is_hidden_with_its_content_and_still_counted(
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
    assert session.scalar(select(Space.usage)) == 2 * len(CONTENT)
    bench.upload(session, alice, "a", OTHER)
    assert content_of(session, bench, alice, "a") == OTHER


def test_the_root_cannot_be_deleted(session: Session, bench: Workbench, alice: Account) -> None:
    with pytest.raises(IsAFolder):
        bench.files(session, alice).trash("")


def test_a_file_is_deleted_only_if_its_condition_holds(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "f", CONTENT)
    files = bench.files(session, alice)

    with pytest.raises(PreconditionFailed):
        files.trash("f", lambda found: found != HASH)
    files.trash("f", lambda found: found == HASH)

    assert paths_of(session, bench, alice) == []


def test_a_folder_has_no_content(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "a/f", CONTENT)
    files = bench.files(session, alice)

    with pytest.raises(IsAFolder):
        files.open(files.get("a"))
