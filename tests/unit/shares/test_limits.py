"""The limits of links: exact, however many guests come at once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import FolderFull, NotFound
from cabinet.models import Share, Upload
from cabinet.services.activity.expiry import delete_old
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.services.shares.values import ShareInfo, ShareState
from cabinet.services.tree.link_rights import DROP
from cabinet.services.uploads.publishing import Target
from tests.support.audit import check_rows
from tests.support.resumable import part, plan
from tests.support.services import ADDRESS, Guest, Workbench, at_once
from tests.unit.shares.conftest import EDIT, Sharing

ELSEWHERE = "203.0.113.9"
HOUR = timedelta(hours=1)
KEEP = Retention(trash=30 * HOUR, unneeded=HOUR, staged=HOUR, ended=HOUR)
GUESTS = 20


def used(sharing: Sharing, made: ShareInfo) -> tuple[int, int, int]:
    info = sharing.info(made)
    return info.used_size, info.files, info.uploads


def sweep(session: Session, bench: Workbench) -> None:
    Housekeeping(session, bench.store, bench.locker, bench.clock, KEEP).sweep()


def test_exactly_as_many_downloads_begin_as_allowed(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("top.txt", max_downloads=7)
    link = sharing.find(made)

    def begin(number: int) -> object:
        address = f"192.0.2.{number}"
        return lambda own: bench.links(own).begin_download(link, address, "top.txt", resumes=False)

    outcomes = Counter(at_once(bench, [begin(number) for number in range(GUESTS)]))  # type: ignore[misc]  # returns it

    assert outcomes == {None: 7, NotFound: GUESTS - 7}
    info = sharing.info(made)
    assert (info.downloads, info.state) == (7, ShareState.USED_UP)


def test_resuming_costs_nothing_for_half_an_hour(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    link = sharing.find(sharing.share("top.txt", max_downloads=3))
    links = bench.links(session)

    def left(address: str = ADDRESS, path: str = "top.txt", *, resumes: bool = True) -> int:
        links.begin_download(link, address, path, resumes=resumes)
        session.rollback()
        return 3 - session.get_one(Share, link.id, populate_existing=True).downloads

    assert left(resumes=False) == 2
    assert left() == 2
    assert left(path="another") == 1
    assert left(ELSEWHERE) == 0
    with pytest.raises(NotFound):
        left(resumes=False)
    assert left() == 0
    bench.clock.advance(minutes=30)
    with pytest.raises(NotFound):
        left()


def test_opening_counts_once_for_a_network_and_an_hour(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("top.txt")
    links, link = bench.links(session), sharing.find(made)
    for address in (ADDRESS, ADDRESS, ELSEWHERE):
        links.count_open(link, address)
    assert sharing.info(made).opens == 2
    bench.clock.advance(hours=1)
    links.count_open(link, ADDRESS)

    assert sharing.info(made).opens == 3
    assert sharing.info(made).last_used_at == bench.clock()


def test_exactly_as_many_files_come_in_as_allowed(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("work/shared", rights=DROP, max_files=7)
    guest = Guest(sharing.find(made).scope)

    def put(number: int) -> object:
        return lambda own: bench.upload(own, guest, f"{number}", b"1")

    outcomes = Counter(at_once(bench, [put(number) for number in range(GUESTS)]))  # type: ignore[misc]  # returns it

    assert outcomes == {None: 7, FolderFull: GUESTS - 7}
    assert used(sharing, made) == (7, 7, 7)
    check_rows(session)


def test_exactly_as_many_bytes_come_in_as_allowed(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("work/shared", rights=DROP, max_size=70)
    guest = Guest(sharing.find(made).scope)

    def put(number: int) -> object:
        return lambda own: bench.upload(own, guest, f"{number}", b"x" * 10)

    outcomes = Counter(at_once(bench, [put(number) for number in range(GUESTS)]))  # type: ignore[misc]  # returns it

    assert outcomes == {None: 7, FolderFull: GUESTS - 7}
    assert used(sharing, made) == (70, 7, 7)


def test_too_much_is_refused_before_it_is_received(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("work/shared", rights=DROP, max_size=10)
    guest = Guest(sharing.find(made).scope)
    bench.upload(session, guest, "f", b"123456")

    with pytest.raises(FolderFull) as refused:
        bench.uploads(session, guest).check(Target("g"), 5)
    assert refused.value.data == {}
    with pytest.raises(FolderFull):
        bench.resumable(session, guest).begin(plan(5, "g"))
    assert bench.resumable(session, guest).begin(plan(4, "g")).offset == 0


def test_folders_count_like_files(session: Session, bench: Workbench, sharing: Sharing) -> None:
    made = sharing.share("work/shared", rights=EDIT, max_files=3)
    guest = Guest(sharing.find(made).scope)
    bench.files(session, guest).make_folder("a/b")

    with pytest.raises(FolderFull):
        bench.upload(session, guest, "c/f", b"1")
    bench.upload(session, guest, "a/b/f", b"1")
    with pytest.raises(FolderFull):
        bench.files(session, guest).make_folder("d")
    assert used(sharing, made) == (1, 3, 1)


def test_an_owner_is_not_limited_by_links(session: Session, bench: Workbench, sharing: Sharing) -> None:
    made = sharing.share("work/shared", rights=EDIT, max_files=1, max_size=1)
    for number in range(3):
        bench.upload(session, sharing.user, f"work/shared/{number}", b"12")

    assert used(sharing, made) == (0, 0, 0)


def test_unfinished_uploads_give_their_room_back(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("work/shared", rights=DROP, max_size=10)
    guest = Guest(sharing.find(made).scope)
    service = bench.resumable(session, guest)
    first = service.begin(plan(8, "f"))
    service.append(first.id, part(b"123456"))
    assert used(sharing, made) == (6, 0, 0)
    with pytest.raises(FolderFull):
        bench.upload(session, guest, "g", b"12345")

    service.cancel(first.id)
    assert used(sharing, made) == (0, 0, 0)
    second = service.begin(plan(8, "f"))
    service.append(second.id, part(b"123456"))
    bench.clock.advance(days=8)
    sweep(session, bench)
    assert used(sharing, made) == (0, 0, 0)
    third = service.begin(plan(8, "f"))
    service.append(third.id, part(b"12345678"))
    assert used(sharing, made) == (8, 1, 1)
    check_rows(session)


def test_an_upload_belongs_to_its_link(session: Session, bench: Workbench, sharing: Sharing) -> None:
    guest, other = (sharing.guest("work/shared", rights=DROP) for _ in range(2))
    begun = bench.resumable(session, guest).begin(plan(2, "f"))

    for stranger in (other, sharing.user):
        service = bench.resumable(session, stranger)
        for act in (service.get, service.cancel):
            with pytest.raises(NotFound):
                act(begun.id)
        with pytest.raises(NotFound):
            service.append(begun.id, part(b"12"))
    own = bench.resumable(session, sharing.user).begin(plan(2, "work/shared/g"))
    with pytest.raises(NotFound):
        bench.resumable(session, guest).get(own.id)
    assert bench.resumable(session, guest).append(begun.id, part(b"12")).is_finished


def test_a_revoked_link_is_deleted_once_its_uploads_have_ended_and_its_events_are_old(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("work/shared", rights=DROP)
    guest = Guest(sharing.find(made).scope)
    service = bench.resumable(session, guest)
    begun = service.begin(plan(8, "f"))
    service.append(begun.id, part(b"123456"))
    bench.upload(session, guest, "kept", b"1")

    bench.shares(session, sharing.user).revoke(made.id)
    sweep(session, bench)
    session.rollback()
    assert session.scalars(select(Upload).where(Upload.ended_at.is_(None))).all() == []
    sweep(session, bench)
    session.rollback()
    assert session.get(Share, made.id) is not None
    delete_old(session, bench.clock())
    sweep(session, bench)
    session.rollback()
    assert session.get(Share, made.id) is None
    assert bench.files(session, sharing.user).get("work/shared/kept").size == 1
    check_rows(session)


def test_a_link_that_works_is_never_swept(session: Session, bench: Workbench, sharing: Sharing) -> None:
    made = sharing.share("work/shared")
    bench.files(session, sharing.user).trash("work/shared")
    sweep(session, bench)

    assert sharing.info(made).state is ShareState.SUSPENDED
