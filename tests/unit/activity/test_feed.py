"""Who sees which events, and which part of a path."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField, NotFound
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.activity import feed
from cabinet.services.shares.values import NewShare, ShareInfo
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.link_rights import DROP
from tests.support.mounts import leave, mount
from tests.support.services import Guest, Workbench
from tests.unit.activity.conftest import Scene

FAIL = OnConflict.FAIL

Join = Callable[[ShareRole], Guest]


def test_a_member_sees_what_happens_below_the_shared_folder_by_its_own_path(
    scene: Scene, bench: Workbench, session: Session, member: Join
) -> None:
    member(ShareRole.EDITOR)
    bob = bench.accounts(session).find("bob")
    scene.share("other")
    scene.upload("other/new.txt", b"1")
    scene.upload("work/shared/sub/new.txt", b"1")
    bench.moving(session, scene.alice).move(["work/secret.txt"], "work/shared/", FAIL)
    bench.moving(session, scene.alice).rename("work/shared", "private name", FAIL)
    bench.moving(session, scene.alice).move(["work/private name/a.txt"], "other/", FAIL)
    bench.moving(session, scene.alice).rename("other/a.txt", "hidden name", FAIL)

    assert [(each.verb, each.path, each.from_path) for each in reversed(scene.page_of(bob))] == [
        ("uploaded", "Hers/sub/new.txt", None),
        ("moved", "Hers/secret.txt", None),
        ("renamed", "Hers", "Hers"),
        ("moved", None, "Hers/a.txt"),
    ]
    assert len(scene.page_of(scene.alice)) == 8


def test_only_those_who_may_share_see_links_and_what_happens_to_them(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo, member: Join
) -> None:
    request = scene.share("work/shared", rights=DROP)
    scene.open(link)
    scene.upload("sent.txt", b"1", Guest(scene.open(request).scope))
    member(ShareRole.EDITOR)
    bob = bench.accounts(session).find("bob")

    (event,) = scene.page_of(bob)
    assert (event.verb, event.path, event.is_guest, event.share_id) == (
        "uploaded",
        "Hers/sent.txt",
        True,
        None,
    )
    own = [(each.verb, each.is_guest) for each in reversed(scene.page_of(scene.alice))]
    assert own == [
        ("shared", False),
        ("shared", False),
        ("opened", True),
        ("opened", True),
        ("uploaded", True),
    ]

    mount(session, "alice", "work/shared", "bob", "Managed", ShareRole.MANAGER)
    assert {each.verb for each in scene.page_of(bob)} == {"shared", "opened", "uploaded"}


def test_what_happened_to_an_entry_before_it_came_into_the_folder_is_not_seen(
    scene: Scene, bench: Workbench, session: Session, member: Join
) -> None:
    member(ShareRole.EDITOR)
    bob = bench.accounts(session).find("bob")
    scene.share("other")
    scene.upload("other/b.txt", b"changed")
    bench.moving(session, scene.alice).move(["other"], "work/shared/", FAIL)
    assert scene.seen_by(bob) == [("moved", "Hers/other")]

    place = bench.places(session, bob, "Hers/other/b.txt")
    assert bench.activity(session, bob).list_of_entry(place, 10).events == []
    place = bench.places(session, scene.alice, "work/shared/other/b.txt")
    assert [each.verb for each in bench.activity(session, scene.alice).list_of_entry(place, 10).events] == [
        "changed"
    ]


def test_a_stranger_sees_nothing_and_a_member_nothing_after_leaving(
    scene: Scene, bench: Workbench, session: Session, member: Join
) -> None:
    stranger = bench.register(session)
    member(ShareRole.VIEWER)
    scene.upload("work/shared/new.txt", b"1")
    bob = bench.accounts(session).find("bob")
    assert scene.seen_by(stranger) == []
    assert scene.seen_by(bob) == [("uploaded", "Hers/new.txt")]
    leave(session, bench, bob, "Hers")
    assert scene.seen_by(bench.accounts(session).find("bob")) == []


def test_the_events_of_a_file_and_of_a_folder_are_found(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo
) -> None:
    scene.upload("work/shared/sub/new.txt", b"1")
    scene.upload("work/shared/a.txt", b"changed")
    service = bench.activity(session, scene.alice)

    def told(path: str) -> list[str | None]:
        place = bench.places(session, scene.alice, path)
        return [each.path for each in service.list_of_entry(place, 10).events]

    assert told("work/shared/a.txt") == ["work/shared/a.txt"]
    assert told("work/shared/sub") == ["work/shared/sub/new.txt"]
    assert told("work") == ["work/shared/a.txt", "work/shared/sub/new.txt", "work/shared"]
    assert told("other") == []
    assert len(told("")) == 3
    with pytest.raises(NotFound):
        told("nothing")


def test_the_events_of_a_link_are_its_owners_alone(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo, bob: Account
) -> None:
    scene.open(link)
    scene.upload("work/shared/a.txt", b"changed")
    bench.shares(session, scene.alice).revoke(link.id)
    page = bench.activity(session, scene.alice).list_of_share(link.id, 10)
    assert [each.verb for each in page.events] == ["unshared", "opened", "shared"]
    for acting, share_id in ((bob, link.id), (scene.alice, "0" * 32)):
        with pytest.raises(NotFound):
            bench.activity(session, acting).list_of_share(share_id, 10)


@pytest.mark.parametrize("window", [feed.WINDOW, 2])
def test_pages_have_every_event_once_however_little_a_page_reads(
    scene: Scene,
    bench: Workbench,
    session: Session,
    member: Join,
    monkeypatch: pytest.MonkeyPatch,
    window: int,
) -> None:
    monkeypatch.setattr(feed, "WINDOW", window)
    member(ShareRole.EDITOR)
    bob = bench.accounts(session).find("bob")
    scene.share("other")
    bench.upload(session, bob, "mine/f", b"0")
    bench.shares(session, bob).create(["mine"], NewShare(), is_admin=False)
    for number in range(5):
        content = str(number).encode()
        scene.upload(f"other/{number}", content)
        scene.upload(f"work/shared/{number}", content)
        bench.upload(session, bob, f"mine/{number}", content)

    service, after, seen = bench.activity(session, bob), None, list[str | None]()
    for _page in range(40):
        page = service.list_page(2, after)
        assert len(page.events) <= 2
        seen += [each.path for each in page.events]
        after = page.next
        if after is None:
            break
    assert seen == [
        path for number in reversed(range(5)) for path in (f"mine/{number}", f"Hers/{number}")
    ] + ["mine"]


def test_a_cursor_is_valid_for_its_own_list_alone(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo, bob: Account
) -> None:
    scene.open(link)
    cursor = bench.activity(session, scene.alice).list_page(1).next
    with pytest.raises(InvalidField):
        bench.activity(session, scene.alice).list_of_share(link.id, 1, cursor)
    with pytest.raises(InvalidField):
        bench.activity(session, bob).list_page(1, cursor)
