"""The internals of gunicorn that our worker uses, by name: a release that changes them must be reviewed.

Rule: each name is listed with the reason for its use.
"""

from __future__ import annotations

import inspect
from typing import Any

import gunicorn
import pytest
from gunicorn import glogging, http, sock, util
from gunicorn.config import Config
from gunicorn.http import body, message, unreader
from gunicorn.workers import gthread

from cabinet.serving.handling import HandlingWorker
from cabinet.serving.response import Response
from cabinet.serving.worker import Worker

ADVICE = "gunicorn has changed what cabinet.serving.worker relies on; read its sources before you allow this release"

# Called and overridden functions, and their parameters.
SIGNATURES: list[tuple[Any, list[str]]] = [
    (gthread.TConn.__init__, ["self", "cfg", "sock", "client", "server"]),
    (gthread.TConn.close, ["self", "graceful"]),
    (gthread.ThreadWorker.accept, ["self", "listener"]),
    (gthread.ThreadWorker.set_accept_enabled, ["self", "enabled"]),
    (gthread.ThreadWorker.enqueue_req, ["self", "conn"]),
    (gthread.ThreadWorker.finish_request, ["self", "conn", "fs"]),
    (gthread.ThreadWorker.handle, ["self", "conn"]),
    (gthread.ThreadWorker.handle_request, ["self", "req", "conn"]),
    (gthread.ThreadWorker._keepalive_after, ["self", "conn", "keepalive"]),
    (gthread.ThreadWorker.murder_keepalived, ["self", "force"]),
    (gthread.ThreadWorker.murder_pending, ["self"]),
    (gthread.ThreadWorker._cap_keepalive, ["self", "deadline"]),
    (gthread.ThreadWorker.get_thread_pool, ["self"]),
    (gthread.ThreadWorker.init_process, ["self"]),
    (gthread.ThreadWorker.load_wsgi, ["self"]),
    (gthread.ThreadWorker.notify, ["self"]),
    (http.get_parser, ["cfg", "source", "source_addr", "http2_connection"]),
    (unreader.Unreader.unread, ["self", "data"]),
    (unreader.Unreader.take_buffered, ["self"]),
    (message.Message.force_close, ["self"]),
    (
        http.wsgi.create,
        ["req", "sock", "client", "server", "cfg", "response_class", "response_args"],
    ),
    (http.wsgi.Response.__init__, ["self", "req", "sock", "cfg"]),
    (http.wsgi.Response.default_headers, ["self"]),
    (http.wsgi.Response.send_headers, ["self"]),
    (http.wsgi.Response.write, ["self", "arg"]),
    (http.wsgi.Response._emit_body, ["self", "data"]),
    (http.wsgi.Response.sendfile, ["self", "respiter"]),
    (http.wsgi.Response.close, ["self"]),
    (http.wsgi.Response.should_close, ["self"]),
    (glogging.Logger.access, ["self", "resp", "req", "environ", "request_time"]),
    (sock.ssl_context, ["conf"]),
    (glogging.SafeAtoms.__init__, ["self", "atoms"]),
    (util.split_request_uri, ["uri"]),
]

# Attributes that are read or set, and where they must occur.
MENTIONED = {
    "nr_conns": gthread.ThreadWorker.run,
    "worker_connections": gthread.ThreadWorker.run,
    "poller": gthread.ThreadWorker.run,
    "murder_pending": gthread.ThreadWorker.run,
    "_cap_keepalive": gthread.ThreadWorker.run,
    "data_ready": gthread.ThreadWorker.handle,
    "initialized": gthread.ThreadWorker.handle,
    "_keepalive_after": gthread.ThreadWorker.handle,
    "handle_request": gthread.ThreadWorker.handle,
    "age": gthread.ThreadWorker.__base__.__init__,
    "alive": gthread.ThreadWorker.handle_exit,
    "parser": gthread.TConn.init,
    "must_close": message.Message.should_close,
    "_expected_100_continue": http.wsgi.create,
    "headers_sent": http.wsgi.Response.send_headers,
    "chunked": http.wsgi.Response._emit_body,
    "response_length": http.wsgi.Response.write,
    "max_requests": gthread.ThreadWorker.handle_request,
    "nr": gthread.ThreadWorker.handle_request,
    "failed": http.parser.Parser.finish_body,
    "length": body.LengthReader.__init__,
    "atoms_wrapper_class": glogging.Logger.access,
}


def test_the_gunicorn_release_was_reviewed() -> None:
    assert gunicorn.version_info[0] == 27, ADVICE


@pytest.mark.parametrize(
    ("function", "parameters"), SIGNATURES, ids=lambda value: getattr(value, "__qualname__", "")
)
def test_called_and_overridden_functions_exist(function: Any, parameters: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == parameters, ADVICE


@pytest.mark.parametrize("name", MENTIONED)
def test_attributes_that_are_read_and_set_exist(name: str) -> None:
    assert name in inspect.getsource(MENTIONED[name]), f"{name}: {ADVICE}"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Worker, gthread.ThreadWorker), (HandlingWorker, gthread.ThreadWorker), (Response, http.wsgi.Response)],
)
def test_no_other_internals_are_overridden(ours: type, theirs: type) -> None:
    listed = {function.__name__ for function, _ in SIGNATURES} | {"__init__"}
    overridden = {
        name for name, value in vars(ours).items() if inspect.isfunction(value) and hasattr(theirs, name)
    }
    assert overridden <= listed


def test_the_settings_turn_off_protocols_that_the_worker_does_not_handle() -> None:
    settings = Config()
    assert settings.proxy_protocol == "off", ADVICE
    assert "h2" not in settings.http_protocols, ADVICE
