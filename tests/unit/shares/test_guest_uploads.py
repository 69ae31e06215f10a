"""Uploads through a request for files: nothing is learned, nothing replaced, and nothing stays for long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, FolderFull, Forbidden, NotFound, UploadGone
from cabinet.services.accounts.account import Account
from cabinet.services.shares.values import ShareInfo
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.link_rights import DROP
from cabinet.services.uploads.guest_uploads import MOST
from cabinet.services.uploads.values import Plan
from tests.support.resumable import part, plan
from tests.support.services import Guest, Workbench, at_once
from tests.unit.shares.conftest import EDIT, Sharing

NETWORK = "198.51.100.7"


@pytest.fixture
def request_for_files(sharing: Sharing) -> ShareInfo:
    """Return a request for files in a folder that has some."""
    return sharing.share("work/shared", rights=DROP)


@pytest.fixture
def guest(sharing: Sharing, request_for_files: ShareInfo) -> Guest:
    return Guest(sharing.find(request_for_files).scope)


def from_network(length: int, path: str, network: str = NETWORK) -> Plan:
    return replace(plan(length, path), network=network)


@pytest.mark.parametrize("on_conflict", OnConflict)
def test_a_used_name_is_numbered_whatever_was_asked(
    session: Session, bench: Workbench, sharing: Sharing, guest: Guest, on_conflict: OnConflict
) -> None:
    # As of `If-None-Match: *`, which no existing file meets.
    stored = bench.upload(session, guest, "a.txt", b"mine", on_conflict, lambda held: held is None)

    assert stored.entry.path == "a.txt"
    assert bench.files(session, sharing.user).get("work/shared/a (2).txt").size == 4
    assert bench.files(session, sharing.user).get("work/shared/a.txt").size == 1


def test_names_in_use_are_told_to_those_who_may_list(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    editor = sharing.guest("work/shared", rights=EDIT)
    with pytest.raises(EntryExists):
        bench.upload(session, editor, "a.txt", b"mine", OnConflict.FAIL)


def test_a_request_makes_no_folders_by_name_but_takes_them_with_their_files(
    session: Session, bench: Workbench, sharing: Sharing, guest: Guest
) -> None:
    for name in ("sub", "new"):
        with pytest.raises(Forbidden):
            bench.files(session, guest).make_folder(name)
    for path in ("sub/f", "new/f"):
        assert bench.upload(session, guest, path, b"1").entry.path == path


def test_unfinished_uploads_of_guests_end_after_an_idle_hour_or_a_day(
    session: Session, bench: Workbench, guest: Guest
) -> None:
    service = bench.resumable(session, guest)
    idle, slow = (service.begin(from_network(100, name)).id for name in ("idle", "slow"))
    for sent in range(23):
        bench.clock.advance(minutes=59)
        service.append(slow, part(b"1", sent))
    with pytest.raises(UploadGone):
        service.get(idle)
    bench.clock.advance(minutes=59)
    service.append(slow, part(b"1", 23))
    bench.clock.advance(minutes=40)
    with pytest.raises(UploadGone):
        service.get(slow)


def test_no_upload_begins_through_a_revoked_link(
    session: Session, bench: Workbench, sharing: Sharing, request_for_files: ShareInfo, guest: Guest
) -> None:
    bench.shares(session, sharing.user).revoke(request_for_files.id)

    with pytest.raises(NotFound):
        bench.resumable(session, guest).begin(from_network(2, "f"))


def test_a_network_has_at_most_twenty_unfinished_uploads(
    session: Session, bench: Workbench, sharing: Sharing, guest: Guest
) -> None:
    service = bench.resumable(session, guest)
    begun = [service.begin(from_network(2, f"{number}")).id for number in range(MOST)]
    other = bench.resumable(session, sharing.guest("work/shared", rights=DROP))

    for refusing in (service, other):
        with pytest.raises(FolderFull):
            refusing.begin(from_network(2, "f"))
    other.begin(from_network(2, "f", "203.0.113.9"))
    bench.resumable(session, sharing.user).begin(plan(2, "f"))
    service.append(begun[0], part(b"12"))
    other.begin(from_network(2, "f"))


def test_the_twenty_uploads_of_a_network_are_exact_across_spaces(
    session: Session, bench: Workbench, sharing: Sharing, bob: Account
) -> None:
    bench.upload(session, bob, "in/f", b"1")
    his = Sharing(session, bench, bob)
    guests = [made.guest(path, rights=DROP) for made, path in ((sharing, "work/shared"), (his, "in"))]

    def begin(number: int) -> Callable[[Session], object]:
        guest = guests[number % 2]
        return lambda own: bench.resumable(own, guest).begin(from_network(2, f"{number}")).kind

    outcomes = Counter(at_once(bench, [begin(number) for number in range(MOST + 10)]))

    assert outcomes[FolderFull] == 10
