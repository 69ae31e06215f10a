"""What is told of guests who only read, and who is notified."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Notice, Share, User
from cabinet.services.accounts.account import Account
from cabinet.services.activity import link_events
from cabinet.services.activity.expiry import delete_old, has_old
from cabinet.services.shares.values import ShareInfo
from cabinet.services.tree.removal import Removal
from tests.support.services import Workbench
from tests.unit.activity.conftest import Scene

OTHER = "203.0.113.9"


def verbs(scene: Scene) -> list[str]:
    return [verb for verb, _path in scene.told()]


def test_an_opening_is_told_once_for_a_network_and_an_hour(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo
) -> None:
    for _twice in range(2):
        scene.open(link)
        scene.open(link, OTHER)
    assert verbs(scene) == ["opened"] * 2
    bench.clock.advance(minutes=59)
    scene.open(link)
    assert verbs(scene) == ["opened"] * 2
    bench.clock.advance(minutes=2)
    scene.open(link)
    assert verbs(scene) == ["opened"] * 3
    assert {path for _verb, path in scene.told()} == {"work/shared"}
    session.rollback()
    assert session.get_one(Share, link.id).opens == 3


def test_many_openings_at_once_are_one(scene: Scene, bench: Workbench, link: ShareInfo) -> None:
    found = scene.open(link, OTHER)
    begin = threading.Barrier(8)

    def count() -> None:
        with bench.session() as session:
            begin.wait()
            bench.links(session).count_open(found, "198.51.100.200")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verbs(scene) == ["opened"] * 2


def test_a_download_is_told_with_its_entry_when_it_is_counted(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo
) -> None:
    links, found = bench.links(session), scene.open(link)
    links.begin_download(found, OTHER, "sub/deep.txt", resumes=False, shown="sub/deep.txt")
    links.begin_download(found, OTHER, "sub/deep.txt", resumes=True, shown="sub/deep.txt")
    links.begin_download(found, OTHER, "zip", resumes=False)
    picked = scene.open(scene.share("work/secret.txt", "other/b.txt"))
    links.begin_download(picked, OTHER, "b.txt", resumes=False, shown="b.txt")
    links.begin_download(picked, OTHER, "zip", resumes=False)
    alone = scene.open(scene.share("other/b.txt", max_downloads=1))
    links.begin_download(alone, OTHER, "", resumes=False, shown="b.txt")
    with pytest.raises(NotFound):
        links.begin_download(alone, OTHER, "", resumes=False, shown="b.txt")

    assert scene.told() == [
        ("opened", "work/shared"),
        ("downloaded", "work/shared/sub/deep.txt"),
        ("downloaded", "work/shared"),
        ("opened", ""),
        ("downloaded", "other/b.txt"),
        ("downloaded", ""),
        ("opened", "other/b.txt"),
        ("downloaded", "other/b.txt"),
    ]


def test_readers_of_a_link_cannot_fill_the_database(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_events, "MOST", 3)
    for number in range(5):
        scene.open(link, f"198.51.100.{number}")
    assert len(scene.events()) == 3
    session.rollback()
    assert session.get_one(Share, link.id).opens == 5
    other = scene.share("other")
    scene.open(other)
    assert scene.told()[-1] == ("opened", "other")


def test_the_owner_is_notified_of_an_opening_if_the_link_says_so(
    scene: Scene, bench: Workbench, session: Session, bob: Account
) -> None:
    scene.open(scene.share("other"))
    told = scene.share("work/shared", notify=True, name="For Carol")
    notices = bench.notices(session, scene.alice)
    assert notices.count_new() == 0

    scene.open(told)
    scene.open(told, OTHER)
    assert (notices.count_new(), bench.notices(session, bob).count_new()) == (2, 0)
    assert [(each.verb, each.name, each.actor, each.is_new) for each in notices.show()] == [
        ("opened", "For Carol", None, True)
    ] * 2
    assert notices.count_new() == 0
    assert [each.is_new for each in notices.show()] == [False] * 2


def test_old_events_are_deleted_with_their_notices(scene: Scene, bench: Workbench, session: Session) -> None:
    told = scene.share("work/shared", notify=True)
    scene.open(told)
    bench.clock.advance(days=1)
    before = bench.clock()
    bench.clock.advance(seconds=1)
    scene.upload("work/shared/new.txt", b"1")
    assert has_old(session, before)
    assert delete_old(session, before) == 2
    assert not has_old(session, before)
    assert verbs(scene) == ["uploaded"]
    assert session.scalar(select(func.count()).select_from(Notice)) == 0


def test_events_outlive_their_entry_and_their_actor_but_not_their_space(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo
) -> None:
    scene.upload("work/shared/new.txt", b"1")
    bench.files(session, scene.alice).purge("work/shared/new.txt")
    assert [each.path for each in scene.events() if each.node_id is None] == ["work/shared/new.txt"] * 2

    session.rollback()
    bench.accounts(session).delete("alice")
    session.rollback()
    assert session.scalar(select(User.id).where(User.username == "alice")) is None
    assert scene.events() == []


def test_a_whole_space_with_many_events_is_removed_in_steps(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.tree.removal.ROWS", 2)
    for number in range(5):
        scene.open(link, f"198.51.100.{number}")
    bench.accounts(session).delete("alice")
    assert len(scene.events()) == 6
    Removal(session).run()
    assert scene.events() == []
