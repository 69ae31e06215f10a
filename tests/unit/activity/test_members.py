"""What is told of grants and of members of team spaces."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.shares.grants import Grants, Recipient
from tests.support.services import Guest, Workbench
from tests.unit.activity.conftest import Scene


def grants(scene: Scene, account: Account) -> Grants:
    return Grants(scene.session, scene.bench.clock, account, account.scope)


def news(scene: Scene, account: Account) -> list[tuple[str, str | None, str]]:
    """Return the notices of somebody: what, who, and the name of the entry."""
    scene.session.rollback()
    shown = scene.bench.notices(scene.session, account).show()
    return [(each.verb.value, each.actor, each.name) for each in shown]


def test_a_user_is_told_of_a_grant_by_the_name_of_the_entry_alone(
    scene: Scene, session: Session, bench: Workbench, bob: Account
) -> None:
    service = grants(scene, scene.alice)
    share_id, _is_new = service.create(
        scene.alice.scope, "work/shared", Recipient(user="bob"), ShareRole.VIEWER
    )
    service.create(scene.alice.scope, "work/shared", Recipient(user="bob"), ShareRole.EDITOR)
    assert bench.notices(session, bob).count_new() == 1
    assert news(scene, bob) == [("shared", "alice", "shared")]
    assert news(scene, scene.alice) == []
    # It waits to be accepted, so nothing in it is seen.
    assert scene.seen_by(bob) == []

    scene.upload("work/shared/new.txt", b"1")
    service.end(share_id)
    scene.upload("work/shared/later.txt", b"1")
    assert [(each.verb, each.path) for each in scene.events()] == [
        ("shared", "work/shared"),
        ("uploaded", "work/shared/new.txt"),
        ("unshared", "work/shared"),
    ]
    assert scene.seen_by(scene.alice) == [
        ("shared", "work/shared"),
        ("uploaded", "work/shared/new.txt"),
        ("unshared", "work/shared"),
    ]


def test_a_member_of_a_team_space_is_told_and_sees_what_happens_from_the_root_on(
    scene: Scene, session: Session, bench: Workbench, bob: Account
) -> None:
    spaces = bench.spaces(session, scene.alice)
    team = spaces.create("Crew", None)
    spaces.set_member(team.id, "bob", ShareRole.VIEWER)
    spaces.set_member(team.id, "bob", ShareRole.EDITOR)
    assert news(scene, bob) == [("joined", "bob", "Crew")]

    alice, member = (bench.accounts(session).find(name) for name in ("alice", "bob"))
    inside = bench.places(session, alice, "Crew/plan.txt")
    bench.upload(session, Guest(inside.scope), "plan.txt", b"1")
    bench.files(session, Guest(bench.places(session, member, "Crew").scope)).trash("plan.txt")
    told = [("joined", "Crew"), ("uploaded", "Crew/plan.txt"), ("trashed", "Crew/plan.txt")]
    assert scene.seen_by(member) == told
    assert scene.seen_by(alice) == told
    bench.spaces(session, scene.alice).remove_member(team.id, "bob")
    assert scene.seen_by(bench.accounts(session).find("bob")) == []
    assert scene.seen_by(alice)[-1] == ("left", "Crew")
