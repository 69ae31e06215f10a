"""Making, changing and ending team spaces, and the quota that comes out of its maker's."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import (
    Forbidden,
    InvalidField,
    NotFound,
    QuotaExceeded,
    SpacesForbidden,
    TooManySpaces,
)
from cabinet.models import Kind, Node, Space
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.spaces import spaces
from cabinet.services.spaces.values import SpaceMakers
from cabinet.services.tree import removal
from cabinet.services.tree.removal import Removal
from tests.support.services import Workbench, at_once
from tests.unit.spaces.conftest import Member, Team

pytestmark = pytest.mark.database


def quotas(session: Session, *accounts: Account) -> list[int | None]:
    """Return the quotas of users, read again."""
    session.rollback()
    return [session.get_one(Space, each.space_id, populate_existing=True).quota for each in accounts]


def test_who_makes_a_space_manages_it_and_finds_it_in_their_root(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.spaces(session, alice)
    made = service.create("  Команда ", None)

    assert (made.name, made.role, made.path, made.quota) == ("Команда", ShareRole.MANAGER, "Команда", None)
    assert list(service.list_mine()) == [made]
    details = service.get(made.id)
    assert [(each.username, each.role) for each in details.members] == [("alice", ShareRole.MANAGER)]
    assert (details.funder, details.may_manage, details.may_set_quota) == (None, True, True)


def test_a_taken_name_is_numbered_in_the_root_only(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.files(session, alice).make_folder("Team")
    service = bench.spaces(session, alice)

    assert [service.create("Team", None).path for _ in range(2)] == ["Team (2)", "Team (3)"]
    assert [space.name for space in service.list_mine()] == ["Team", "Team"]


@pytest.mark.parametrize("name", ["", " ", "a/b", "..", "x" * 256, "a\0b"])
def test_a_name_that_no_folder_can_have_is_refused(
    session: Session, bench: Workbench, alice: Account, name: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        bench.spaces(session, alice).create(name, None)
    assert refused.value.field == "name"
    assert bench.spaces(session, alice).list_mine() == []


def test_only_administrators_make_spaces_unless_the_operator_lets_everyone(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.accounts(session).promote("alice")
    admin = bench.accounts(session).find("alice")
    with pytest.raises(SpacesForbidden):
        bench.spaces(session, bob, SpaceMakers.ADMINS).create("Team", None)

    made = bench.spaces(session, admin, SpaceMakers.ADMINS).create("Team", 10**15)
    assert bench.spaces(session, admin).get(made.id).funder is None


def test_the_quota_comes_out_of_its_makers_and_is_given_back(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.accounts(session).set_quota("alice", 100)
    bench.upload(session, alice, "a", b"x" * 30)
    service = bench.spaces(session, alice)
    for quota in (None, 71):
        with pytest.raises(InvalidField) as refused:
            service.create("Team", quota)
        assert refused.value.field == "quota"
    assert quotas(session, alice) == [100]

    made = service.create("Team", 70)
    assert quotas(session, alice) == [30]
    service.change(made.id, quota=40, has_quota=True)
    assert quotas(session, alice) == [60]
    with pytest.raises(InvalidField):
        service.change(made.id, quota=71, has_quota=True)
    assert (quotas(session, alice), service.get(made.id).space.quota) == ([60], 40)
    service.end(made.id)
    assert quotas(session, alice) == [100]


def test_a_user_without_a_quota_makes_spaces_with_and_without_one(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = bench.spaces(session, alice)
    for quota in (None, 50):
        made = service.create("Team", quota)
        assert made.quota == quota
        service.end(made.id)
    assert quotas(session, alice) == [None]


def test_an_administrator_changes_any_quota_and_returns_only_what_was_taken(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.accounts(session).set_quota("alice", 100)
    made = bench.spaces(session, alice).create("Team", 70)
    operator = bench.spaces(session, None)

    for quota, left in ((500, 30), (None, 30), (20, 80), (90, 80)):
        operator.change(made.id, quota=quota, has_quota=True)
        assert quotas(session, alice) == [left], quota
    operator.end(made.id)
    assert quotas(session, alice) == [100]


def test_only_who_gave_the_quota_or_an_administrator_changes_it(
    session: Session, team: Team, bench: Workbench, alice: Account, bob: Account
) -> None:
    team.add(bob, ShareRole.MANAGER)
    with pytest.raises(Forbidden):
        bench.spaces(session, bob).change(team.id, name="Theirs", quota=5, has_quota=True)
    assert (team.row.name, team.row.quota) == ("Team", None)

    bench.spaces(session, bob).change(team.id, name="Theirs")
    assert team.row.name == "Theirs"
    # Who gave it, but manages the space no more, cannot take it back.
    bench.spaces(session, bob).set_member(team.id, "alice", ShareRole.EDITOR)
    with pytest.raises(Forbidden):
        bench.spaces(session, alice).change(team.id, quota=5, has_quota=True)


def test_a_space_outlives_the_account_that_gave_its_quota(
    session: Session, team: Team, bench: Workbench, bob: Account
) -> None:
    member = team.add(bob, ShareRole.EDITOR)
    bench.upload(session, member, "kept.txt", b"kept")

    bench.accounts(session).delete("alice")

    assert (team.roles, team.row.funder_id) == ({"bob": ShareRole.EDITOR}, None)
    # Nobody of its members may, so it has fallen to the administrators.
    with pytest.raises(Forbidden):
        bench.spaces(session, bob).end(team.id)
    bench.spaces(session, None).set_member(team.id, "bob", ShareRole.MANAGER)
    bench.spaces(session, bob).end(team.id)
    assert bench.spaces(session, bob).list_mine() == []


def test_a_space_that_ends_leaves_nothing_behind(
    session: Session, team: Team, bench: Workbench, alice: Account, bob: Account
) -> None:
    member = team.add(bob, ShareRole.VIEWER)
    bench.upload(session, team.member(alice), "d/f", b"content")
    team.managers.end(team.id)

    for service in (bench.spaces(session, alice), bench.spaces(session, None)):
        with pytest.raises(NotFound):
            service.get(team.id)
    assert bench.places(session, bob, "Team").mount is None
    with pytest.raises(NotFound):
        bench.files(session, member).get("d/f")
    assert session.scalar(select(func.count()).where(Node.kind == Kind.MOUNT)) == 0
    assert session.scalar(select(func.count()).select_from(Space)) == 2


def test_a_large_space_is_hidden_at_once_and_removed_in_steps(
    session: Session,
    team: Team,
    bench: Workbench,
    alice: Account,
    bob: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench.accounts(session).set_quota("alice", 100)
    made = bench.spaces(session, alice).create("Large", 60)
    bench.spaces(session, alice).set_member(made.id, "bob", ShareRole.EDITOR)
    for number in range(5):
        bench.upload(session, team.member(alice, "Large"), f"d/{number}", b"x")
    monkeypatch.setattr(removal, "STEP", 2)

    bench.spaces(session, alice).end(made.id)

    assert quotas(session, alice) == [100]
    assert session.scalar(select(func.count()).where(Space.deleted_at.is_not(None))) == 1
    assert bench.spaces(session, bob).list_mine() == []
    for service in (bench.spaces(session, bob), bench.spaces(session, None)):
        with pytest.raises(NotFound):
            service.get(made.id)
    assert bench.places(session, bob, "Large").mount is None
    Removal(session).run()
    assert session.scalar(select(func.count()).where(Space.deleted_at.is_not(None))) == 0
    assert session.scalar(select(func.count()).where(Node.kind == Kind.MOUNT)) == 1


def test_one_user_makes_a_limited_number_of_spaces(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "MAX_MADE", 2)
    service = bench.spaces(session, alice)
    made = [service.create("Team", None) for _ in range(2)]
    with pytest.raises(TooManySpaces):
        service.create("Team", None)
    service.end(made[0].id)
    service.create("Team", None)


def test_spaces_made_at_the_same_time_never_take_more_than_is_free(bench: Workbench, alice: Account) -> None:
    with bench.session() as session:
        bench.accounts(session).set_quota("alice", 100)

    outcomes = at_once(
        bench, [lambda session: bench.spaces(session, alice).create("Team", 30) for _ in range(8)]
    )

    with bench.session() as session:
        assert outcomes.count(None) == 3
        assert set(outcomes) == {None, InvalidField}
        assert quotas(session, alice) == [10]
        assert session.scalar(select(func.sum(Space.funded))) == 90


def test_a_space_ended_twice_at_once_gives_its_quota_back_once(bench: Workbench, alice: Account) -> None:
    with bench.session() as session:
        bench.accounts(session).set_quota("alice", 100)
        made = bench.spaces(session, alice).create("Team", 30)

    outcomes = at_once(bench, [lambda session: bench.spaces(session, alice).end(made.id) for _ in range(4)])

    assert sorted(map(str, outcomes)) == sorted(map(str, [None, *[NotFound] * 3]))
    with bench.session() as session:
        assert quotas(session, alice) == [100]


def test_the_quota_of_a_space_is_exact_under_concurrent_uploads(bench: Workbench, alice: Account) -> None:
    with bench.session() as session:
        made = bench.spaces(session, alice).create("Team", 70)
        scope = Member(bench.places(session, alice, "Team").scope)

    outcomes = at_once(
        bench,
        [partial(bench.upload, acting=scope, path=f"{number}", content=b"x" * 10) for number in range(20)],
    )

    assert (outcomes.count(None), set(outcomes)) == (7, {None, QuotaExceeded})
    with bench.session() as session:
        assert bench.spaces(session, alice).get(made.id).space.usage == 70
        assert session.get_one(Space, alice.space_id).usage == 0


def test_the_operator_makes_spaces_with_and_without_a_manager(
    session: Session, bench: Workbench, alice: Account
) -> None:
    operator = bench.spaces(session, None)
    with pytest.raises(NotFound):
        operator.create("Team", None, "nobody")
    assert operator.create("Team", 5).role is None
    led = operator.create("Led", None, "alice")
    assert [space.id for space in bench.spaces(session, alice).list_mine()] == [led.id]


def test_administrators_list_all_spaces_in_pages_and_nobody_else_does(
    session: Session, team: Team, bench: Workbench, bob: Account
) -> None:
    operator = bench.spaces(session, None)
    ids = [team.id, *(operator.create(f"Team {number}", None).id for number in range(4))]
    found, after = [], None
    while True:
        page, after = operator.list_all(2, after)
        found += [space.id for space in page]
        if after is None:
            break

    assert found == ids
    with pytest.raises(InvalidField):
        operator.list_all(2, "x")
    with pytest.raises(Forbidden):
        bench.spaces(session, bob).list_all(2)
