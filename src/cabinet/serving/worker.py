"""gunicorn's threaded worker, with connections that wait in the poller until a request has arrived.

A request gets a thread only after its complete headers, and after the whole of a small body: a slow
or idle client costs some bytes and a descriptor. A large body, or one that its view streams, is read
by the thread, and `RequestBody` limits how long it waits. After a response that leaves part of the
request unread, the connection returns here for a lingering close, and further input is discarded.

Waiting connections are grouped by client address. When connections, descriptors or memory run out,
the oldest connection of the address with most of them is evicted; other clients are not affected.

HTTP/2, the PROXY protocol and uWSGI, which the settings of `cabinet.serving` turn off, are left to
gunicorn: their connections get a thread from the first byte.

Rule: everything here but `has_spare_thread` runs in the main thread, and never blocks; what runs in threads
is in `handling.py`. An error of a connection never ends the worker.
"""

from __future__ import annotations

import errno
import ssl
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from flask import Flask
from gunicorn import http, sock

from cabinet.serving import error_responses, process
from cabinet.serving.access_log import PrintableAtoms
from cabinet.serving.background import background_of
from cabinet.serving.connection import Connection
from cabinet.serving.handling import HandlingWorker
from cabinet.serving.request_progress import SMALL_BODY, Progress, RequestInspector
from cabinet.serving.thread_pool import ThreadPool
from cabinet.serving.waiting_connections import SENDING, Stage, WaitingConnection, WaitingConnections
from cabinet.storage.memory import UPLOAD_MEMORY
from cabinet.web.runtime import EXTENSION

# Seconds for the headers, from the start of a connection or the first byte of a further request.
HEAD_SECONDS = 10.0

# Limits of a lingering close: seconds to read the response, and bytes that are discarded meanwhile.
LINGER_SECONDS = 2.0
LINGER_BYTES = 64 << 20

# Seconds between two checks for expired deadlines; there may be thousands of connections.
_EXPIRY_CHECK_SECONDS = 0.25
# Errors of accept() that concern the listener; others concern one connection, or pass by themselves.
_BROKEN_LISTENER = {errno.EBADF, errno.EINVAL, errno.ENOTSOCK}
# Seconds without accepting when descriptors have run out and no connection can be evicted.
_ACCEPT_PAUSE = 1.0

# Seconds between two heartbeats; gunicorn would send one per poll, though it allows 30 seconds.
_HEARTBEAT_SECONDS = 0.5

# The shared receive buffer, of which a request uses at most `SMALL_BODY` bytes at a time.
_BUFFER = memoryview(bytearray(256 << 10))


