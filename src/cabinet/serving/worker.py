"""gunicorn's threaded worker, whose connections wait in the poller until a request is there.

A whole head, and all of a body that is small, come before a thread does: whoever sends slowly or
nothing holds some bytes and a descriptor. What is large, or has a view of its own that streams it,
is read by a thread, which `RequestBody` keeps from waiting too long. Behind an answer that leaves
some of the request unread the connection comes back here, and what still arrives is forgotten.

All that waits is known by its address. Where connections, descriptors or memory run out, the
longest waiting of the address with most has to go, and nobody else notices.

HTTP/2, the PROXY protocol and uWSGI, which the settings of `cabinet.serving` leave off, are
gunicorn's own affair: a thread has their connections from the first byte on.

Rule: everything here but `handle_request` and `_keepalive_after` runs in the main thread, and never
waits. No error of a connection ends the worker.
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
from gunicorn.http.body import ChunkedReader

from cabinet.serving import answers, process
from cabinet.serving.access_log import PrintableAtoms
from cabinet.serving.arriving import SMALL_BODY, Arrivals, Progress
from cabinet.serving.background import background_of
from cabinet.serving.connection import Connection
from cabinet.serving.crew import Crew
from cabinet.serving.loading import LoadingWorker
from cabinet.serving.waiting import SENDING, Stage, Waiter, WaitingRoom
from cabinet.storage.memory import UPLOAD_MEMORY
from cabinet.web.framing import Chunked, Counted
from cabinet.web.request_body import RequestBody
from cabinet.web.runtime import EXTENSION

# Seconds for a head, from the first moment of a connection or the first byte of a further request.
HEAD_SECONDS = 10.0

# Of a refused request, until its sender has looked at the answer: time for it to arrive, and what a
# fast one sends meanwhile.
END_SECONDS = 2.0
END_BYTES = 64 << 20

# How often it is looked whose time is over; thousands may be waiting.
_LOOK_SECONDS = 0.25
# accept() says these of one connection or of a moment, not of the listener.
_BROKEN_LISTENER = {errno.EBADF, errno.EINVAL, errno.ENOTSOCK}
# Seconds without accepting when nobody waits who could make room.
_BREATH_SECONDS = 1.0

# Seconds between two signs of life; gunicorn would give one at every turn, for 30 that it waits.
_SIGN_SECONDS = 0.5

# All that is received here is received into this, and copied as far as somebody wants it; of a
# request that is wanted no more at a time than a small body.
_BUFFER = memoryview(bytearray(256 << 10))


class Worker(LoadingWorker):
    """See the module."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.log.atoms_wrapper_class = PrintableAtoms
        self.worker_connections: int = self.cfg.worker_connections
        self._room = WaitingRoom(UPLOAD_MEMORY)
        # Those that have all they need; a thread takes them in this order.
        self._ready: deque[Waiter] = deque()
        self._running = 0
        self._looked_at = self._signed_at = 0.0
        self._breathes_until = 0.0
        self._stops_at: float | None = None
        self._tls: ssl.SSLContext | None = None
        self._is_plain = (
            "h2" not in self.cfg.http_protocols
            and self.cfg.proxy_protocol == "off"
            and getattr(self.cfg, "protocol", "http") == "http"
        )

    def init_process(self) -> None:
        """Take what the system allows, before the first connection."""
        process.give_memory_back()
        limit = process.raise_limit()
        wanted = self.worker_connections
        self.worker_connections = process.connections_within(limit, wanted, self.cfg.threads)
        if self.worker_connections < wanted:
            self.log.info("%s connections at most: RLIMIT_NOFILE is %s", self.worker_connections, limit)
        if self.cfg.is_ssl:
            self._tls = sock.ssl_context(self.cfg)
        super().init_process()

    def notify(self) -> None:
        """Tell the arbiter that this process lives, now and then."""
        now = time.monotonic()
        if now >= self._signed_at + _SIGN_SECONDS:
            self._signed_at = now
            super().notify()

    def load_wsgi(self) -> None:
        """Load the application, whose routes say what to wait for."""
        super().load_wsgi()
        self._arrivals = Arrivals(self.wsgi)
        if isinstance(self.wsgi, Flask):
            self.wsgi.extensions[EXTENSION].threads = self.cfg.threads

    def get_thread_pool(self) -> Crew:
        """Return threads that end when they have nothing to do."""
        return Crew(self.cfg.threads)

    # Connections come.

    def accept(self, listener: Any) -> None:
        """Take a connection; where descriptors have run out, let another one go for the next."""
        try:
            connection, peer = listener.accept()
        except OSError as error:
            if error.errno in _BROKEN_LISTENER:
                raise
            if error.errno in process.EXHAUSTED and not self._make_room():
                self._breathes_until = time.monotonic() + _BREATH_SECONDS
                self.set_accept_enabled(False)
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, connection, peer, listener.getsockname())
        stage = Stage.HANDSHAKE if self._tls and self._is_plain else Stage.HEAD
        waiter = Waiter(conn, conn.address, stage, time.monotonic() + HEAD_SECONDS)
        self._room.enter(waiter)
        if not self._is_plain:
            self._hand_over(waiter)
        else:
            self._watch(waiter)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept or not, as gunicorn asks; not while there is no descriptor for a connection."""
        super().set_accept_enabled(enabled and time.monotonic() >= self._breathes_until)

    # They send.

    def _watch(self, waiter: Waiter, events: int = EVENT_READ) -> None:
        self.poller.register(waiter.conn.sock, events, partial(self._on_event, waiter))
        waiter.is_watched = True

    def _unwatch(self, waiter: Waiter) -> None:
        if waiter.is_watched:
            self.poller.unregister(waiter.conn.sock)
            waiter.is_watched = False

    def _on_event(self, waiter: Waiter, _connection: object) -> None:
        if waiter not in self._room:
            return  # it went earlier in the same round
        try:
            self._step(waiter)
        except OSError:
            self._drop(waiter)
        except Exception:
            self.log.exception("a connection that waited was dropped")
            self._drop(waiter)

    def _step(self, waiter: Waiter) -> None:
        if waiter.stage is Stage.HANDSHAKE and not self._shake_hands(waiter):
            return
        if waiter.stage is Stage.END:
            self._forget_more(waiter)
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
                waiter.deadline = self._in(HEAD_SECONDS)
            waiter.received += _BUFFER[:count]
            self._look(waiter)
            if waiter not in self._room or waiter.stage not in SENDING or not waiter.conn.has_more:
                return

    def _shake_hands(self, waiter: Waiter) -> bool:
        """Go on with the handshake of TLS; tell whether it is done."""
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

    def _look(self, waiter: Waiter) -> None:
        """Let `waiter` go on when what it waits for is there; make others go when it is too much."""
        progress = self._arrivals.look(waiter)
        if progress is Progress.ENOUGH:
            self._hand_over(waiter)
        elif progress is Progress.TOO_LARGE:
            self._refuse(waiter, answers.head_too_large)
        elif progress is Progress.HEAD and waiter.stage is Stage.HEAD:
            self._wait_for_body(waiter)
        if waiter in self._room:
            self._room.recount(waiter)
        while (other := self._room.first_to_let_go()) is not None:
            self._send_away(other)

    def _wait_for_body(self, waiter: Waiter) -> None:
        head = waiter.head
        assert head is not None
        waiter.stage = Stage.BODY
        waiter.deadline = self._in(self._arrivals.seconds_for_body(head))
        sender = self._arrivals.sender(head)
        if sender is not None:
            self._room.rename(waiter, sender)
        if head.expects_continue:
            waiter.conn.say(answers.CONTINUE)
            waiter.conn.was_told_to_continue = True

    # Threads take them.

    def _hand_over(self, waiter: Waiter) -> None:
        """Let a thread have `waiter`, now or once one is free."""
        self._unwatch(waiter)
        if waiter.is_kept and not waiter.conn.has_room:
            waiter.stage, waiter.deadline = Stage.ANSWERS, self._in(self.cfg.keepalive)
            return
        waiter.stage = Stage.THREAD
        self._ready.append(waiter)
        self._start_ready()

    def _start_ready(self) -> None:
        while self._ready and self._running < self.cfg.threads:
            waiter = self._ready.popleft()
            self._room.leave(waiter)
            conn = waiter.conn
            if self._is_plain:
                if conn.parser is None:
                    conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
                    conn.initialized = True
                conn.parser.unreader.unread(bytes(waiter.received))
                conn.data_ready = True
            self.enqueue_req(conn)

    def enqueue_req(self, conn: Any) -> None:
        """Have a thread handle `conn`."""
        self._running += 1
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose body is read with patience; runs in a thread."""
        reader, unreader = req.body.reader, conn.parser.unreader
        framing = Chunked() if isinstance(reader, ChunkedReader) else Counted(reader.length)
        body = req.body = RequestBody(
            conn.sock, framing, unreader.take_buffered(), give_back=unreader.unread, hang_up=req.force_close
        )
        told, conn.was_told_to_continue = conn.was_told_to_continue, False
        if told or body.has_all_come:
            req._expected_100_continue = False  # noqa: SLF001 - else gunicorn says so in any case
        try:
            return super().handle_request(req, conn)
        finally:
            body.end()

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Tell whether another request may follow; waits for nothing. Runs in a thread."""
        body = conn.parser.mesg.body
        return bool(keepalive) and (not isinstance(body, RequestBody) or body.is_passed)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Let a connection that was answered wait for its next request, or for its end."""
        self._running -= 1
        if not self._is_plain:
            super().finish_request(conn, fs)
            self._start_ready()
            return
        is_kept = not fs.cancelled() and fs.exception() is None and bool(fs.result())
        waiter = Waiter(conn, conn.address, Stage.END, time.monotonic() + END_SECONDS)
        try:
            conn.sock.setblocking(False)
            if is_kept:
                waiter.stage, waiter.is_kept = Stage.HEAD, True
                waiter.received += conn.parser.unreader.take_buffered()
                waiter.deadline = self._in(HEAD_SECONDS if waiter.received else self.cfg.keepalive)
            else:
                conn.end_answers()
            self._room.enter(waiter)
            self._watch(waiter)
        except (OSError, ValueError):  # the thread, or the peer, has closed it
            self._close(waiter)
        else:
            if waiter.received:
                self._look(waiter)
        self._start_ready()

    # They go.

    def murder_keepalived(self, force: bool = False) -> None:
        """Close everything that waits, if `force`; gunicorn's own list of such connections is empty."""
        if force:
            for waiter in self._room:
                self._drop(waiter)

    def murder_pending(self) -> None:
        """Let those go whose time is over, and those go on whose peers have taken earlier answers."""
        now = time.monotonic()
        if now < self._looked_at + _LOOK_SECONDS:
            return
        self._looked_at = now
        for waiter in self._room:
            if waiter.stage is Stage.ANSWERS and waiter.conn.has_room:
                self._hand_over(waiter)
            if waiter.deadline > now or waiter.stage is Stage.THREAD:
                continue
            if waiter.stage in SENDING and waiter.received:
                self._refuse(waiter, answers.timeout)
            else:
                # Without a word where nothing has come: a browser that connected ahead of time would
                # take it for the answer to a request that it sends later.
                self._drop(waiter)

    def _cap_keepalive(self, deadline: float) -> None:
        """End by `deadline` what waits for its sender, and what runs beside requests; the worker stops."""
        self._stops_at = deadline
        background = background_of(self.wsgi)
        if background is not None:
            background.stop()
        for waiter in self._room:
            waiter.deadline = min(waiter.deadline, deadline)

    def _in(self, seconds: float) -> float:
        """Return the moment until which a sender has time, if it is given so many seconds."""
        deadline = time.monotonic() + seconds
        return deadline if self._stops_at is None else min(deadline, self._stops_at)

    def _make_room(self) -> bool:
        """Let the longest waiting of the address with most connections go; tell whether there was one."""
        waiter = self._room.first_to_go()
        if waiter is not None:
            self._send_away(waiter)
        return waiter is not None

    def _send_away(self, waiter: Waiter) -> None:
        """Drop a connection for want of room, and say so where it has begun to ask for something."""
        if waiter.received and waiter.stage is not Stage.HANDSHAKE:
            waiter.conn.say(answers.busy())
        self._drop(waiter)

    def _refuse(self, waiter: Waiter, answer: Callable[[], bytes]) -> None:
        """Answer without a thread, and let the connection end."""
        waiter.conn.say(answer())
        waiter.received.clear()
        self._room.recount(waiter)
        waiter.stage = Stage.END
        waiter.deadline = time.monotonic() + END_SECONDS
        try:
            waiter.conn.end_answers()
        except OSError:
            self._drop(waiter)

    def _forget_more(self, waiter: Waiter) -> None:
        count = waiter.conn.read_raw(_BUFFER)
        waiter.drained += count
        # What is not read by the end makes the kernel reset the connection. To read it would leave a
        # sender that waits for room in the dark: of that a closed connection tells nothing.
        if not count or waiter.drained > END_BYTES:
            self._drop(waiter)

    def _drop(self, waiter: Waiter) -> None:
        """Close a connection that waits."""
        if waiter.stage is Stage.THREAD:
            self._ready.remove(waiter)
        self._unwatch(waiter)
        self._room.leave(waiter)
        self._close(waiter)

    def _close(self, waiter: Waiter) -> None:
        self.nr_conns -= 1
        waiter.conn.close()
