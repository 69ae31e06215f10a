"""What one application keeps for all its requests, in each of its processes, and what it is at all.

Rule: the only module that asks Flask for the current application. What is kept is made when it is first
needed, and never for a request alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from logging import Logger
from typing import Any, cast

from flask import Flask, current_app, request
from flask.sansio.blueprints import Blueprint
from sqlalchemy.orm import Session

from cabinet.extensions import db
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.kernel.clock import Clock, utc_now
from cabinet.services.thumbnails.decoder import Decoder
from cabinet.services.thumbnails.making import ThumbnailMaker
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.folder_tags import FolderTags
from cabinet.storage.opening import open_locker, open_store
from cabinet.storage.protocols import Locker, ResumableStore
from cabinet.storage.reserve import Reserve
from cabinet.web.running import Running

# Where the application keeps its `Runtime`.
EXTENSION = "cabinet"


def _wake_nobody() -> None:
    """Leave it to another process, which looks by itself."""


@dataclass
class Runtime:
    """What one application keeps for all its requests."""

    store_url: str
    reserve: Reserve
    passwords: Passwords
    clock: Clock = utc_now
    threads: int = 1
    wake_thumbnails: Callable[[], None] = _wake_nobody

    @cached_property
    def store(self) -> ResumableStore:
        """The store, opened when it is first needed."""
        return open_store(self.store_url, self.reserve)

    @cached_property
    def locker(self) -> Locker:
        """The locks that all processes of this server share."""
        return open_locker(self.store_url)

    @cached_property
    def running(self) -> Running:
        """The requests that run in this process."""
        return Running(self.threads)

    @cached_property
    def thumbnail_maker(self) -> ThumbnailMaker:
        """What makes thumbnails beside the requests."""
        return ThumbnailMaker(partial(Session, db.engine), self.store, self.clock, Decoder())

    @cached_property
    def cursors(self) -> Cursors:
        """What seals the cursors of this server, in all its processes alike."""
        return Cursors(_secret_key())

    @cached_property
    def folder_tags(self) -> FolderTags:
        """What makes the entity tags of folders, in all processes of this server alike."""
        return FolderTags(_secret_key())


def _secret_key() -> str:
    key = current_app.secret_key
    # Made or read before anything is served; a server must never seal with nothing.
    assert isinstance(key, str)
    return key


def runtime() -> Runtime:
    """Return what the application keeps for all requests."""
    return cast(Runtime, current_app.extensions[EXTENSION])


def application() -> Flask:
    """Return the application itself, for what prepares it or goes on beside its requests."""
    # The object itself; the name is part of Werkzeug's documented LocalProxy.
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


def setting(name: str) -> Any:
    """Return a setting of `config.py`."""
    return current_app.config[name]


def log() -> Logger:
    """Return where the application writes what its operator has to know."""
    return current_app.logger


def requested_view() -> Callable[..., Any] | None:
    """Return the view that answers this request, None where there is none."""
    return current_app.view_functions.get(request.endpoint or "")


def requested_blueprints() -> list[Blueprint]:
    """Return the blueprints of the view that answers this request, the innermost first; none where no view does."""
    return [current_app.blueprints[name] for name in request.blueprints]