class Worker(HandlingWorker):
    """The worker class; see the module docstring."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.log.atoms_wrapper_class = PrintableAtoms
        self.worker_connections: int = self.cfg.worker_connections
        self._waiting = WaitingConnections(UPLOAD_MEMORY)
        # Connections whose request is ready, in the order in which threads take them.
        self._ready: deque[WaitingConnection] = deque()
        self._running = 0
        self._expiry_checked_at = self._heartbeat_at = 0.0
        self._accepts_at = 0.0
        self._stops_at: float | None = None
        self._tls: ssl.SSLContext | None = None
        self._is_http1 = (
            "h2" not in self.cfg.http_protocols
            and self.cfg.proxy_protocol == "off"
            and getattr(self.cfg, "protocol", "http") == "http"
        )

    def init_process(self) -> None:
        """Apply process limits before the first connection."""
        process.return_freed_memory()
        limit = process.raise_descriptor_limit()
        wanted = self.worker_connections
        self.worker_connections = process.max_connections(limit, wanted, self.cfg.threads)
        if self.worker_connections < wanted:
            self.log.info("%s connections at most: RLIMIT_NOFILE is %s", self.worker_connections, limit)
        if self.cfg.is_ssl:
            self._tls = sock.ssl_context(self.cfg)
        super().init_process()

    def notify(self) -> None:
        """Send a heartbeat to the arbiter, at most every `_HEARTBEAT_SECONDS`."""
        now = time.monotonic()
        if now >= self._heartbeat_at + _HEARTBEAT_SECONDS:
            self._heartbeat_at = now
            super().notify()

    def load_wsgi(self) -> None:
        """Load the application, whose routes decide which bodies are streamed."""
        super().load_wsgi()
        self._inspector = RequestInspector(self.wsgi)
        if isinstance(self.wsgi, Flask):
            self.wsgi.extensions[EXTENSION].threads = self.cfg.threads

    def get_thread_pool(self) -> ThreadPool:
        """Return a pool whose idle threads end, and with them the memory that a crowd needed."""
        return ThreadPool(self.cfg.threads, on_shrunk=process.trim_heap)

    # New connections

    def accept(self, listener: Any) -> None:
        """Accept a connection; when descriptors have run out, evict another for the next one."""
        try:
            connection, peer = listener.accept()
        except OSError as error:
            if error.errno in _BROKEN_LISTENER:
                raise
            if error.errno in process.EXHAUSTED and not self._evict_one():
                self._accepts_at = time.monotonic() + _ACCEPT_PAUSE
                self.set_accept_enabled(False)
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, connection, peer, listener.getsockname())
        stage = Stage.HANDSHAKE if self._tls and self._is_http1 else Stage.HEAD
        waiter = WaitingConnection(conn, conn.address, stage, time.monotonic() + HEAD_SECONDS)
        self._waiting.add(waiter)
        if not self._is_http1:
            self._queue_for_thread(waiter)
        else:
            self._watch(waiter)
        if self.nr_conns >= self.worker_connections:
            self._evict_one()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start or stop accepting, as gunicorn asks; does not start while descriptors have run out."""
        super().set_accept_enabled(enabled and time.monotonic() >= self._accepts_at)

    # Receiving requests

    def _watch(self, waiter: WaitingConnection, events: int = EVENT_READ) -> None:
        self.poller.register(waiter.conn.sock, events, partial(self._on_event, waiter))
        waiter.is_watched = True

    def _unwatch(self, waiter: WaitingConnection) -> None:
        if waiter.is_watched:
            self.poller.unregister(waiter.conn.sock)
            waiter.is_watched = False

    def _on_event(self, waiter: WaitingConnection, _connection: object) -> None:
        if waiter not in self._waiting:
            return  # removed earlier in the same poll
        try:
            self._receive(waiter)
        except OSError:
            self._drop(waiter)
        except Exception:
            self.log.exception("a connection that waited was dropped")
            self._drop(waiter)

    def _receive(self, waiter: WaitingConnection) -> None:
        if waiter.stage is Stage.HANDSHAKE and not self._do_handshake(waiter):
            return
        if waiter.stage is Stage.LINGERING:
            self._drain(waiter)
            return
        connection = waiter.conn.sock
        while True:
            try:
                count = connection.recv_into(_BUFFER, SMALL_BODY)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            if not count:
                self._drop(waiter)
                return
            if waiter.is_kept and not waiter.received:
                waiter.deadline = self._deadline_in(HEAD_SECONDS)
            waiter.received += _BUFFER[:count]
            self._process_received(waiter)
            if waiter not in self._waiting or waiter.stage not in SENDING or not waiter.conn.has_more:
                return

    def _do_handshake(self, waiter: WaitingConnection) -> bool:
        """Continue the TLS handshake; return whether it is complete."""
        assert self._tls is not None
        conn = waiter.conn
        self._unwatch(waiter)
        if not isinstance(conn.sock, ssl.SSLSocket):
            conn.sock = self._tls.wrap_socket(
                conn.sock, server_side=True, do_handshake_on_connect=False,
                suppress_ragged_eofs=self.cfg.suppress_ragged_eofs,
            )  # fmt: skip
        events = EVENT_READ
        try:
            conn.sock.do_handshake()
            waiter.stage = Stage.HEAD
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            events = EVENT_WRITE
        self._watch(waiter, events)
        return waiter.stage is Stage.HEAD

    def _process_received(self, waiter: WaitingConnection) -> None:
        """Advance `waiter` as far as its received bytes allow; evict others when memory is full."""
        progress = self._inspector.inspect(waiter)
        if progress is Progress.ENOUGH:
            self._queue_for_thread(waiter)
        elif progress is Progress.TOO_LARGE:
            self._refuse(waiter, error_responses.head_too_large)
        elif progress is Progress.HEAD and waiter.stage is Stage.HEAD:
            self._wait_for_body(waiter)
        if waiter in self._waiting:
            self._waiting.recount(waiter)
        while (other := self._waiting.next_to_evict_for_memory()) is not None:
            self._evict(other)

    def _wait_for_body(self, waiter: WaitingConnection) -> None:
        head = waiter.head
        assert head is not None
        waiter.stage = Stage.BODY
        waiter.deadline = self._deadline_in(self._inspector.seconds_for_body(head))
        client = self._inspector.client_of(head)
        if client is not None:
            self._waiting.change_address(waiter, client)
        if head.expects_continue:
            waiter.conn.send(error_responses.CONTINUE)
            waiter.conn.sent_continue = True

    # Handling requests in threads

    def _queue_for_thread(self, waiter: WaitingConnection) -> None:
        """Queue `waiter` for a thread, unless its peer has not read earlier responses."""
        self._unwatch(waiter)
        if waiter.is_kept and not waiter.conn.can_send:
            waiter.stage, waiter.deadline = Stage.UNREAD_RESPONSES, self._deadline_in(self.cfg.keepalive)
            return
        waiter.stage = Stage.THREAD
        self._ready.append(waiter)
        self._start_ready()

    def _start_ready(self) -> None:
        while self._ready and self._running < self.cfg.threads:
            waiter = self._ready.popleft()
            self._waiting.remove(waiter)
            conn = waiter.conn
            if self._is_http1:
                if conn.parser is None:
                    conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
                    conn.initialized = True
                conn.parser.unreader.unread(bytes(waiter.received))
                conn.data_ready = True
            self.enqueue_req(conn)

    def enqueue_req(self, conn: Any) -> None:
        """Handle a request of `conn` in a thread."""
        self._running += 1
        super().enqueue_req(conn)

    def has_spare_thread(self) -> bool:
        """Return whether another request could start now although the calling thread waits. Runs in a thread."""
        return self._is_http1 and not self._ready and self._running < self.cfg.threads

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """After a response, wait for the next request, or start a lingering close."""
        self._running -= 1
        if not self._is_http1:
            super().finish_request(conn, fs)
            self._start_ready()
            return
        is_kept = not fs.cancelled() and fs.exception() is None and bool(fs.result())
        waiter = WaitingConnection(conn, conn.address, Stage.LINGERING, time.monotonic() + LINGER_SECONDS)
        try:
            conn.sock.setblocking(False)
            if is_kept:
                waiter.stage, waiter.is_kept = Stage.HEAD, True
                waiter.received += conn.parser.unreader.take_buffered()
                waiter.deadline = self._deadline_in(HEAD_SECONDS if waiter.received else self.cfg.keepalive)
            else:
                conn.shut_down_sending()
            self._waiting.add(waiter)
            self._watch(waiter)
        except (OSError, ValueError):  # closed by the thread or the peer
            self._close(waiter)
        else:
            if waiter.received:
                self._process_received(waiter)
        self._start_ready()

    # Closing connections

    def murder_keepalived(self, force: bool = False) -> None:
        """With `force`, close all waiting connections; gunicorn's own list of them is empty."""
        if force:
            for waiter in self._waiting:
                self._drop(waiter)

    def murder_pending(self) -> None:
        """Close expired connections, and resume those whose peers have read earlier responses."""
        now = time.monotonic()
        if now < self._expiry_checked_at + _EXPIRY_CHECK_SECONDS:
            return
        self._expiry_checked_at = now
        for waiter in self._waiting:
            if waiter.stage is Stage.UNREAD_RESPONSES and waiter.conn.can_send:
                self._queue_for_thread(waiter)
            if waiter.deadline > now or waiter.stage is Stage.THREAD:
                continue
            if waiter.stage in SENDING and waiter.received:
                self._refuse(waiter, error_responses.timeout)
            else:
                # No response where no request has begun: a browser that connected ahead of time would
                # take it as the response to its next request.
                self._drop(waiter)

    def _cap_keepalive(self, deadline: float) -> None:
        """Limit all deadlines to `deadline` and stop the background threads, because the worker stops."""
        self._stops_at = deadline
        background = background_of(self.wsgi)
        if background is not None:
            background.stop()
        for waiter in self._waiting:
            waiter.deadline = min(waiter.deadline, deadline)

    def _deadline_in(self, seconds: float) -> float:
        """Return the deadline `seconds` from now, but not after the worker must stop."""
        deadline = time.monotonic() + seconds
        return deadline if self._stops_at is None else min(deadline, self._stops_at)

    def _evict_one(self) -> bool:
        """Evict the oldest connection of the address with most; return whether there was one."""
        waiter = self._waiting.next_to_evict()
        if waiter is not None:
            self._evict(waiter)
        return waiter is not None

    def _evict(self, waiter: WaitingConnection) -> None:
        """Close a connection for lack of resources, with a response if it has sent part of a request."""
        if waiter.received and waiter.stage is not Stage.HANDSHAKE:
            waiter.conn.send(error_responses.busy())
        self._drop(waiter)

    def _refuse(self, waiter: WaitingConnection, answer: Callable[[], bytes]) -> None:
        """Send an error response without a thread, and start a lingering close."""
        waiter.conn.send(answer())
        waiter.received.clear()
        self._waiting.recount(waiter)
        waiter.stage = Stage.LINGERING
        waiter.deadline = time.monotonic() + LINGER_SECONDS
        try:
            waiter.conn.shut_down_sending()
        except OSError:
            self._drop(waiter)

    def _drain(self, waiter: WaitingConnection) -> None:
        count = waiter.conn.read_raw(_BUFFER)
        waiter.drained += count
        # Unread input makes the kernel send a reset on close, which tells a sender that is blocked on
        # its send buffer that the connection has ended.
        if not count or waiter.drained > LINGER_BYTES:
            self._drop(waiter)

    def _drop(self, waiter: WaitingConnection) -> None:
        """Remove and close a waiting connection."""
        if waiter.stage is Stage.THREAD:
            self._ready.remove(waiter)
        self._unwatch(waiter)
        self._waiting.remove(waiter)
        self._close(waiter)

    def _close(self, waiter: WaitingConnection) -> None:
        self.nr_conns -= 1
        waiter.conn.close()
