"""What runs beside the requests of a server, as its process sees it: to be started and ended with it.

Rule: a process knows no more of it; what it does is for `jobs/` to say.
"""

from __future__ import annotations

from typing import Protocol, cast

from flask import Flask

EXTENSION = "cabinet.background"


class Background(Protocol):
    """The threads of a process beside those of its requests."""

    def start_with_server(self) -> None:
        """Start, unless it runs already or the settings have it run apart; once a process serves."""

    def stop(self) -> None:
        """Have all of it end soon; waits for nothing."""


def background_of(application: object) -> Background | None:
    """Return what runs beside the requests of a WSGI application, if that is ours."""
    if not isinstance(application, Flask):
        return None
    return cast("Background | None", application.extensions.get(EXTENSION))
