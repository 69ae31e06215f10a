"""The versions of a file: retention, restoring, and usage."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import CurrentVersion, IsAFolder, NotFound, QuotaExceeded
from cabinet.services.accounts.account import Account
from cabinet.services.changes.versions import Versions
from tests.support.audit import check_rows
from tests.support.services import VERSIONS_KEPT, Workbench, content_of, usage_of


def write(session: Session, bench: Workbench, account: Account, *contents: bytes) -> None:
    for content in contents:
        bench.upload(session, account, "d/f", content)
        bench.clock.advance(seconds=1)


def test_the_newest_version_is_first_and_current(session: Session, bench: Workbench, alice: Account) -> None:
    write(session, bench, alice, b"1", b"22", b"22", b"333")

    found = bench.versions(session, alice).list("d/f")

    assert [(each.number, each.size, each.current) for each in found] == [
        (3, 3, True),
        (2, 2, False),
        (1, 1, False),
    ]
    assert found[0].created_at > found[1].created_at > found[2].created_at


def test_an_old_version_has_its_old_content(session: Session, bench: Workbench, alice: Account) -> None:
    write(session, bench, alice, b"1", b"22")

    entry = bench.versions(session, alice).get("d/f", 1)

    with bench.files(session, alice).open(entry) as stream:
        assert stream.read() == b"1"
    assert (entry.name, entry.path, entry.size) == ("f", "d/f", 1)
    assert entry.modified_at < bench.files(session, alice).get("d/f").modified_at


def test_restoring_creates_a_new_version(session: Session, bench: Workbench, alice: Account) -> None:
    write(session, bench, alice, b"1", b"22")
    versions = bench.versions(session, alice)

    versions.restore("d/f", 1)
    versions.restore("d/f", 1)  # which it is already

    assert content_of(session, bench, alice, "d/f") == b"1"
    assert [each.number for each in versions.list("d/f")] == [3, 2, 1]
    assert usage_of(session, alice) == 1 + 2 + 1
    check_rows(session)


@pytest.mark.parametrize("more", [0, 1, 4])
def test_the_number_of_versions_is_limited(
    session: Session, bench: Workbench, alice: Account, more: int
) -> None:
    count = VERSIONS_KEPT + more
    write(session, bench, alice, *(bytes(number) for number in range(1, count + 1)))

    kept = [each.number for each in bench.versions(session, alice).list("d/f")]

    assert kept == list(range(count, more, -1))
    assert usage_of(session, alice) == sum(kept)
    check_rows(session)


def test_after_lowering_the_limit_versions_are_deleted_gradually(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next write to a file with a million versions would delete all of them at once, or fail."""
    monkeypatch.setattr("cabinet.services.tree.versions.PRUNED", 3)
    write(session, bench, alice, *(bytes(number) for number in range(1, VERSIONS_KEPT + 1)))
    fewer = Versions(session, bench.clock, 1, alice.scope)

    fewer.restore("d/f", 1)
    assert [each.number for each in fewer.list("d/f")] == [6, 5, 4]
    check_rows(session)
    fewer.restore("d/f", 4)
    assert [each.number for each in fewer.list("d/f")] == [7]
    assert usage_of(session, alice) == 4
    check_rows(session)


def test_a_restored_version_displaces_the_oldest(session: Session, bench: Workbench, alice: Account) -> None:
    write(session, bench, alice, *(bytes(number) for number in range(1, VERSIONS_KEPT + 1)))

    bench.versions(session, alice).restore("d/f", 1)

    kept = [each.number for each in bench.versions(session, alice).list("d/f")]
    assert kept == list(range(VERSIONS_KEPT + 1, 1, -1))
    assert content_of(session, bench, alice, "d/f") == bytes(1)
    check_rows(session)


def test_only_old_versions_can_be_deleted(session: Session, bench: Workbench, alice: Account) -> None:
    write(session, bench, alice, b"1", b"22", b"333")
    versions = bench.versions(session, alice)

    versions.discard("d/f", 2)
    with pytest.raises(CurrentVersion):
        versions.discard("d/f", 3)

    assert [each.number for each in versions.list("d/f")] == [3, 1]
    assert usage_of(session, alice) == 4
    check_rows(session)


def test_a_missing_version_is_not_found(session: Session, bench: Workbench, alice: Account) -> None:
    write(session, bench, alice, b"1")
    versions = bench.versions(session, alice)
    strangers = bench.versions(session, bench.register(session, "bob"))

    for number in (0, 2, 2**31, 10**30):
        for use in (versions.get, versions.restore, versions.discard):
            with pytest.raises(NotFound):
                use("d/f", number)
    for use in (strangers.get, strangers.restore, strangers.discard):
        with pytest.raises(NotFound):
            use("d/f", 1)
    with pytest.raises(NotFound):
        strangers.list("d/f")
    with pytest.raises(IsAFolder):
        versions.list("d")


def test_a_version_without_space_is_not_restored(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=15)
    write(session, bench, bob, bytes(10), bytes(5))

    with pytest.raises(QuotaExceeded):
        bench.versions(session, bob).restore("d/f", 1)

    assert content_of(session, bench, bob, "d/f") == bytes(5)
    assert usage_of(session, bob) == 15
    check_rows(session)
