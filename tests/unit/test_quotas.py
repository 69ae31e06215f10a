"""How much may be stored: the size of one file, and a user's quota, to the byte.

Rule: a limit is tried from both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import QuotaExceeded, TooLarge
from cabinet.models import User
from cabinet.services.accounts import Account
from cabinet.services.publishing import Target
from cabinet.services.uploads import Promised
from tests.support.services import Workbench, paths_of, stored_bytes


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
