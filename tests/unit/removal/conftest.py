"""Fixtures for removing much: a large tree, small steps, and counts of rows."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.models import Base
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.values import Plan
from tests.support.services import Workbench
from tests.support.small_steps import make_steps_small

# Those of four nodes, or one node with eight of its versions; then there are counters and notes.
MOST_ROWS = 4 * 3 + 4


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make steps small, so that a few entries take several."""
    make_steps_small(monkeypatch, 4)
    monkeypatch.setattr("cabinet.services.tree.removal.ROWS", 8)


@pytest.fixture
def tree(bench: Workbench, session: Session, alice: Account) -> int:
    """Create folders with files, some with versions, and one other file; return the usage of that file."""
    for path in (
        *(f"big/wide/{number}" for number in range(9)),
        *(f"big/{number}/only" for number in range(6)),
        "big/a/b/c/d/e/f/deep",
        "big/a/b/beside",
        "big/top",
        "kept",
    ):
        bench.upload(session, alice, path, path.encode())
    for number in range(4):
        bench.upload(session, alice, "big/versions", b"x" * number)
    return len(b"kept")


def rows_of(session: Session) -> dict[str, int]:
    session.rollback()
    return {
        table.name: count
        for table in Base.metadata.sorted_tables
        if table.name not in {"blob", "batch"}
        and (count := session.scalar(select(func.count()).select_from(table)))
    }


def trash_singly(bench: Workbench, session: Session, alice: Account, count: int = 9) -> None:
    """Move all files to the trash one by one."""
    for number in range(count):
        bench.upload(session, alice, f"wide/{number}", b"content")
    bench.bulk(session, alice).trash(FolderSelection("wide", frozenset(), count))


def by_path(trash: Trash) -> dict[str, str]:
    return {each.entry.path: each.id for each in trash.list_page(100).entries}


def plan(path: str, length: int) -> Plan:
    return Plan(Target(path), length)
