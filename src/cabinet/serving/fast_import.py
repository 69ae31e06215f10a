"""The worker class for gunicorn, which imports it, and with it most of the application, before it forks workers.

Rule: only imports; everything else imports `worker` itself.
"""

from __future__ import annotations

from cabinet import without_collection

with without_collection():
    from cabinet.serving.worker import Worker

__all__ = ["Worker"]
