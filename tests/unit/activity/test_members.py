"""What is told of grants and of members of team spaces."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cabinet.models import Space
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.activity.downloads import record_downloads
from cabinet.services.shares.grants import Grants, Recipient
from tests.support.mounts import leave, mount
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


def test_leaving_a_team_space_by_deleting_its_folder_is_told_to_those_who_stay(
    scene: Scene, session: Session, bench: Workbench, bob: Account
) -> None:
    spaces = bench.spaces(session, scene.alice)
    for name in ("Crew", "Board"):
        team = spaces.create(name, None)
        spaces.set_member(team.id, "bob", ShareRole.VIEWER)
    before = len(scene.events())
    bench.upload(session, bob, "own.txt", b"own")
    bob = bench.accounts(session).find("bob")
    places = [bench.places(session, bob, path) for path in ("Crew", "own.txt", "Board")]
    bench.trash(session, bob).remove(places)

    assert [(each.verb, each.user_id) for each in scene.events()[before:]] == [("left", bob.id)] * 2
    alice = bench.accounts(session).find("alice")
    assert [event for event in scene.seen_by(alice) if event[0] == "left"] == [
        ("left", "Crew"),
        ("left", "Board"),
    ]


def test_leaving_what_was_shared_by_a_grant_is_no_event_and_locks_no_other_space(
    scene: Scene, session: Session, bench: Workbench, bob: Account
) -> None:
    mount(session, "alice", "work/shared", "bob", "Hers", ShareRole.VIEWER)
    bob = bench.accounts(session).find("bob")
    seq = session.get_one(Space, scene.alice.space_id).seq
    leave(session, bench, bob, "Hers")
    assert scene.events() == []
    assert session.get_one(Space, scene.alice.space_id, populate_existing=True).seq == seq


def test_what_a_member_downloads_together_is_told_by_folder_and_number(
    scene: Scene, session: Session, bench: Workbench, bob: Account
) -> None:
    for name in ("b.txt", "sub/other.txt"):
        scene.upload(f"work/shared/{name}", name.encode())
    mount(session, "alice", "work/shared", "bob", "Hers", ShareRole.VIEWER)
    bob = bench.accounts(session).find("bob")
    bench.upload(session, bob, "own.txt", b"own")

    def download(*paths: str, count: int | None = None) -> list[tuple[str, str, int]]:
        """Record a download of bob's; return what is told of it."""
        before = len(scene.events())
        places = [bench.places(session, bob, path) for path in paths]
        record_downloads(session, bench.clock, places, count)
        return [(each.verb, each.path, each.count) for each in scene.events()[before:]]

    assert download("own.txt", "nothing", "Hers/nothing") == []
    together = download("own.txt", "Hers/a.txt", "Hers/b.txt", "Hers/sub/deep.txt")
    assert together == [("downloaded", "work/shared", 2), ("downloaded", "work/shared/sub/deep.txt", 1)]
    # Not again within half an hour.
    assert download("Hers/a.txt", "Hers/b.txt") == []
    assert download("Hers/sub") == [("downloaded", "work/shared/sub", 1)]
    bench.clock.advance(minutes=31)
    assert download("Hers/sub", count=2) == [("downloaded", "work/shared/sub", 2)]
    # All own files contain what others share.
    assert download("") == [("downloaded", "work/shared", 1)]
    assert [each.user_id for each in scene.events()] == [bob.id] * 5
