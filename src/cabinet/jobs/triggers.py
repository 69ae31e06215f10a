"""Request job runs after requests: removal after a purge, and a sweep while the disk is full.

The disk counts as full below the reserve, and for an hour after an upload was refused for lack of
space; the modification time of a file tells all processes about that.

Rule: a request never waits for a job, and does not fail when it cannot ask for one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from cabinet.errors import CabinetError, StorageFull
from cabinet.extensions import db
from cabinet.jobs import removal, sweep
from cabinet.services.tree.removal import pop_hidden_mark
from cabinet.web.request_guards import SAFE_METHODS
from cabinet.web.services import has_room, job_runs

# Seconds after a refused upload in which space is freed as soon as possible.
FULL_FOR = 60 * 60
# Methods that send content, often thousands of times; an upload that was stored has found room. Seconds
# between two looks at the disk after these.
UPLOADING = {"PUT", "PATCH"}
LOOK_SECONDS = 1.0


def init_app(app: Flask, served: Callable[[], None]) -> None:
    """Register the after-request hook; it calls `served` first, in the process that serves."""
    job_requests = _JobRequests(app)

    def look(response: Response) -> Response:
        served()
        job_requests.request_if_needed()
        return response

    app.after_request(look)


class _JobRequests:
    """Asks for job runs after the requests of one application."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._sweeps = bool(app.config["SWEEP_EVERY_SECONDS"])
        self._refused = Path(app.instance_path) / "refused.mark"
        self._looked_at = -LOOK_SECONDS

    def request_if_needed(self) -> None:
        """Ask for the jobs that the current request has made necessary."""
        try:
            if db.session.registry.has() and pop_hidden_mark(db.session()):
                job_runs().request(removal.JOB.name)
            if self._sweeps and request.method not in SAFE_METHODS and self._is_full():
                job_runs().request(sweep.JOB.name)
        except (CabinetError, SQLAlchemyError):
            self._app.logger.exception("cannot request a job; it runs as scheduled")

    def _is_full(self) -> bool:
        is_refused = type(g.get("refusal")) is StorageFull
        if request.method in UPLOADING and not is_refused:
            now = time.monotonic()
            if now < self._looked_at + LOOK_SECONDS:
                return False
            self._looked_at = now
        if not has_room():
            return True
        with suppress(OSError):
            if is_refused:
                self._refused.touch(0o600)
            return time.time() - self._refused.stat().st_mtime < FULL_FOR
        return False
