"""Fixtures for bulk changes: seven files, small steps, and selections."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.models import Batch, BatchItem, BatchKind
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.changes.trash import Trash
from tests.support.services import Workbench, paths_of
from tests.support.small_steps import make_steps_small

CONTENT = b"the content"
TRASHED, MOVED, COPIED, RESTORED = (
    {kind} for kind in (BatchKind.TRASH, BatchKind.MOVE, BatchKind.COPY, BatchKind.RESTORE)
)


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries take several transactions."""
    make_steps_small(monkeypatch, 2)


@pytest.fixture
def seven(bench: Workbench, session: Session, alice: Account) -> list[str]:
    """Create seven files in a folder; return all paths."""
    for number in range(7):
        bench.upload(session, alice, f"a/{number}", CONTENT + b"%d" % number)
    return paths_of(session, bench, alice)


def all_of(folder: str, count: int, *excluding: str) -> FolderSelection:
    return FolderSelection(folder, frozenset(excluding), count)


def all_trashed(count: int, *excluding: str) -> TrashSelection:
    return TrashSelection(frozenset(excluding), count)


def trashed_ids(trash: Trash) -> dict[str, str]:
    return {found.entry.path: found.id for found in trash.list_page(1000).entries}


def rows_left(session: Session) -> tuple[int, int]:
    """Return how many batches and items of them there are."""
    session.rollback()
    counted = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Batch, BatchItem)]
    return counted[0], counted[1]
