"""The production server; this module is gunicorn's configuration (`-c python:cabinet.serving`).

`preparing` creates the instance; `worker` keeps slow and idle clients from occupying threads.

Rule: correctness must not depend on these settings.
"""

from __future__ import annotations

import gc
import os
from typing import Any

from flask import Config
from gunicorn.arbiter import Arbiter

from cabinet.config import find_instance, load, read
from cabinet.refusals import RefusedToStart
from cabinet.serving.background import background_of

# The application as the documentation names it, without settings in the call.
_PLAIN = "cabinet:create_app()"

# gunicorn's settings, under gunicorn's names.
bind = read("BIND")
workers = read("WORKERS")
threads = read("THREADS")
worker_class = "cabinet.serving.fast_import.Worker"
# Open connections of one process, including idle ones; fewer if the descriptor limit is low.
worker_connections = 8192
# Bytes: a percent-encoded path of 2048 bytes and a cursor. Not 0 (unlimited), because each search for
# the end of an endless line takes longer than the one before.
limit_request_line = 8190
# Seconds; clients that upload many small files reuse their connection.
keepalive = 30
# Seconds that running transfers have to finish when the server stops.
graceful_timeout = 30
# The heartbeat files of workers: in memory, so that a stalled disk does not stop them.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
control_socket_disable = True


def on_starting(arbiter: Arbiter) -> None:
    """Check the settings once before any worker starts; raises RuntimeError, which gunicorn prints."""
    if getattr(arbiter.app, "app_uri", None) != _PLAIN:
        return
    try:
        instance = find_instance({})
        load(Config(instance), instance, {})
    except RefusedToStart as error:
        raise RuntimeError(str(error)) from error


def post_worker_init(worker: Any) -> None:
    """Start the background threads of a worker without waiting for its first request.

    Also freezes the loaded modules for the garbage collector: they stay in memory anyway, and a
    full collection over them costs as much as a hundred small requests.
    """
    gc.collect()
    gc.freeze()
    background = background_of(worker.wsgi)
    if background is not None:
        background.start_with_server()


# `PROXY_HOPS` decides which proxies are trusted, under any server.
forwarded_allow_ips = ""
