"""Report a worker that refuses to start with its message instead of a traceback.

Rule: only for errors that the operator must fix; other errors keep their traceback.
"""

from __future__ import annotations

import sys
import time

from gunicorn.errors import AppImportError
from gunicorn.workers.gthread import ThreadWorker

from cabinet.refusals import RefusedToStart

# Seconds that gunicorn has to stop the other workers once the first has refused.
_PATIENCE = 10.0


class LoadingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn carries no types
    """A worker whose application may refuse to start."""

    def load_wsgi(self) -> None:
        """Load the application; raises `AppImportError`, which stops gunicorn, when it refuses to start."""
        try:
            super().load_wsgi()
        except RefusedToStart as error:
            if self.age > 1:
                self._wait_for_stop()
            raise AppImportError(str(error)) from error

    def _wait_for_stop(self) -> None:
        """Exit when gunicorn stops this worker, because the first one has refused to start too.

        gunicorn prints a traceback if another worker refuses while it is stopping.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if not self.alive:
                sys.exit(0)
            time.sleep(0.05)
