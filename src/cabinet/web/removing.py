"""What a request has hidden for good is removed beside the requests that follow, by one thread a process.

What is left when a process dies is removed with the next thing that is hidden, and by the next sweep.

Rule: nobody waits for it, and its failure is only logged.
"""

from __future__ import annotations

import threading

from flask import Flask, Response
from sqlalchemy.exc import DBAPIError

from cabinet.errors import CabinetError
from cabinet.extensions import db
from cabinet.services.tree.removal import take_note
from cabinet.web.services import housekeeping


def init_app(app: Flask) -> None:
    """Look after each request whether it has hidden something for good."""
    app.after_request(_Remover(app).look)


class _Remover:
    """The thread that removes, while there is something to remove."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._is_asked = self._is_working = False

    def look(self, response: Response) -> Response:
        """Have it removed what the request has hidden."""
        if db.session.registry.has() and take_note(db.session()):
            with self._lock:
                self._is_asked = True
                if not self._is_working:
                    self._is_working = True
                    threading.Thread(target=self._work, name="removal", daemon=True).start()
        return response

    def _is_to_go_on(self) -> bool:
        """Tell whether somebody has asked since this was told last; if not, the thread ends."""
        with self._lock:
            self._is_working, self._is_asked = self._is_asked, False
            return self._is_working

    def _work(self) -> None:
        while self._is_to_go_on():
            try:
                with self._app.app_context():
                    removed = housekeeping().remove_hidden()
                self._app.logger.info("removed %d files and folders for good", removed)
            except (CabinetError, DBAPIError):
                self._app.logger.exception("what was purged could not be removed; a sweep tries again")
