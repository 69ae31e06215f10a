"""The file size limit, and a user's quota, to the byte.

Rule: a limit is tested from both sides.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, QuotaExceeded, TooLarge, Unavailable
from cabinet.models import Space
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.usage import add_usage
from cabinet.services.tree.usage_checks import WrongUsage, find_wrong, find_wrong_entries, recount
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.uploads import ExpectedContent
from tests.support.audit import check_rows
from tests.support.resumable import part, plan, service_of
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench, paths_of, stored_bytes


def test_the_file_size_limit_applies(session: Session, bench: Workbench, alice: Account) -> None:
    service = bench.uploads(session, alice, max_size=10)

    with pytest.raises(TooLarge):
        service.check(Target("f"), 11)
    with pytest.raises(TooLarge), service.begin(ExpectedContent(11)):
        pytest.fail("it began")
    with service.begin() as upload, pytest.raises(TooLarge) as caught:
        upload.append([b"12345", b"678901"])
    assert caught.value.limit == 10

    with service.begin() as upload:
        upload.append([b"12345", b"67890"])
        service.commit([(upload, Target("f"))])
    assert paths_of(session, bench, alice) == ["f"]


def test_the_quota_can_be_used_to_the_last_byte(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=10)
    bench.upload(session, bob, "f", b"1234567")

    with pytest.raises(QuotaExceeded) as caught:
        bench.upload(session, bob, "g", b"1234")
    assert (caught.value.needed, caught.value.free) == (4, 3)
    bench.upload(session, bob, "g", b"123")
    bench.upload(session, bob, "empty", b"")
    assert session.scalar(select(Space.usage)) == 10


def test_a_loaded_space_is_in_step_with_what_was_used(
    session: Session, bench: Workbench, alice: Account
) -> None:
    with writing(session):
        space = session.get_one(Space, alice.space_id)
        add_usage(session, alice.scope, 10, entries=2)
        add_usage(session, alice.scope, -3, entries=-1)
        assert (space.usage, space.entries) == (7, 1)
        session.refresh(space)
        assert (space.usage, space.entries) == (7, 1)


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


def test_an_upload_refused_by_the_quota_leaves_no_bytes(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=10)
    service = bench.uploads(session, bob)
    with service.begin() as first, service.begin() as second:
        first.append([b"123456"])
        second.append([b"abcdef"])
        with pytest.raises(QuotaExceeded):
            service.commit([(first, Target("a")), (second, Target("b"))])

    assert paths_of(session, bench, bob) == []
    assert stored_bytes(bench) == Counter()


def test_twenty_concurrent_uploads_do_not_exceed_the_quota(bench: Workbench) -> None:
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
        assert session.scalar(select(Space.usage)) == 90
        assert len(paths_of(session, bench, bob)) == 3


def test_an_announced_size_without_space_is_refused_before_any_byte(
    session: Session, bench: Workbench
) -> None:
    bob = bench.register(session, "bob", quota=10)
    service = bench.uploads(session, bob)

    for refused in (
        lambda: service.check(Target("f"), 11),
        lambda: service.check_room_for_all(11),
        lambda: service.begin(ExpectedContent(11)).__enter__(),
    ):
        with pytest.raises(QuotaExceeded):
            refused()
    service.check(Target("f"), 10)
    service.check_room_for_all(10)
    assert stored_bytes(bench) == Counter()


def test_a_quota_adds_no_statements_to_a_small_upload(session: Session, bench: Workbench) -> None:
    counts = []
    for quota in (None, 100):
        user = bench.register(session, quota=quota)
        asked: list[object] = []
        event.listen(bench.engine, "before_cursor_execute", lambda *call, asked=asked: asked.append(call[2]))
        bench.upload(session, user, "f", f"of {quota}".encode())
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_a_quota_below_the_usage_keeps_everything_and_refuses_more(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "f", b"1234567")
    bench.upload(session, alice, "g", b"1234567")
    bench.accounts(session).set_quota("alice", 10)
    with pytest.raises(QuotaExceeded):
        bench.upload(session, alice, "h", b"1")
    bench.upload(session, alice, "empty", b"")
    bench.files(session, alice).trash("f")
    with pytest.raises(QuotaExceeded):
        bench.upload(session, alice, "h", b"1")
    bench.files(session, alice).purge("g")

    bench.upload(session, alice, "h", b"123")
    assert session.scalar(select(Space.usage)) == 10
    assert find_wrong(session) == []


def test_usage_equals_stored_bytes_under_concurrency(bench: Workbench) -> None:
    quota = 400
    with bench.session() as session:
        bob = bench.register(session, "bob", quota=quota)
    used: list[int] = []

    def work(worker: int) -> int:
        choose = random.Random(worker)
        refused = 0
        with bench.session() as session:
            for number in range(12):
                try:
                    _do_something(session, bench, bob, choose, f"{worker}-{number}")
                except QuotaExceeded:
                    refused += 1
                except (NotFound, Unavailable):  # another one deleted it, or took the name
                    pass
                session.rollback()
                used.append(session.scalar(select(Space.usage).where(Space.id == bob.space_id)) or 0)
        return refused

    with ThreadPoolExecutor(8) as pool:
        refused = sum(pool.map(work, range(8)))

    with bench.session() as session:
        assert refused
        assert 0 <= min(used) < max(used) <= quota
        assert find_wrong(session) == []
        assert find_wrong_entries(session) == []
        before = session.scalar(select(Space.usage))
        assert bench.accounts(session).recount("bob").usage == before


def _do_something(
    session: Session, bench: Workbench, user: Account, choose: random.Random, unique: str
) -> None:
    """Store at a shared name, abandon an upload, copy, or delete permanently."""
    content = unique.encode().ljust(choose.randrange(10, 40))
    shared = f"shared {choose.randrange(4)}"
    kind = choose.randrange(8)
    if kind < 3:
        bench.upload(session, user, shared, content)
    elif kind == 3:
        service = service_of(session, bench, user)
        made = service.begin(plan(2 * len(content), unique))
        service.append(made.id, part(content))
        if choose.random() < 0.5:
            service.append(made.id, part(content, len(content)))
    elif kind == 4:
        bench.files(session, user).purge(shared)
    elif kind == 5:
        bench.moving(session, user).copy([shared], f"copy {unique}", OnConflict.FAIL)
    elif kind == 6:
        bench.versions(session, user).restore(shared, 1)
    else:
        bench.files(session, user).trash(shared)
        bench.trash(session, user).empty()


def test_a_wrong_usage_is_found_and_recalculated(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "f", b"1234567")
    bench.upload(session, alice, "f", b"12")
    service = service_of(session, bench, alice)
    service.append(service.begin(plan(10, "half")).id, part(b"1234"))
    bench.files(session, alice).trash("f")
    with writing(session):
        session.execute(update(Space).values(usage=1))

    assert find_wrong(session) == [WrongUsage("alice", 1, 13)]
    assert bench.accounts(session).recount("alice").usage == 13
    assert find_wrong(session) == []


@contextmanager
def before_and_after_counts(bench: Workbench, act: Callable[[], object]) -> Iterator[list[str]]:
    """Let something be done in front of every statement that counts what a user has, and behind it."""
    counts: list[str] = []

    def note(*call: object) -> None:
        if "counted" in str(call[2]):
            counts.append(str(call[2]))
            act()

    for moment in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(bench.engine, moment, note)
    try:
        yield counts
    finally:
        for moment in ("before_cursor_execute", "after_cursor_execute"):
            event.remove(bench.engine, moment, note)


def test_recalculation_does_not_block_writers(session: Session, bench: Workbench, alice: Account) -> None:
    """On SQLite they would wait until the count is done, which takes a second for a million entries."""
    bob = bench.register(session, "bob")
    for number in range(5):
        bench.upload(session, alice, f"d/{number}", b"12345")
    with writing(session):
        session.execute(
            update(Space).where(Space.id == alice.space_id).values(usage=Space.usage + 700, entries=77)
        )
    numbers = itertools.count()

    def write() -> None:
        with bench.session() as own:
            number = next(numbers)
            bench.upload(own, bob, f"new {number}", b"1")
            bench.upload(own, alice, f"new {number}", b"1234567")
            bench.files(own, alice).purge("d" if number == 1 else f"new {number}")

    with before_and_after_counts(bench, write), rows_changed(bench.engine) as changed:
        recounted = bench.accounts(session).recount("alice")

    # Once more is counted, to see that it is right now.
    assert next(numbers) == 4
    assert (recounted.usage, recounted.entries) == (7, 1)
    assert find_wrong(session) == []
    assert find_wrong_entries(session) == []
    assert 1 in changed
    check_rows(session)


def test_concurrent_recalculations_are_correct(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "f", b"12345")
    with writing(session):
        session.execute(update(Space).values(usage=700, entries=77))
    calls = itertools.count()

    def recount_too() -> None:
        # Between the count of the first process and its update.
        if next(calls) == 1:
            with bench.session() as own:
                assert bench.accounts(own).recount("alice").usage == 5

    with before_and_after_counts(bench, recount_too):
        recounted = bench.accounts(session).recount("alice")

    assert (recounted.usage, recounted.entries) == (5, 1)
    check_rows(session)


def test_recalculation_skips_an_account_deleted_meanwhile(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.accounts(session).delete("alice")

    with pytest.raises(NotFound):
        recount(session, alice.space_id)
