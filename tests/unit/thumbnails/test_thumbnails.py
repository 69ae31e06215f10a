"""Thumbnails as rows and blobs: generated once, on demand, and deleted with their source."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing, InvalidField, NotFound
from cabinet.models import Space, Thumbnail, User
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import writing
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.thumbnails.thumbnails import Missing
from cabinet.services.tree.entries import Entry
from cabinet.storage.content_hash import hash_chunks
from tests.support.images import opened
from tests.support.services import Workbench
from tests.unit.thumbnails.conftest import PICTURE, Find, InThisProcess, housekeeping


@pytest.fixture
def decoded(decoder: InThisProcess) -> list[int]:
    """Return a list that records the size of each thumbnail decoded from now on."""
    return decoder.sizes


def content_of(bench: Workbench, found: Entry | Missing) -> bytes:
    assert isinstance(found, Entry)
    assert found.content_hash is not None
    with bench.store.open(found.content_hash) as stream:
        return stream.read()


def test_a_thumbnail_is_generated_once_per_content(
    session: Session, bench: Workbench, alice: Account, find: Find, decoded: list[int]
) -> None:
    bench.upload(session, alice, "a.png", PICTURE)
    bench.upload(session, alice, "folder/other.png", PICTURE)
    usage = session.get_one(Space, alice.space_id).usage

    first, again, elsewhere = find("a.png"), find("a.png"), find("folder/other.png")

    assert decoded == [64]
    assert first == again
    assert opened(content_of(bench, first)).size == (64, 32)
    assert isinstance(first, Entry)
    assert isinstance(elsewhere, Entry)
    assert (first.name, first.media_type) == ("a.webp", "image/webp")
    assert first.size == len(content_of(bench, first))
    assert first.content_hash == elsewhere.content_hash == hash_chunks([content_of(bench, first)])
    assert opened(content_of(bench, find("a.png", 256))).size == (256, 128)
    assert session.get_one(Space, alice.space_id).usage == usage


def test_thumbnails_do_not_reveal_that_another_user_has_the_content(
    session: Session, bench: Workbench, alice: Account, find: Find, decoded: list[int]
) -> None:
    bob = bench.register(session, "bob")
    bench.upload(session, alice, "a.png", PICTURE)
    bench.upload(session, bob, "b.png", PICTURE)

    hers, his = find("a.png"), find("b.png", owner=bob)

    assert decoded == [64, 64]
    assert content_of(bench, hers) == content_of(bench, his)


@pytest.mark.parametrize(
    ("path", "content"),
    [("a.jpg", b"<html><script>alert(1)</script></html>"), ("a.png", PICTURE[:-50]), ("a.gif", b"")],
)
def test_an_invalid_image_has_no_thumbnail_and_is_decoded_once(
    session: Session,
    bench: Workbench,
    alice: Account,
    find: Find,
    decoded: list[int],
    path: str,
    content: bytes,
) -> None:
    bench.upload(session, alice, path, content)

    assert [find(path), find(path)] == [Missing.NEVER] * 2
    assert decoded == [64]


@pytest.mark.parametrize("path", ["a.txt", "page.html", "image.svg", "folder"])
def test_files_of_other_media_types_are_not_decoded(
    session: Session, bench: Workbench, alice: Account, find: Find, decoded: list[int], path: str
) -> None:
    bench.upload(session, alice, path if "." in path else f"{path}/file", PICTURE)

    with pytest.raises(NotFound):
        find(path)

    assert decoded == []


def test_other_sizes_are_refused(session: Session, bench: Workbench, alice: Account, find: Find) -> None:
    bench.upload(session, alice, "a.png", PICTURE)

    for size in (0, 63, 65, 1599, 100_000):
        with pytest.raises(InvalidField):
            find("a.png", size)


def test_a_failure_is_logged_and_the_next_request_tries_again(
    session: Session, bench: Workbench, alice: Account, find: Find, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def full(*_: object) -> None:
        raise OSError("no room")

    bench.upload(session, alice, "a.png", PICTURE)
    with monkeypatch.context() as patched:
        patched.setattr(bench.store, "begin", full)
        assert find("a.png") is Missing.NOT_YET
    assert hash_chunks([PICTURE]) in caplog.text

    assert isinstance(find("a.png"), Entry)


def test_a_lost_thumbnail_is_generated_again_and_lost_content_is_an_error(
    session: Session, bench: Workbench, alice: Account, find: Find
) -> None:
    bench.upload(session, alice, "a.png", PICTURE)
    found = find("a.png")
    assert isinstance(found, Entry)
    bench.store.remove(found.content_hash or "")

    assert content_of(bench, find("a.png"))

    bench.store.remove(hash_chunks([PICTURE]))
    assert isinstance(find("a.png"), Entry)
    with pytest.raises(BlobMissing):
        find("a.png", 256)


def test_a_sweep_removes_a_thumbnail_with_its_source(
    session: Session, bench: Workbench, alice: Account, find: Find
) -> None:
    bob = bench.register(session, "bob")
    bench.upload(session, alice, "a.png", PICTURE)
    bench.upload(session, bob, "b.png", PICTURE)
    kept = content_of(bench, find("a.png"))
    sweep = partial(housekeeping(session, bench).sweep)

    for _ in range(2):
        assert sweep().blobs == 0
        bench.clock.advance(days=2)
    assert content_of(bench, find("a.png")) == kept

    bench.files(session, alice).trash("a.png")
    swept = []
    for _ in range(3):
        bench.clock.advance(days=2)
        swept.append(sweep().blobs)

    # The content is bob's as well; that it was alice's is forgotten with her thumbnail.
    assert sum(swept) == 1
    assert session.scalars(select(Thumbnail)).all() == []
    assert [found.key for found in bench.store.iter_blobs()] == [hash_chunks([PICTURE])]
    assert isinstance(find("b.png", owner=bob), Entry)


def test_verify_and_statistics_include_thumbnails(
    session: Session, bench: Workbench, alice: Account, find: Find
) -> None:
    bench.upload(session, alice, "a.png", PICTURE)
    found = find("a.png")
    assert isinstance(found, Entry)
    inspection = Inspection(session, bench.store)
    stats = inspection.stats()

    assert list(inspection.verify(deep=True)) == []
    assert (stats.thumbnails, stats.blobs, stats.versions, stats.content) == (1, 2, 1, len(PICTURE))
    assert inspection.count_blobs() == 2

    bench.store.remove(found.content_hash or "")

    (finding,) = inspection.verify()
    assert (finding.fault, finding.content_hash) == ("missing", found.content_hash)
    assert finding.files == ("alice:a.png",)


def test_deleting_an_account_deletes_its_thumbnails(
    session: Session, bench: Workbench, alice: Account, find: Find
) -> None:
    bench.upload(session, alice, "a.png", PICTURE)
    find("a.png")

    with writing(session):
        session.delete(session.get_one(User, alice.id))

    assert session.scalars(select(Thumbnail)).all() == []
