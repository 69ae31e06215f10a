"""Thumbnails as rows and blobs: generated once, on demand, and deleted with their source."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import BinaryIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing, InvalidField, NotFound
from cabinet.models import Space, Thumbnail, User
from cabinet.services.accounts.accounts import Account
from cabinet.services.maintenance.sweep import Housekeeping, Keep
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.thumbnails import thumbnails
from cabinet.services.thumbnails.decoder import Decoder
from cabinet.services.thumbnails.imaging import make_thumbnail
from cabinet.services.thumbnails.making import CLAIM, ThumbnailMaker
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE
from cabinet.services.thumbnails.thumbnails import Missing, Thumbnails
from cabinet.services.tree.entries import Entry
from cabinet.storage.content_hash import hash_chunks
from tests.support.images import opened, picture
from tests.support.services import Workbench

PICTURE = picture("PNG", 400, 200)
GRACE = timedelta(days=1)


class InThisProcess(Decoder):
    """A decoder that starts no process."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.contents: list[bytes] = []
        self.before: Callable[[], object] = lambda: None

    def make(self, stream: BinaryIO, size: int) -> bytes | None:
        self.before()
        self.sizes.append(size)
        self.contents.append(stream.read())
        return make_thumbnail(stream, size)


@pytest.fixture
def decoder() -> InThisProcess:
    return InThisProcess()


@pytest.fixture
def maker(bench: Workbench, decoder: InThisProcess, monkeypatch: pytest.MonkeyPatch) -> ThumbnailMaker:
    """Return a thumbnail maker; requests do not wait for thumbnails."""
    monkeypatch.setattr(thumbnails, "WAIT_SECONDS", 0.001)
    monkeypatch.setattr(thumbnails, "FIRST_POLL", 0)
    return ThumbnailMaker(bench.session, bench.store, bench.clock, decoder)


@pytest.fixture
def decoded(decoder: InThisProcess) -> list[int]:
    """Return a list that records the size of each thumbnail decoded from now on."""
    return decoder.sizes


Find = Callable[..., Entry | Missing]


@pytest.fixture
def find(session: Session, bench: Workbench, maker: ThumbnailMaker, alice: Account) -> Find:
    """Return a function that finds the thumbnail of a file, by default one of alice's, generated at once."""

    def make() -> None:
        with suppress(OSError):
            maker.make_waiting()

    def find(
        path: str, size: int = 64, owner: Account = alice, wake: Callable[[], None] = make
    ) -> Entry | Missing:
        entry = bench.files(session, owner).get(path)
        return Thumbnails(session, bench.store, bench.clock, wake, owner.scope).find(entry, size)

    return find


def nobody() -> None:
    """Make nothing."""


def content_of(bench: Workbench, found: Entry | Missing) -> bytes:
    assert isinstance(found, Entry)
    assert found.content_hash is not None
    with bench.store.open(found.content_hash) as stream:
        return stream.read()


def housekeeping(session: Session, bench: Workbench) -> Housekeeping:
    return Housekeeping(
        session, bench.store, bench.locker, bench.clock, Keep(timedelta(0), GRACE, GRACE, GRACE)
    )


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

    assert [find(path), find(path)] == [Missing.EVER] * 2
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


