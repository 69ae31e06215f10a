"""The half of the worker that runs in threads: handle a request, and the next one if it follows at once.

A program that sends many small requests sends the next one as soon as it has the response. To pass the
connection to the main thread and back takes a fifth of the time of a request that stores nothing, so the thread
waits for a moment, and handles a request that has arrived completely. The main thread gets all others.

Rule: while waiting for a client, a thread is blocked for `_NEXT_SECONDS` at most, and never the last one.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.body import ChunkedReader

from cabinet.serving.loading import LoadingWorker
from cabinet.serving.request_progress import SMALL_BODY, Progress, RequestInspector
from cabinet.serving.response import Response
from cabinet.serving.waiting_connections import Stage, WaitingConnection
from cabinet.web.framing import Chunked, Counted
from cabinet.web.request_body import RequestBody

# Several times what a client on this machine or behind a proxy needs between a response and its next request.
_NEXT_SECONDS = 0.002


class HandlingWorker(LoadingWorker):
    """A worker whose threads respond in one write, and keep a connection that goes on at once."""

    alive: bool
    nr: int
    _inspector: RequestInspector

    def has_spare_thread(self) -> bool:
        """Return whether another request could start now although the calling thread waits."""
        raise NotImplementedError

    def handle(self, conn: Any) -> Any:
        """Handle the next request of `conn`, and those that follow it at once."""
        is_kept = super().handle(conn)
        while is_kept is True and self._has_next(conn):
            is_kept = super().handle(conn)
        return is_kept

    def _has_next(self, conn: Any) -> bool:
        """Return whether the next request has arrived completely; what has arrived of it is kept."""
        # TLS may hold bytes that a poll does not show.
        is_tls = isinstance(conn.sock, ssl.SSLSocket)
        if is_tls or not (self.alive and self.has_spare_thread() and conn.can_send):
            return False
        waiter = WaitingConnection(conn, conn.address, Stage.HEAD, 0.0)
        waiter.received += conn.parser.unreader.take_buffered()
        if not self._is_complete(waiter):
            with suppress(OSError):  # the main thread will see the same error
                waiter.received += _receive_soon(conn.sock)
        conn.parser.unreader.unread(bytes(waiter.received))
        return self._is_complete(waiter)

    def _is_complete(self, waiter: WaitingConnection) -> bool:
        return bool(waiter.received) and self._inspector.inspect(waiter) is Progress.ENOUGH

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Handle a request, with a `RequestBody` that limits waiting; return whether to keep the connection."""
        reader, unreader = req.body.reader, conn.parser.unreader
        framing = Chunked() if isinstance(reader, ChunkedReader) else Counted(reader.length)
        body = req.body = RequestBody(
            conn.sock, framing, unreader.take_buffered(), give_back=unreader.unread, hang_up=req.force_close
        )
        sent_continue, conn.sent_continue = conn.sent_continue, False
        if sent_continue or body.has_all_come:
            req._expected_100_continue = False  # noqa: SLF001 - else gunicorn sends 100 again
        try:
            self.cfg.pre_request(self, req)
            return self._respond(req, conn)
        finally:
            body.end()

    def _respond(self, req: Any, conn: Any) -> bool:
        """Run the application and send its response; raises its errors unless part of it has been sent."""
        response, environ = wsgi.create(
            req, conn.sock, conn.client, conn.server, self.cfg, response_class=Response
        )
        environ["wsgi.multithread"] = True
        self._count_request()
        if not self.alive or not self.cfg.keepalive:
            response.force_close()
        try:
            self._run(req, environ, response)
        except OSError:
            raise
        except Exception:
            if not response.headers_sent:
                raise
            self.log.exception("the response is incomplete")
            return False
        finally:
            self.cfg.post_request(self, req, environ, response)
        return not response.should_close()

    def _count_request(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("restarting after %s requests", self.nr)
            self.alive = False

    def _run(self, req: Any, environ: dict[str, Any], response: Response) -> None:
        began = time.monotonic()
        parts = self.wsgi(environ, response.start_response)
        try:
            if isinstance(parts, environ["wsgi.file_wrapper"]):
                response.write_file(parts)
            else:
                for part in parts:
                    response.write(part)
            response.close()
        finally:
            self.log.access(response, req, environ, timedelta(seconds=time.monotonic() - began))
            if hasattr(parts, "close"):
                parts.close()

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Return whether the connection can be kept alive; never blocks."""
        body = conn.parser.mesg.body
        return bool(keepalive) and (not isinstance(body, RequestBody) or body.is_consumed)


def _receive_soon(connection: socket.socket) -> bytes:
    """Return what arrives within `_NEXT_SECONDS`, at most a small request; raises OSError."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return connection.recv(SMALL_BODY) if poll.poll(_NEXT_SECONDS * 1000) else b""
