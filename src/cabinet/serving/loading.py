"""How a worker that cannot start says so: in the sentence of the refusal, and without a stack.

Rule: only what an operator has to mend is said so; an error of ours keeps its stack.
"""

from __future__ import annotations

from gunicorn.errors import AppImportError
from gunicorn.workers.gthread import ThreadWorker

from cabinet.refusals import RefusedToStart


class LoadingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn carries no types
    """A worker whose application may refuse to start."""

    def load_wsgi(self) -> None:
        """Load the application; raises `AppImportError`, at which gunicorn stops, for a refusal."""
        try:
            super().load_wsgi()
        except RefusedToStart as error:
            raise AppImportError(str(error)) from error
