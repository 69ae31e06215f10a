"""Fixtures for events: alice's files, of which a folder is shared by a link and mounted by bob."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Event
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.activity.feed import Happening
from cabinet.services.shares.links import Link
from cabinet.services.shares.values import NewShare, ShareInfo
from tests.support.mounts import mount
from tests.support.services import ADDRESS, POLICY, Acting, Guest, Workbench

FILES = ("work/shared/a.txt", "work/shared/sub/deep.txt", "work/secret.txt", "other/b.txt")


@dataclass
class Scene:
    """The services of alice, who shares, and of others who meet what she shares."""

    session: Session
    bench: Workbench
    alice: Account

    def share(self, *paths: str, **wanted: object) -> ShareInfo:
        """Make a link of alice's."""
        service = self.bench.shares(self.session, self.alice, POLICY)
        return service.create(paths, NewShare(**wanted), is_admin=False)  # type: ignore[arg-type]

    def open(self, made: ShareInfo, address: str = ADDRESS) -> Link:
        """Open a link as a guest does, and show its page."""
        assert made.token is not None
        service = self.bench.links(self.session)
        link = service.find(made.token, address)
        service.count_open(link, address)
        return link

    def upload(self, path: str, content: bytes, acting: Acting | None = None) -> None:
        self.bench.upload(self.session, acting or self.alice, path, content)

    def events(self) -> list[Event]:
        """Return all events, oldest first."""
        self.session.rollback()
        return list(self.session.scalars(select(Event).order_by(Event.id)))

    def told(self) -> list[tuple[str, str]]:
        """Return the verbs and paths of all events but those of making links, oldest first."""
        return [(each.verb, each.path) for each in self.events() if each.verb != "shared"]

    def seen_by(self, acting: Acting) -> list[tuple[str, str | None]]:
        """Return the verbs and paths that somebody sees, oldest first."""
        return [(each.verb.value, each.path) for each in reversed(self.page_of(acting))]

    def page_of(self, acting: Acting) -> list[Happening]:
        """Return the events that somebody sees, newest first."""
        self.session.rollback()
        return list(self.bench.activity(self.session, acting).list_page(100).events)


@pytest.fixture
def scene(session: Session, bench: Workbench, alice: Account) -> Scene:
    """Return alice's files, of which nothing is shared yet."""
    made = Scene(session, bench, alice)
    for number, path in enumerate(FILES):
        made.upload(path, str(number).encode())
    return made


@pytest.fixture
def link(scene: Scene) -> ShareInfo:
    """Return a link to a folder of alice's."""
    return scene.share("work/shared")


@pytest.fixture
def member(scene: Scene, link: ShareInfo, bob: Account) -> Callable[[ShareRole], Guest]:
    """Return what lets bob mount the shared folder in a role, and returns his scope there."""

    def join(role: ShareRole) -> Guest:
        mount(scene.session, "alice", "work/shared", "bob", "Hers", role)
        found = scene.bench.accounts(scene.session).find("bob")
        return Guest(scene.bench.places(scene.session, found, "Hers").scope)

    return join
