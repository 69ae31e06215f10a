"""The queue of thumbnail requests: order, limits and claims."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Thumbnail
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import writing
from cabinet.services.thumbnails import thumbnails
from cabinet.services.thumbnails.making import CLAIM, ThumbnailMaker
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE
from cabinet.services.thumbnails.thumbnails import Missing
from cabinet.services.tree.entries import Entry
from cabinet.storage.content_hash import hash_chunks
from tests.support.images import opened, picture
from tests.support.services import Workbench
from tests.unit.thumbnails.conftest import PICTURE, Find, InThisProcess, housekeeping

AskFor = Callable[..., None]


def make_nothing() -> None:
    """Make nothing."""


@pytest.fixture
def ask_for(session: Session, bench: Workbench, find: Find) -> AskFor:
    """Return a function that requests thumbnails of images of the given widths, in turn, without generating any."""

    def ask_for(owner: Account, *widths: int) -> None:
        for width in widths:
            bench.upload(session, owner, f"{width}.png", picture(width=width))
            assert find(f"{width}.png", owner=owner, wake=make_nothing) is Missing.NOT_YET
            bench.clock.advance(seconds=1)

    return ask_for


def test_early_and_excess_requests_are_told_to_retry(
    session: Session, bench: Workbench, alice: Account, maker: ThumbnailMaker, find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("a.png", "b.png"):
        bench.upload(session, alice, name, picture(width=len(name) + ord(name[0])))
    monkeypatch.setattr(thumbnails, "MAX_WAITING", 1)
    too_early, again, too_much = (find(name, wake=make_nothing) for name in ("a.png", "a.png", "b.png"))
    assert not session.in_transaction()

    assert (too_early, again, too_much) == (Missing.NOT_YET, Missing.NOT_YET, Missing.NOT_YET)
    assert maker.make_waiting() == 1
    assert isinstance(find("a.png"), Entry)
    assert isinstance(find("b.png"), Entry)


def widths_of(decoder: InThisProcess) -> list[int]:
    return [opened(content).width for content in decoder.contents]


def test_spaces_take_turns(
    session: Session,
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    ask_for: AskFor,
) -> None:
    bob, carol = bench.register(session, "bob"), bench.register(session, "carol")
    ask_for(alice, 11, 12, 13, 14, 15)
    ask_for(bob, 21, 22)
    ask_for(carol, 31)

    assert maker.make_waiting() == 8

    assert widths_of(decoder) == [11, 21, 31, 12, 22, 13, 14, 15]


def test_previews_come_first_and_the_newest_of_them_before_others(
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    ask_for: AskFor,
    find: Find,
) -> None:
    ask_for(alice, 11, 12)
    find("11.png", PREVIEW_SIZE, wake=make_nothing)
    bench.clock.advance(seconds=1)
    find("12.png", PREVIEW_SIZE, wake=make_nothing)

    maker.make_waiting()

    assert list(zip(decoder.sizes, widths_of(decoder), strict=True)) == [
        (PREVIEW_SIZE, 12), (PREVIEW_SIZE, 11), (64, 11), (64, 12)
    ]  # fmt: skip


def test_the_space_with_most_requests_gives_way_at_the_limit(
    session: Session,
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    ask_for: AskFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thumbnails, "MAX_WAITING", 5)
    bob = bench.register(session, "bob")
    ask_for(alice, 11, 12, 13, 14, 15, 16)
    ask_for(bob, 21)

    maker.make_waiting()

    # Her sixth had no room, and her fifth was given up for his first.
    assert sorted(widths_of(decoder)) == [11, 12, 13, 14, 21]


def test_a_claimed_request_is_not_taken_until_the_claim_expires(
    bench: Workbench,
    alice: Account,
    maker: ThumbnailMaker,
    decoder: InThisProcess,
    ask_for: AskFor,
    find: Find,
) -> None:
    other = InThisProcess()
    another = ThumbnailMaker(bench.session, bench.store, bench.clock, other)
    ask_for(alice, 11, 12)
    made: list[int] = []

    def die() -> None:
        raise KeyboardInterrupt

    decoder.before = lambda: made.append(another.make_waiting())
    assert maker.make_waiting() == 1
    assert (made, widths_of(decoder), widths_of(other)) == ([1], [11], [12])
    ask_for(alice, 13)
    decoder.before = die
    with pytest.raises(KeyboardInterrupt):
        maker.make_waiting()
    assert not another.has_work()
    assert another.make_waiting() == 0
    bench.clock.now += CLAIM
    assert another.has_work()
    assert another.make_waiting() == 1

    assert widths_of(other) == [12, 13]
    assert isinstance(find("13.png", wake=make_nothing), Entry)


def test_a_claim_from_before_the_clock_was_set_back_expires(
    session: Session, bench: Workbench, alice: Account, maker: ThumbnailMaker, ask_for: AskFor
) -> None:
    ask_for(alice, 11)
    with writing(session):
        row = session.scalars(select(Thumbnail)).one()
        row.claimed_until = bench.clock() + timedelta(days=1)

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
    find("a.png", wake=make_nothing)

    def forget() -> None:
        bench.files(session, alice).purge("a.png")
        housekeeping(session, bench).sweep()

    decoder.before = forget
    assert maker.make_waiting() == 1

    assert session.scalars(select(Thumbnail)).all() == []
    assert [found.key for found in bench.store.iter_blobs()] == [hash_chunks([PICTURE])]


def test_a_stopped_maker_leaves_requests_to_others(
    alice: Account, maker: ThumbnailMaker, decoder: InThisProcess, ask_for: AskFor
) -> None:
    ask_for(alice, 11, 12)
    stop = threading.Event()
    decoder.before = stop.set

    assert maker.make_waiting(stop) == 1
    assert maker.has_work()
