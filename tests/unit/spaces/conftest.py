"""Fixtures for team spaces: one of alice's, of which bob can become a member."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from cabinet.models import Space
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from tests.support.services import Workbench


@dataclass(frozen=True)
class Member:
    """Somebody who acts in a team space."""

    scope: Scope


class Team:
    """A team space that alice manages."""

    def __init__(self, session: Session, bench: Workbench, alice: Account) -> None:
        self.session = session
        self.bench = bench
        self.id = bench.spaces(session, alice).create("Team", None).id
        self.managers = bench.spaces(session, alice)

    def add(self, account: Account, role: ShareRole) -> Member:
        """Give somebody a role, and return what they may do in the space."""
        self.managers.set_member(self.id, account.username, role)
        return self.member(account)

    def member(self, account: Account, path: str = "Team") -> Member:
        """Return what somebody may do in the space."""
        self.session.rollback()
        return Member(self.bench.places(self.session, account, path).scope)

    @property
    def roles(self) -> dict[str, ShareRole]:
        """The members and their roles, as the operator sees them."""
        self.session.rollback()
        members = self.bench.spaces(self.session, None).get(self.id).members
        return {each.username: each.role for each in members}

    @property
    def row(self) -> Space:
        """The row of the space."""
        self.session.rollback()
        return self.session.query(Space).filter(Space.public_id == self.id).one()


@pytest.fixture
def team(session: Session, bench: Workbench, alice: Account) -> Team:
    """Return a team space of alice's, who has no quota."""
    return Team(session, bench, alice)
