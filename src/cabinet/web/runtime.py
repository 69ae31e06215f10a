"""What one application keeps for all its requests, in each of its processes.

Rule: made when it is first needed, and never for a request alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

from flask import current_app
from sqlalchemy.orm import Session

from cabinet.extensions import db
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.kernel.clock import Clock, utc_now
from cabinet.services.thumbnails.decoder import Decoder
from cabinet.services.thumbnails.thumbnails import ThumbnailMaker
from cabinet.services.tree.cursors import Cursors
from cabinet.storage.blobs import BlobStore, open_store
from cabinet.storage.reserve import Reserve
from cabinet.web.running import Running


@dataclass
class Runtime:
    """What one application keeps for all its requests."""

    store_url: str
    reserve: Reserve
    passwords: Passwords
    clock: Clock = utc_now
    threads: int = 1

    @cached_property
    def store(self) -> BlobStore:
        """The store, opened when it is first needed."""
        return open_store(self.store_url, self.reserve)

    @cached_property
    def running(self) -> Running:
        """The requests that run in this process."""
        return Running(self.threads)

    @cached_property
    def thumbnail_maker(self) -> ThumbnailMaker:
        """What makes thumbnails beside the requests of this process."""
        return ThumbnailMaker(partial(Session, db.engine), self.store, self.clock, Decoder())

    @cached_property
    def cursors(self) -> Cursors:
        """What seals the cursors of this server, in all its processes alike."""
        key = current_app.secret_key
        # Made or read before anything is served; a server must never seal with nothing.
        assert isinstance(key, str)
        return Cursors(key)
