"""The server tidies up by itself, beside its requests: now and then, and when its disk is full.

One process at a time does it: a lock file keeps the others out, and its time says when it was done.
What a killed process left half done, or did not remove any more, is settled earlier: when each process,
the next one too, looks first. On a full disk nothing that was deleted for ever is kept for a while, so that whoever makes
room has it. Full it is below the reserve, and for an hour after an upload was refused for want of
room: the time of another file tells that to all processes.

Rule: nobody waits for it, and its failure is only logged.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from flask import Flask, Response, g, request
from sqlalchemy.exc import DBAPIError

from cabinet.errors import CabinetError, StorageFull
from cabinet.storage.file_locks import LockTaken, locked
from cabinet.web.guard import SAFE_METHODS
from cabinet.web.services import has_room, housekeeping

# Seconds between two sweeps of a full disk, and how many times longer that is than a sweep takes.
FULL_EVERY = 1.0
FULL_REST = 20
# Seconds after a refusal in which room is made as soon as it can be.
FULL_FOR = 60 * 60


def init_app(app: Flask) -> None:
    """Sweep after a request: one `SWEEP_EVERY_SECONDS` after the last sweep, or one on a full disk."""
    every = app.config["SWEEP_EVERY_SECONDS"]
    if every:
        app.after_request(_Upkeep(app, every).look)


class _Upkeep:
    """When this process sweeps."""

    def __init__(self, app: Flask, every: float) -> None:
        self._app = app
        self._every = every
        self._mark = Path(app.instance_path) / "sweep.lock"
        self._refused = Path(app.instance_path) / "refused.mark"
        # The first request pays nothing, and a process that lives for a moment never starts a sweep.
        self._next = time.monotonic() + min(every, 60)
        self._lock = threading.Lock()
        self._makes_room = False
        self._next_on_full = 0.0

    def look(self, response: Response) -> Response:
        """Begin a sweep where it is time for one."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            threading.Thread(target=self._sweep, name="sweep", daemon=True).start()
        elif request.method not in SAFE_METHODS and self._is_full():
            self._make_room_soon()
        return response

    def _is_full(self) -> bool:
        if not has_room():
            return True
        with suppress(OSError):
            if type(g.get("refusal")) is StorageFull:
                self._refused.touch(0o600)
            return time.time() - self._refused.stat().st_mtime < FULL_FOR
        return False

    def _make_room_soon(self) -> None:
        with self._lock:
            if self._makes_room:
                return
            self._makes_room = True
        timer = threading.Timer(max(0, self._next_on_full - time.monotonic()), self._make_room)
        timer.name, timer.daemon = "sweep", True
        timer.start()

    def _make_room(self) -> None:
        # What is deleted from here on may be too late for this sweep, and asks for another one.
        self._makes_room = False
        begun = time.monotonic()
        is_done = self._sweep(now=True)
        ended = time.monotonic()
        self._next_on_full = ended + max(FULL_EVERY, FULL_REST * (ended - begun))
        if not is_done:
            self._make_room_soon()

    def _sweep(self, *, now: bool = False) -> bool:
        """Sweep, with `now` in any case, else unless it is too soon; tells whether nobody else was at it."""
        try:
            with locked(self._mark, patience=0) as descriptor:
                self._sweep_alone(descriptor, now=now)
        except LockTaken:
            return False
        except (CabinetError, DBAPIError, OSError):
            self._app.logger.exception("the sweep failed and will be tried again")
        return True

    def _sweep_alone(self, descriptor: int, *, now: bool) -> None:
        with self._app.app_context():
            tidy = housekeeping()
            tidy.recover()
            tidy.remove_hidden()
        status = os.fstat(descriptor)
        # One byte tells a file that a sweep has marked from one that was made just now.
        if not now and status.st_size and time.time() - status.st_mtime < self._every:
            return
        with self._app.app_context():
            swept = housekeeping(now=now).sweep()
        os.pwrite(descriptor, b"\n", 0)
        self._app.logger.info("swept%s: %s", " a full disk" if now else "", swept)
