"""What production starts with; this module is gunicorn's configuration (`-c python:cabinet.serving`).

`preparing` makes the instance, `worker` keeps slow and silent clients away from the threads.

Rule: nothing that correctness needs lives in these settings.
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

# The application as the help pages name it: with no settings of its own.
_PLAIN = "cabinet:create_app()"

# gunicorn's settings, by the names that it looks for.
bind = read("BIND")
workers = read("WORKERS")
threads = read("THREADS")
worker_class = "cabinet.serving.worker.Worker"
# Open connections of one process, those that only wait among them, as far as its descriptors suffice.
worker_connections = 8192
# Bytes: a path of 2048, percent-encoded, and a cursor. Not 0, for to look for the end of a line that
# never ends takes ever longer.
limit_request_line = 8190
# Seconds; clients that send many small files reuse their connection.
keepalive = 30
# Seconds that running transfers get when the server is stopped.
graceful_timeout = 30
# Kept out of the way of a stalled disk: the heartbeat of idle workers.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
control_socket_disable = True


def on_starting(arbiter: Arbiter) -> None:
    """Refuse in one sentence what each worker would; raises RuntimeError, which gunicorn prints."""
    if getattr(arbiter.app, "app_uri", None) != _PLAIN:
        return
    try:
        instance = find_instance({})
        load(Config(instance), instance, {})
    except RefusedToStart as error:
        raise RuntimeError(str(error)) from error


def post_worker_init(worker: Any) -> None:
    """Begin what runs beside the requests of a worker, without waiting for the first of them.

    And take what it has loaded out of the garbage collector's sight: it stays for good, and a full
    collection over it costs as much as a hundred small requests.
    """
    gc.collect()
    gc.freeze()
    background = background_of(worker.wsgi)
    if background is not None:
        background.start_with_server()


# `PROXY_HOPS` says which proxies are believed, under any server.
forwarded_allow_ips = ""
