"""The server tidies up by itself, now and then, beside its requests.

One process of all does it: a lock file keeps the others out, and its time says when it was done. What
a killed process left half done is settled earlier: when each process, the next one too, looks first.

Rule: nobody waits for it, and its failure is only logged.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path

from flask import Flask, Response
from sqlalchemy.exc import DBAPIError

from cabinet.errors import CabinetError
from cabinet.web.context import housekeeping


def init_app(app: Flask) -> None:
    """Sweep after a request, when the last sweep is `SWEEP_EVERY_SECONDS` ago."""
    every = app.config["SWEEP_EVERY_SECONDS"]
    if not every:
        return
    mark = Path(app.instance_path) / "sweep.lock"
    # The first request pays nothing, and a process that lives for a moment never starts a sweep.
    state = {"next": time.monotonic() + min(every, 60)}

    def look(response: Response) -> Response:
        if time.monotonic() >= state["next"]:
            state["next"] = time.monotonic() + every
            threading.Thread(target=_sweep, args=(app, mark, every), name="sweep", daemon=True).start()
        return response

    app.after_request(look)


def _sweep(app: Flask, mark: Path, every: float) -> None:
    descriptor = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with app.app_context():
            housekeeping().recover()
        status = os.fstat(descriptor)
        # One byte tells a file that a sweep has marked from one that was made just now.
        if status.st_size and time.time() - status.st_mtime < every:
            return
        with app.app_context():
            swept = housekeeping().sweep()
        os.pwrite(descriptor, b"\n", 0)
        app.logger.info("swept: %s", swept)
    except BlockingIOError:
        return
    except (CabinetError, DBAPIError, OSError):
        app.logger.exception("the sweep failed and will be tried again")
    finally:
        os.close(descriptor)
