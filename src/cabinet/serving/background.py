"""The interface of background threads that start and stop with a server process.

Rule: the server knows only this interface; `jobs/` implements it.
"""

from __future__ import annotations

from typing import Protocol, cast

from flask import Flask

EXTENSION = "cabinet.background"


class Background(Protocol):
    """The background threads of a process."""

    def start_with_server(self) -> None:
        """Start the threads once the process serves, unless they run or the settings say `apart`."""

    def stop(self) -> None:
        """Ask all threads to stop soon; does not wait."""


def background_of(application: object) -> Background | None:
    """Return the background threads of a WSGI application, None if it is not Cabinet's."""
    if not isinstance(application, Flask):
        return None
    return cast("Background | None", application.extensions.get(EXTENSION))
