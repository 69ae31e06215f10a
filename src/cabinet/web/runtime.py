"""What an application keeps for all requests of a process, and access to the application.

Rule: the only module that asks Flask for the current application. Objects are created on first use, and never
for a single request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from logging import Logger
from typing import Any, cast

from flask import Flask, Request, current_app, request
from flask.sansio.blueprints import Blueprint
from sqlalchemy.orm import Session

from cabinet.extensions import db
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.kernel.caps import Caps
from cabinet.services.kernel.clock import Clock, utc_now
from cabinet.services.kernel.ids import derive_key
from cabinet.services.shares.keys import ShareKeys
from cabinet.services.thumbnails.decoder import Decoder
from cabinet.services.thumbnails.making import ThumbnailMaker
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.folder_tags import FolderTags
from cabinet.storage.opening import open_locker, open_store
from cabinet.storage.protocols import Locker, ResumableStore
from cabinet.storage.reserve import Reserve
from cabinet.web.concurrency import ConcurrencyLimits

# The key of the `Runtime` in `app.extensions`.
EXTENSION = "cabinet"


def _ignore_wake() -> None:
    """Do nothing; another process polls for thumbnails."""


@dataclass
class Runtime:
    """What an application keeps for all requests."""

    store_url: str
    reserve: Reserve
    passwords: Passwords
    caps: Caps
    clock: Clock = utc_now
    threads: int = 1
    wake_thumbnails: Callable[[], None] = _ignore_wake

    @cached_property
    def store(self) -> ResumableStore:
        """The store, opened on first use."""
        return open_store(self.store_url, self.reserve)

    @cached_property
    def locker(self) -> Locker:
        """The locks that all processes of this server share."""
        return open_locker(self.store_url)

    @cached_property
    def concurrency(self) -> ConcurrencyLimits:
        """The requests that run in this process."""
        return ConcurrencyLimits(self.threads)

    @cached_property
    def thumbnail_maker(self) -> ThumbnailMaker:
        """Makes thumbnails in the background."""
        return ThumbnailMaker(partial(Session, db.engine), self.store, self.clock, Decoder())

    @cached_property
    def cursors(self) -> Cursors:
        """Seals cursors; all processes of this server share its key."""
        return Cursors(_secret_key())

    @cached_property
    def share_keys(self) -> ShareKeys:
        """Derives the secrets of links; all processes of this server share its key."""
        return ShareKeys(_secret_key())

    @cached_property
    def folder_tags(self) -> FolderTags:
        """Makes the entity tags of folders; all processes of this server share its key."""
        return FolderTags(_secret_key())

    @cached_property
    def instance_id(self) -> str:
        """The id of this instance among others, for programs that know files of several servers."""
        return derive_key(_secret_key(), "instance id").hex()[:10]


def _secret_key() -> str:
    key = current_app.secret_key
    # It exists before the first request; a server must never seal with an empty key.
    assert isinstance(key, str)
    return key


def runtime() -> Runtime:
    """Return the `Runtime` of the current application."""
    return cast(Runtime, current_app.extensions[EXTENSION])


def application() -> Flask:
    """Return the application object, for startup code and background work."""
    # The object itself; the name is part of Werkzeug's documented LocalProxy.
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001


def current_request() -> Request:
    """Return the request object itself: each attribute of Flask's proxy takes four more calls."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - as above


def setting(name: str) -> Any:
    """Return a setting of `config.py`."""
    return current_app.config[name]


def log() -> Logger:
    """Return the application's logger, which the operator reads."""
    return current_app.logger


def requested_view() -> Callable[..., Any] | None:
    """Return the view of this request, None without one."""
    return current_app.view_functions.get(request.endpoint or "")


def requested_blueprints() -> list[Blueprint]:
    """Return the blueprints of the request's view, innermost first; empty without a view."""
    return [current_app.blueprints[name] for name in request.blueprints]
