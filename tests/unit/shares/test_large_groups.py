"""A group with as many members as one may have: what is given to it goes to all of them in small transactions.

Rule: rows and statements are counted, nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from cabinet.models import GroupMember, GroupRole, Kind, Node, ShareRecipient, Space, User, UserGroup
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.groups.groups import MAX_MEMBERS, GroupPolicy, Groups
from cabinet.services.kernel.database import writing
from cabinet.services.shares.delivery import STEP
from cabinet.services.shares.grants import Grants, Recipient
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench
from tests.support.work_counts import work_counted

pytestmark = pytest.mark.database

# Of one transaction, which changes six rows for each recipient; the steps of other changes have more.
MOST_ROWS = 6 * STEP + 10
# Of one transaction, for each recipient.
MOST_STATEMENTS = 12
# The members besides alice, who gives and gets nothing.
SIZES = [2 * STEP + 5, pytest.param(MAX_MEMBERS - 1, marks=pytest.mark.long)]


class Crowd:
    """A group of alice and many others, to whom she gives a folder."""

    def __init__(self, session: Session, bench: Workbench, alice: Account, size: int) -> None:
        self.session = session
        self.bench = bench
        self.alice = alice
        self.size = size
        for folder in ("many", "one"):
            bench.upload(session, alice, f"{folder}/f", b"0")
        self.groups = Groups(session, bench.clock, bench.cursors, GroupPolicy.ADMINS, None, is_admin=True)
        self.group = self.groups.create("All")
        with writing(session):
            self._add_members()

    def _add_members(self) -> None:
        now, session = self.bench.clock(), self.session
        users = [
            User(
                public_id=f"{number:032}", username=name, username_key=name, password_hash="x", created_at=now
            )
            for number, name in enumerate(f"member{number}" for number in range(self.size))
        ]
        session.add_all(users)
        session.flush()
        spaces = [Space(owner_id=user.id) for user in users]
        session.add_all(spaces)
        session.flush()
        for space in spaces:
            root = Node(space_id=space.id, kind=Kind.FOLDER, name="", sort_key=b"")
            root.created_at = root.modified_at = now
            session.add(root)
        group_id = session.scalars(select(UserGroup.id).where(UserGroup.public_id == self.group.id)).one()
        for user_id in [self.alice.id, *(user.id for user in users)]:
            role = GroupRole.MEMBER
            session.add(GroupMember(group_id=group_id, user_id=user_id, role=role, created_at=now))
        session.flush()

    @property
    def grants(self) -> Grants:
        return Grants(self.session, self.bench.clock, self.alice, self.alice.scope)

    def give(self, role: ShareRole = ShareRole.VIEWER) -> str:
        """Give the folder to the group; return the id of the grant."""
        return self.grants.create(self.alice.scope, "many", Recipient(group="All"), role)[0]

    def count_mounts(self) -> int:
        """Return the number of members that have the folder."""
        self.session.rollback()
        found = (
            select(func.count()).select_from(ShareRecipient).join(Node, Node.id == ShareRecipient.mount_id)
        )
        mounts = select(func.count()).where(Node.kind == Kind.MOUNT)
        assert self.session.scalar(found) == self.session.scalar(mounts)
        return self.session.scalar(mounts) or 0

    def upload(self, path: str) -> tuple[int, int]:
        """Upload a file of alice's; return the number of statements, and the work of the database."""
        self.session.rollback()
        with counting_statements(self.bench.engine) as ran, work_counted(self.bench.engine) as work:
            self.bench.upload(self.session, self.alice, path, path.encode())
        return len(ran), sum(work.writing)


@contextmanager
def counting_statements(engine: Engine) -> Iterator[list[str]]:
    """Give the statements that run during the body."""
    ran: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        ran.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def crowd(session: Session, bench: Workbench, alice: Account, request: pytest.FixtureRequest) -> Crowd:
    return Crowd(session, bench, alice, request.param)


@pytest.mark.parametrize("crowd", SIZES, indirect=True)
def test_a_grant_to_a_large_group_comes_and_goes_in_small_transactions(
    crowd: Crowd, bench: Workbench, session: Session
) -> None:
    with rows_changed(bench.engine) as changed:
        share_id = crowd.give()
    assert crowd.count_mounts() == crowd.size
    assert max(changed) <= MOST_ROWS
    assert len(changed) > crowd.size // STEP

    with rows_changed(bench.engine) as changed:
        crowd.grants.change(share_id, ShareRole.EDITOR)
    assert sum(changed) <= 2

    with rows_changed(bench.engine) as changed:
        crowd.grants.end(share_id)
    assert len(changed) > crowd.size // STEP
    assert crowd.count_mounts() == 0
    assert max(changed) <= MOST_ROWS

    crowd.give()
    with rows_changed(bench.engine) as changed:
        crowd.groups.delete(crowd.group.id)
    assert crowd.count_mounts() == 0
    # The row of each member goes with that of the group.
    assert max(changed) <= max(MOST_ROWS, crowd.size + 10)


@pytest.mark.parametrize("crowd", SIZES, indirect=True)
def test_a_member_joins_and_leaves_a_large_group_by_few_rows(
    crowd: Crowd, bench: Workbench, session: Session, bob: Account
) -> None:
    crowd.groups.remove_member(crowd.group.id, "member0")
    crowd.give()
    before = crowd.count_mounts()
    with rows_changed(bench.engine) as joined:
        crowd.groups.set_member(crowd.group.id, "bob", GroupRole.MEMBER)
    assert crowd.count_mounts() == before + 1
    with rows_changed(bench.engine) as left:
        crowd.groups.remove_member(crowd.group.id, "bob")
    assert crowd.count_mounts() == before
    assert sum(joined) <= 12
    assert sum(left) <= 12


@pytest.mark.parametrize("crowd", SIZES, indirect=True)
def test_a_delivery_takes_few_statements_and_an_upload_as_many_as_to_a_folder_of_one(
    crowd: Crowd, bench: Workbench, session: Session, bob: Account
) -> None:
    crowd.grants.create(crowd.alice.scope, "one", Recipient(user="bob"), ShareRole.EDITOR)
    with counting_statements(bench.engine) as ran:
        crowd.give(ShareRole.EDITOR)
    assert len(ran) < MOST_STATEMENTS * crowd.size
    for path in ("one/f", "many/f"):
        crowd.upload(path)
    one, many = crowd.upload("one/new"), crowd.upload("many/new")
    assert many[0] == one[0]
    # A few steps more for the growing index of names; reading a row of each member would take many times as much.
    assert many[1] <= 1.5 * one[1]