def test_early_and_excess_requests_are_told_to_retry(
    session: Session, bench: Workbench, alice: Account, maker: ThumbnailMaker, find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("a.png", "b.png"):
        bench.upload(session, alice, name, picture(width=len(name) + ord(name[0])))
    monkeypatch.setattr(thumbnails, "MAX_WAITING", 1)
    too_early, again, too_much = (find(name, wake=nobody) for name in ("a.png", "a.png", "b.png"))
    assert not session.in_transaction()

    assert (too_early, again, too_much) == (Missing.YET, Missing.YET, Missing.YET)
    assert maker.make_waiting() == 1
    assert isinstance(find("a.png"), Entry)
    assert isinstance(find("b.png"), Entry)


def ask_for(session: Session, bench: Workbench, find: Find, owner: Account, *widths: int) -> None:
    """Request thumbnails of images of the given sizes, one after the other, without generating any."""
    for width in widths:
        bench.upload(session, owner, f"{width}.png", picture(width=width))
        assert find(f"{width}.png", owner=owner, wake=nobody) is Missing.YET
        bench.clock.advance(seconds=1)


def widths_of(decoder: InThisProcess) -> list[int]:
    return [opened(content).width for content in decoder.contents]


def test_spaces_take_turns(
    session: Session,
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    find: Find,
) -> None:
    bob, carol = bench.register(session, "bob"), bench.register(session, "carol")
    ask_for(session, bench, find, alice, 11, 12, 13, 14, 15)
    ask_for(session, bench, find, bob, 21, 22)
    ask_for(session, bench, find, carol, 31)

    assert maker.make_waiting() == 8

    assert widths_of(decoder) == [11, 21, 31, 12, 22, 13, 14, 15]


def test_previews_come_first_and_the_newest_of_them_before_others(
    session: Session,
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    find: Find,
) -> None:
    ask_for(session, bench, find, alice, 11, 12)
    find("11.png", PREVIEW_SIZE, wake=nobody)
    bench.clock.advance(seconds=1)
    find("12.png", PREVIEW_SIZE, wake=nobody)

    maker.make_waiting()

    assert list(zip(decoder.sizes, widths_of(decoder), strict=True)) == [
        (PREVIEW_SIZE, 12), (PREVIEW_SIZE, 11), (64, 11), (64, 12)
    ]  # fmt: skip


def test_the_space_with_most_requests_gives_way_at_the_limit(
    session: Session, bench: Workbench, alice: Account, maker: ThumbnailMaker, decoder: InThisProcess, find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(thumbnails, "MAX_WAITING", 5)
    bob = bench.register(session, "bob")
    ask_for(session, bench, find, alice, 11, 12, 13, 14, 15, 16)
    ask_for(session, bench, find, bob, 21)

    maker.make_waiting()

    # Her sixth had no room, and her fifth was given up for his first.
    assert sorted(widths_of(decoder)) == [11, 12, 13, 14, 21]


def test_a_claimed_request_is_not_taken_until_the_claim_expires(
    session: Session,
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    find: Find,
) -> None:
    other = InThisProcess()
    another = ThumbnailMaker(bench.session, bench.store, bench.clock, other)
    ask_for(session, bench, find, alice, 11, 12)
    made: list[int] = []

    def die() -> None:
        raise KeyboardInterrupt

    decoder.before = lambda: made.append(another.make_waiting())
    assert maker.make_waiting() == 1
    assert (made, widths_of(decoder), widths_of(other)) == ([1], [11], [12])
    ask_for(session, bench, find, alice, 13)
    decoder.before = die
    with pytest.raises(KeyboardInterrupt):
        maker.make_waiting()
    assert not another.has_work()
    assert another.make_waiting() == 0
    bench.clock.now += CLAIM
    assert another.has_work()
    assert another.make_waiting() == 1

    assert widths_of(other) == [12, 13]
    assert isinstance(find("13.png", wake=nobody), Entry)


def test_a_claim_from_before_the_clock_was_set_back_expires(
    session: Session, bench: Workbench, alice: Account, maker: ThumbnailMaker, find: Find
) -> None:
    ask_for(session, bench, find, alice, 11)
    row = session.scalars(select(Thumbnail)).one()
    row.claimed_until = bench.clock() + timedelta(days=1)
    session.commit()

    assert maker.make_waiting() == 1


def test_a_request_deleted_during_decoding_stores_nothing(
    session: Session,
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    find: Find,
) -> None:
    bench.upload(session, alice, "a.png", PICTURE)
    find("a.png", wake=nobody)

    def forget() -> None:
        bench.files(session, alice).purge("a.png")
        housekeeping(session, bench).sweep()

    decoder.before = forget
    assert maker.make_waiting() == 1

    assert session.scalars(select(Thumbnail)).all() == []
    assert [found.key for found in bench.store.iter_blobs()] == [hash_chunks([PICTURE])]


def test_a_stopped_maker_leaves_requests_to_others(
    session: Session,
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    find: Find,
) -> None:
    ask_for(session, bench, find, alice, 11, 12)
    stop = threading.Event()
    decoder.before = stop.set

    assert maker.make_waiting(stop) == 1
    assert maker.has_work()


def test_a_failure_is_logged_and_the_next_request_tries_again(
    session: Session, bench: Workbench, alice: Account, find: Find, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def full(*_: object) -> None:
        raise OSError("no room")

    bench.upload(session, alice, "a.png", PICTURE)
    with monkeypatch.context() as patched:
        patched.setattr(bench.store, "begin", full)
        assert find("a.png") is Missing.YET
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

    session.delete(session.get_one(User, alice.id))
    session.commit()

    assert session.scalars(select(Thumbnail)).all() == []
