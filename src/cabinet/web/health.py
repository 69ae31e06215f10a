"""Answer the probes of a monitor: is the process alive, and can it do its work.

A full disk is reported but is no outage: users must be able to sign in and delete files.

Rule: no sign-in, no detail; the log has the cause.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask
from flask.typing import ResponseReturnValue

from cabinet.errors import CabinetError, StorageFull
from cabinet.web.runtime import log
from cabinet.web.services import check_ready


def init_app(app: Flask) -> None:
    """Register `/healthz` and `/readyz`."""
    app.add_url_rule("/healthz", "healthz", _is_alive)
    app.add_url_rule("/readyz", "readyz", _is_ready)


def _is_alive() -> ResponseReturnValue:
    return {"status": "ok"}


def _is_ready() -> ResponseReturnValue:
    try:
        check_ready()
    except StorageFull:
        log().warning("ready, but uploads are refused: the disk is full")
        return {"status": "full"}
    except CabinetError as error:
        log().warning("not ready: %s", error)
        return {"status": "unavailable"}, HTTPStatus.SERVICE_UNAVAILABLE
    return {"status": "ok"}
