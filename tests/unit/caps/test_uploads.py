"""Uploads of one user: how many may be unfinished, how many that have ended are remembered, how often a part is joined.

Rule: a cap is tried from both sides, and by many at once; after each test all counters are true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    NotFound,
    TooManyJoins,
    TooManyUploads,
    UploadGone,
)
from cabinet.models import Upload, UploadKind
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.uploads.resumable import ResumableUploads
from tests.support.resumable import part, partial, plan, service_of
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench, at_once, content_of, stored_bytes
from tests.unit.caps.conftest import CAPS


def test_the_number_of_unfinished_uploads_per_user_is_limited(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = service_of(session, bench, alice)
    begun = [service.begin(plan(3, f"file {number}")).id for number in range(CAPS.uploads)]

    with pytest.raises(TooManyUploads) as caught:
        service.begin(plan(3, "new"))
    assert caught.value.allowed == CAPS.uploads
    assert stored_bytes(bench)["staged"] == CAPS.uploads
    service_of(session, bench, bench.register(session, "bob")).begin(plan(3, "his"))

    service.append(begun[0], part(b"abc"))
    service.cancel(begun[1])
    for number in range(2):
        service.begin(plan(3, f"again {number}"))
    with pytest.raises(TooManyUploads):
        service.begin(plan(3, "new"))


def test_expired_uploads_do_not_count_toward_the_limit(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = service_of(session, bench, alice)
    for number in range(CAPS.uploads):
        service.begin(plan(3, f"file {number}"))
    bench.clock.advance(days=8)

    for number in range(CAPS.uploads):
        service.begin(plan(3, f"again {number}"))
    with pytest.raises(TooManyUploads):
        service.begin(plan(3, "new"))


def cancelled(service: ResumableUploads) -> str:
    begun = service.begin(plan(3)).id
    service.cancel(begun)
    return begun


def finished(service: ResumableUploads) -> str:
    return service.begin(plan(0)).id


def joined(service: ResumableUploads) -> str:
    return service.join(plan(None, kind=UploadKind.JOINED), [partial(service, b"x")]).id


@pytest.mark.parametrize("end", [cancelled, finished, joined])
def test_only_the_most_recent_finished_uploads_are_remembered(
    session: Session, bench: Workbench, alice: Account, end: Callable[[ResumableUploads], str]
) -> None:
    service = service_of(session, bench, alice)
    others = cancelled(service_of(session, bench, bench.register(session, "bob")))
    going_on = service.begin(plan(3, "kept")).id
    ended, rows = [], []
    for _ in range(8 * CAPS.uploads):
        bench.clock.advance(seconds=1)
        ended.append(end(service))
        rows.append(session.scalar(select(func.count()).where(Upload.space_id == alice.space_id)) or 0)

    assert max(rows) <= 2 * CAPS.uploads + 2
    # With each that is joined, its part has ended as well.
    for upload_id in ended[-1:] if end is joined else ended[-CAPS.uploads :]:
        if end is cancelled:
            with pytest.raises(UploadGone):
                service.get(upload_id)
        else:
            assert service.get(upload_id).content_hash
    with pytest.raises(NotFound):
        service.get(ended[0])
    assert service.append(going_on, part(b"abc")).content_hash
    assert session.get(Upload, others) is not None


def test_many_finished_uploads_are_removed_in_batches_after_the_upgrade(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.uploads.upload_caps._BATCH", 5)
    bind_caps(session, Caps(uploads=100))
    service = service_of(session, bench, alice)
    for _ in range(40):
        bench.clock.advance(seconds=1)
        last = cancelled(service)
    bind_caps(session, CAPS)

    with rows_changed(bench.engine) as changed:
        for _ in range(12):
            bench.clock.advance(seconds=1)
            cancelled(service)

    # The lock; five are forgotten, and one is added.
    assert max(changed) == 7
    assert (session.scalar(select(func.count()).select_from(Upload)) or 0) <= 2 * CAPS.uploads + 1
    with pytest.raises(NotFound):
        service.get(last)


def test_concurrent_creations_do_not_exceed_the_limit(bench: Workbench) -> None:
    with bench.session() as session:
        bob = bench.register(session, "bob")

    def begin(session: Session) -> None:
        bind_caps(session, CAPS)
        service_of(session, bench, bob).begin(plan(3))

    ends = Counter(at_once(bench, [begin] * 12))

    assert ends == {None: CAPS.uploads, TooManyUploads: 12 - CAPS.uploads}
    with bench.session() as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == CAPS.uploads
    assert stored_bytes(bench)["staged"] == CAPS.uploads


def test_repetitions_of_a_part_in_a_joined_upload_are_limited(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = service_of(session, bench, alice)
    one, other = partial(service, b"ab"), partial(service, b"c")

    with pytest.raises(TooManyJoins) as caught:
        service.join(plan(None, "f", kind=UploadKind.JOINED), [one, other, one, one])
    assert caught.value.allowed == CAPS.joins
    assert stored_bytes(bench)["staged"] == 2

    service.join(plan(None, "f", kind=UploadKind.JOINED), [one, other, one])
    assert content_of(session, bench, alice, "f") == b"abcab"
    with pytest.raises(CabinetError):
        service.join(plan(None, "g", kind=UploadKind.JOINED), [one])
