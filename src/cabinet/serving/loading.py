"""Report a worker that refuses to start with its message instead of a traceback.

Rule: only for errors that the operator must fix; other errors keep their traceback.
"""

from __future__ import annotations

from gunicorn.errors import AppImportError
from gunicorn.workers.gthread import ThreadWorker

from cabinet.refusals import RefusedToStart


class LoadingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn carries no types
    """A worker whose application may refuse to start."""

    def load_wsgi(self) -> None:
        """Load the application; raises `AppImportError`, which stops gunicorn, when it refuses to start."""
        try:
            super().load_wsgi()
        except RefusedToStart as error:
            raise AppImportError(str(error)) from error
