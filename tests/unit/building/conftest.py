"""Fixtures for large copies: a tree, and the ways to copy it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.models import Batch, BatchItem, Node, Version
from cabinet.services.accounts.account import Account
from cabinet.services.changes.batches import BatchRun
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.tree.entries import OnConflict
from tests.support.services import Workbench, paths_of
from tests.support.small_steps import make_steps_small

# Of three files: a row each, one version, and one row for each of their folders; counters and notes; and a
# replacement counts in the ancestors.
MOST_ROWS = 3 * 3 + 8 + 3

INSIDE = [
    "0", "1", "2", "3", "deep", "deep/er", "deep/er/still", "deep/er/still/a long name at the very bottom",
    "several", "several/0", "several/1", "several/2", "several/3", "empty",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make steps small, so that a few entries take several."""
    make_steps_small(monkeypatch, 3, "changes.building", "changes.recovery")


@pytest.fixture
def before(bench: Workbench, session: Session, alice: Account) -> list[str]:
    """Create a large folder, another one and a file; return all paths."""
    files = [f"big/{name}" for name in INSIDE if not any(each.startswith(f"{name}/") for each in INSIDE)]
    for path in (*files, *(f"other/{number}" for number in range(5)), "file"):
        if path.endswith("empty"):
            bench.files(session, alice).make_folder(path)
        else:
            bench.upload(session, alice, path, path.encode())
    bench.upload(session, alice, "big/0", b"its second version")
    return paths_of(session, bench, alice)


def counted(session: Session) -> list[int]:
    """Return how many nodes, versions, batches and items there are."""
    session.rollback()
    tables = (Node, Version, Batch, BatchItem)
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


@contextmanager
def at_commit(
    monkeypatch: pytest.MonkeyPatch, bench: Workbench, act: Callable[[int, Session], object]
) -> Iterator[None]:
    """Call `act` with a number, from one, and a session of its own, behind each commit of a step."""
    step = BatchRun.step
    numbers = iter(range(1, 1000))

    @contextmanager
    def acting(run: BatchRun, *, is_last: bool = False) -> Iterator[object]:
        with step(run, is_last=is_last) as log:
            yield log
        with bench.session() as own:
            act(next(numbers), own)

    with monkeypatch.context() as patch:
        patch.setattr(BatchRun, "step", acting)
        yield


def copy_one(moving: Moving, bulk: Bulk) -> list[str]:
    moving.copy(["big"], "copy", OnConflict.FAIL)
    return ["copy", *(f"copy/{name}" for name in INSIDE)]


def copy_into(moving: Moving, bulk: Bulk) -> list[str]:
    moving.copy(["big"], "new/er/", OnConflict.FAIL)
    return ["new", "new/er", "new/er/big", *(f"new/er/big/{name}" for name in INSIDE)]


def copy_several(moving: Moving, bulk: Bulk) -> list[str]:
    copied = moving.copy(["file", "big/several", "big"], "to/", OnConflict.FAIL)
    assert [each.path for each in copied] == ["to/file", "to/several", "to/big"]
    several = [f"to/several{rest}" for rest in ("", "/0", "/1", "/2", "/3")]
    return ["to", "to/file", *several, "to/big", *(f"to/big/{name}" for name in INSIDE)]


def copy_everything(moving: Moving, bulk: Bulk) -> list[str]:
    bulk.copy(FolderSelection("", frozenset(), 3), "to/", OnConflict.FAIL)
    others = [f"to/other{rest}" for rest in ("", "/0", "/1", "/2", "/3", "/4")]
    return ["to", "to/file", *others, "to/big", *(f"to/big/{name}" for name in INSIDE)]


Copy = Callable[[Moving, Bulk], list[str]]
WAYS = [copy_one, copy_into, copy_several, copy_everything]
