"""The members of team spaces: their roles, and what a change of these ends at once."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, InvalidField, NotFound, TooManyMembers, TooManyMounts
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.spaces import spaces
from cabinet.services.tree import mounts
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.mounts import Mounts
from cabinet.services.uploads.publishing import Target
from tests.support.services import Workbench, at_once, content_of
from tests.unit.spaces.conftest import Team

pytestmark = pytest.mark.database


def test_a_member_sees_the_space_in_their_root_under_a_free_name(
    session: Session, team: Team, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.files(session, bob).make_folder("Team")
    bench.upload(session, team.member(alice), "plan.txt", b"the plan")

    team.managers.set_member(team.id, "BOB", ShareRole.VIEWER)

    (mine,) = bench.spaces(session, bob).list_mine()
    assert (mine.id, mine.role, mine.path) == (team.id, ShareRole.VIEWER, "Team (2)")
    assert content_of(session, bench, team.member(bob, "Team (2)"), "plan.txt") == b"the plan"
    assert team.roles == {"alice": ShareRole.MANAGER, "bob": ShareRole.VIEWER}


def test_a_changed_role_binds_at_once_and_adds_no_second_folder(
    session: Session, team: Team, bench: Workbench, bob: Account
) -> None:
    editor = team.add(bob, ShareRole.EDITOR)
    bench.upload(session, editor, "a", b"1")

    team.managers.set_member(team.id, "bob", ShareRole.VIEWER)

    with pytest.raises(Forbidden):
        bench.upload(session, editor, "b", b"2")
    assert [space.path for space in bench.spaces(session, bob).list_mine()] == ["Team"]


def test_nothing_is_published_after_its_member_was_removed(
    session: Session, team: Team, bench: Workbench, alice: Account, bob: Account
) -> None:
    editor = team.add(bob, ShareRole.EDITOR)
    uploads = bench.uploads(session, editor)
    target = Target("late.txt", OnConflict.FAIL)
    uploads.check(target, 1)
    with uploads.begin() as upload:
        upload.append([b"x"])
        upload.seal()
        with bench.session() as other:
            bench.spaces(other, alice).remove_member(team.id, "bob")
        with pytest.raises(NotFound):
            uploads.commit([(upload, target)])

    assert bench.files(session, team.member(alice)).look_up(["late.txt"]) == [None]
    assert bench.spaces(session, bob).list_mine() == []


@pytest.mark.parametrize("role", [ShareRole.VIEWER, ShareRole.EDITOR])
def test_only_managers_change_a_space_and_its_members(
    session: Session, team: Team, bench: Workbench, bob: Account, role: ShareRole
) -> None:
    team.add(bob, role)
    service = bench.spaces(session, bob)
    for act in (
        lambda: service.set_member(team.id, "bob", ShareRole.MANAGER),
        lambda: service.set_member(team.id, "nobody", ShareRole.VIEWER),
        lambda: service.remove_member(team.id, "alice"),
        lambda: service.remove_member(team.id, "nobody"),
        lambda: service.change(team.id, name="Mine"),
        lambda: service.change(team.id, quota=1, has_quota=True),
        lambda: service.end(team.id),
    ):
        with pytest.raises(Forbidden) as refused:
            act()
        assert type(refused.value) is Forbidden
    details = service.get(team.id)
    assert (details.may_manage, details.may_set_quota) == (False, False)
    assert team.roles == {"alice": ShareRole.MANAGER, "bob": role}


def test_for_others_a_space_does_not_exist(
    session: Session, team: Team, bench: Workbench, bob: Account
) -> None:
    service = bench.spaces(session, bob)
    for space_id in (team.id, "0" * 32, "", "x" * 1000):
        for act in (
            lambda: service.get(space_id),  # noqa: B023
            lambda: service.set_member(space_id, "bob", ShareRole.MANAGER),  # noqa: B023
            lambda: service.remove_member(space_id, "bob"),  # noqa: B023
            lambda: service.change(space_id, name="Mine"),  # noqa: B023
            lambda: service.end(space_id),  # noqa: B023
        ):
            with pytest.raises(NotFound):
                act()
            session.rollback()


def test_a_member_leaves_by_name_or_by_removing_the_folder(
    session: Session, team: Team, bench: Workbench, bob: Account
) -> None:
    team.add(bob, ShareRole.VIEWER)
    bench.spaces(session, bob).remove_member(team.id, "Bob")
    assert team.roles == {"alice": ShareRole.MANAGER}

    team.add(bob, ShareRole.EDITOR)
    bench.trash(session, bob).remove([Mounts(session, bob.scope).place("Team")])
    assert team.roles == {"alice": ShareRole.MANAGER}


def test_the_last_manager_may_go_and_then_administrators_have_the_space(
    session: Session, team: Team, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.accounts(session).promote("bob")
    admin = bench.spaces(session, bench.accounts(session).find("bob"))
    team.managers.remove_member(team.id, "alice")

    details = admin.get(team.id)
    assert (details.members, details.space.role, details.space.path) == ([], None, None)
    # Administrators manage, and see nothing of what is in it unless they make themselves a member.
    assert bench.places(session, bob, "Team").mount is None
    admin.set_member(team.id, "bob", ShareRole.VIEWER)
    assert bench.places(session, bob, "Team").mount is not None
    with pytest.raises(NotFound):
        bench.spaces(session, alice).get(team.id)


def test_unknown_users_and_names_are_refused(session: Session, team: Team) -> None:
    for name in ("nobody", "", "a/b", "\0", "x" * 1000):
        with pytest.raises(NotFound):
            team.managers.set_member(team.id, name, ShareRole.VIEWER)
    with pytest.raises(NotFound):
        team.managers.remove_member(team.id, "nobody")
    assert team.roles == {"alice": ShareRole.MANAGER}


def test_removing_somebody_who_is_no_member_changes_nothing(
    session: Session, team: Team, bench: Workbench, bob: Account
) -> None:
    with pytest.raises(NotFound):
        team.managers.remove_member(team.id, "bob")


def test_numbers_of_members_and_of_shared_folders_are_limited(
    session: Session, team: Team, bench: Workbench, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "MAX_MOUNTS", 0)
    with pytest.raises(TooManyMounts):
        team.managers.set_member(team.id, "bob", ShareRole.VIEWER)
    monkeypatch.undo()
    monkeypatch.setattr(spaces, "MAX_MEMBERS", 1)
    with pytest.raises(TooManyMembers):
        team.managers.set_member(team.id, "bob", ShareRole.VIEWER)
    # The role of a member is still changed.
    team.managers.set_member(team.id, "alice", ShareRole.VIEWER)
    assert team.roles == {"alice": ShareRole.VIEWER}


def test_managers_who_remove_each_other_leave_one(bench: Workbench, alice: Account, bob: Account) -> None:
    with bench.session() as session:
        team = Team(session, bench, alice)
        team.add(bob, ShareRole.MANAGER)

    outcomes = at_once(
        bench,
        [
            lambda session: bench.spaces(session, alice).remove_member(team.id, "bob"),
            lambda session: bench.spaces(session, bob).remove_member(team.id, "alice"),
        ],
    )

    assert sorted(map(str, outcomes)) == sorted(map(str, [None, NotFound]))
    with bench.session() as session:
        assert len(bench.spaces(session, None).get(team.id).members) == 1


def test_a_member_added_many_times_at_once_has_one_folder(
    bench: Workbench, alice: Account, bob: Account
) -> None:
    with bench.session() as session:
        team = Team(session, bench, alice)

    outcomes = at_once(
        bench,
        [
            lambda session: bench.spaces(session, alice).set_member(team.id, "bob", ShareRole.EDITOR)
            for _ in range(6)
        ],
    )

    assert set(outcomes) == {None}
    with bench.session() as session:
        assert [space.path for space in bench.spaces(session, bob).list_mine()] == ["Team"]


def test_a_deleted_member_is_none(session: Session, team: Team, bench: Workbench, bob: Account) -> None:
    team.add(bob, ShareRole.MANAGER)
    bench.accounts(session).delete("bob")
    assert team.roles == {"alice": ShareRole.MANAGER}


def test_a_quota_out_of_range_is_refused(session: Session, team: Team) -> None:
    for quota in (-1, 2**63):
        with pytest.raises(InvalidField):
            team.managers.change(team.id, quota=quota, has_quota=True)
