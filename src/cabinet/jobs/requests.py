"""What requests ask the jobs for: the rows of what they hid for good, and room on a full disk.

Full the disk is below the reserve, and for an hour after an upload was refused for want of room: the
time of a file tells that to all processes.

Rule: no request waits for a job, nor fails when it cannot ask for one.
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
from cabinet.services.tree.removal import take_note
from cabinet.web.guard import SAFE_METHODS
from cabinet.web.services import has_room, job_runs

# Seconds after a refusal in which room is made as soon as it can be.
FULL_FOR = 60 * 60


def init_app(app: Flask, served: Callable[[], None]) -> None:
    """Ask after each request; `served` is called first, in the process that serves."""
    asking = _Asking(app)

    def look(response: Response) -> Response:
        served()
        asking.look()
        return response

    app.after_request(look)


class _Asking:
    """What one application asks for after its requests."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._sweeps = bool(app.config["SWEEP_EVERY_SECONDS"])
        self._refused = Path(app.instance_path) / "refused.mark"

    def look(self) -> None:
        """Ask for what the request has made necessary."""
        try:
            if db.session.registry.has() and take_note(db.session()):
                job_runs().ask(removal.JOB.name)
            if self._sweeps and request.method not in SAFE_METHODS and self._is_full():
                job_runs().ask(sweep.JOB.name)
        except (CabinetError, SQLAlchemyError):
            self._app.logger.exception("a job could not be asked for; it comes by itself")

    def _is_full(self) -> bool:
        if not has_room():
            return True
        with suppress(OSError):
            if type(g.get("refusal")) is StorageFull:
                self._refused.touch(0o600)
            return time.time() - self._refused.stat().st_mtime < FULL_FOR
        return False
