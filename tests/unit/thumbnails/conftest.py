"""Fixtures for thumbnails: a decoder in this process, and a function that requests a thumbnail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import BinaryIO

import pytest
from sqlalchemy.orm import Session

from cabinet.services.accounts.account import Account
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.services.thumbnails import thumbnails
from cabinet.services.thumbnails.decoder import Decoder
from cabinet.services.thumbnails.imaging import make_thumbnail
from cabinet.services.thumbnails.making import ThumbnailMaker
from cabinet.services.thumbnails.thumbnails import Missing, Thumbnails
from cabinet.services.tree.entries import Entry
from tests.support.images import picture
from tests.support.services import Workbench

PICTURE = picture("PNG", 400, 200)
GRACE = timedelta(days=1)


class InThisProcess(Decoder):
    """A decoder that starts no process."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.contents: list[bytes] = []
        self.before: Callable[[], object] = lambda: None

    def make(self, stream: BinaryIO, size: int) -> bytes | None:
        self.before()
        self.sizes.append(size)
        self.contents.append(stream.read())
        return make_thumbnail(stream, size)


@pytest.fixture
def decoder() -> InThisProcess:
    return InThisProcess()


@pytest.fixture
def maker(bench: Workbench, decoder: InThisProcess, monkeypatch: pytest.MonkeyPatch) -> ThumbnailMaker:
    """Return a thumbnail maker; requests do not wait for thumbnails."""
    monkeypatch.setattr(thumbnails, "WAIT_SECONDS", 0.001)
    monkeypatch.setattr(thumbnails, "FIRST_POLL", 0)
    return ThumbnailMaker(bench.session, bench.store, bench.clock, decoder)


Find = Callable[..., Entry | Missing]


@pytest.fixture
def find(session: Session, bench: Workbench, maker: ThumbnailMaker, alice: Account) -> Find:
    """Return a function that finds the thumbnail of a file, by default one of alice's, generated at once."""

    def make() -> None:
        with suppress(OSError):
            maker.make_waiting()

    def find(
        path: str, size: int = 64, owner: Account = alice, wake: Callable[[], None] = make
    ) -> Entry | Missing:
        entry = bench.files(session, owner).get(path)
        return Thumbnails(session, bench.store, bench.clock, wake, owner.scope).find(entry, size)

    return find


def housekeeping(session: Session, bench: Workbench) -> Housekeeping:
    return Housekeeping(
        session, bench.store, bench.locker, bench.clock, Retention(timedelta(0), GRACE, GRACE, GRACE)
    )
