"""Functions that store names and search for them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cabinet.services.accounts.account import Account
from tests.support.services import Workbench


def found(
    session: Session, bench: Workbench, account: Account, query: str, path: str = "", limit: int = 100
) -> list[str]:
    """Return the paths of everything that a search finds, over all its pages."""
    paths: list[str] = []
    after = None
    while True:
        page = bench.search(session, account).page(query, path, limit, after)
        assert len(page.entries) <= limit
        paths += [entry.path for entry in page.entries]
        if page.next is None:
            return paths
        after = page.next


def store(session: Session, bench: Workbench, account: Account, *paths: str) -> None:
    for path in paths:
        bench.upload(session, account, path, path.encode())
