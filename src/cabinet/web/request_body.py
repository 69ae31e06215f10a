"""The body of a request under our own gunicorn worker: returned as it arrives, with a limit on slow clients.

gunicorn's own readers gather a whole megabyte before they return any of it, however long that takes. This one
returns what is there, reports after a second that nothing has arrived, and disconnects clients that are
slower than the view allows. Only the time spent waiting for the client counts, so a slow disk of ours never
disconnects anyone.

Rule: used by one thread. It holds at most one read and one partly filled buffer, and never reads past the end
of a body of known length.
"""

from __future__ import annotations

import io
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from cabinet.errors import N_, CabinetError, MalformedRequest, RequestTimeout
from cabinet.storage.chunks import CHUNK_SIZE, Chunk
from cabinet.storage.memory import UPLOAD_MEMORY
from cabinet.web.framing import BadFraming, Counted, Framing
from cabinet.web.receive_buffers import ReceiveBuffers

BROKEN_OFF = N_("the connection was closed early, or its framing is invalid.")

# The longest wait of a read, in seconds; then callers can release the bytes of a stalled client.
PAUSE = 1.0

# The size of a read while memory is scarce; hundreds of threads may hold as much at a time.
_SCARCE = 256 << 10

# Bytes: a client that sends so many between two reads is fast, and its next ones go into a buffer.
_FAST = 64 << 10
# What one upload needs: two blocks that are being written, one that is being filled, and a rest.
_BUFFERS = ReceiveBuffers(CHUNK_SIZE, most=16)
_NO_SPACE = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Pace:
    """The slowest allowed client: at least `rate` bytes a second over any `window` seconds.

    The whole body may take at most `total` seconds of waiting.
    """

    rate: int
    window: float
    total: float | None = None


class _Watch:
    """Compares a client with its pace; `waited` and `received` only grow."""

    def __init__(self, pace: Pace, received: int) -> None:
        self._pace = pace
        # Samples about a second apart: seconds waited, and bytes received by then.
        self._marks = deque([(0.0, received)])

    def is_too_slow(self, waited: float, received: int) -> bool:
        """Return whether the client sent too few bytes in the seconds waited."""
        pace, marks = self._pace, self._marks
        while len(marks) > 1 and marks[1][0] <= waited - pace.window:
            marks.popleft()
        began, before = marks[0]
        if waited - marks[-1][0] >= PAUSE:
            marks.append((waited, received))
        has_dawdled = waited - began >= pace.window and received - before < pace.rate * pace.window
        return has_dawdled or (pace.total is not None and waited > pace.total)


def _nothing(*_: object) -> None:
    """Do nothing; replaces callbacks that are no longer needed."""


def _broken_off() -> CabinetError:
    return MalformedRequest(reason=BROKEN_OFF)


class RequestBody(io.RawIOBase):
    """The body that arrives on `connection`, after `received`, which was read with the head.

    `give_back` gets bytes of the next request, `hang_up` makes the connection close after the response.
    `held` is closed once the response is sent.
    """

    def __init__(
        self,
        connection: socket.socket,
        framing: Framing,
        received: bytes,
        *,
        give_back: Callable[[bytes], None],
        hang_up: Callable[[], None],
    ) -> None:
        super().__init__()
        self.held = ExitStack()
        self._connection = connection
        self._framing = framing
        self._give_back = give_back
        self._hang_up = hang_up
        self._pieces: deque[Chunk] = deque()
        # The rest of the buffer that a fast client's bytes go into.
        self._space = _NO_SPACE
        self._is_fast = False
        self._is_cut_off = False
        self._received = 0
        self._waited = 0.0
        self._watch: _Watch | None = None
        # Makes a new error each time: a kept one would keep the frames of its traceback alive.
        self._error: Callable[[], CabinetError] | None = None
        self._take(received)

    @property
    def has_all_come(self) -> bool:
        """Return whether the whole body has arrived."""
        return self._framing.is_over

    @property
    def failed(self) -> bool:
        """Return whether reading failed; gunicorn asks, because no request can follow then."""
        return self._error is not None

    def readable(self) -> bool:
        return True

    def keep_pace(self, pace: Pace) -> None:
        """Raise `RequestTimeout` if the client is slower than this from now on."""
        self._waited = 0.0
        self._watch = _Watch(pace, self._received)

    def read_some(self, size: int) -> Chunk | None:
        """Return up to `size` bytes, as many as are there; None if nothing arrives for a second.

        Empty at the end, and if the client disconnected from a body of known length. Raises `RequestTimeout`,
        and `MalformedRequest` for invalid framing or a broken connection.
        """
        if not self._pieces and not self._is_at_end and self._error is None:
            self._receive(size)
        if self._pieces:
            piece = self._pieces.popleft()
            if len(piece) > size:
                self._pieces.appendleft(piece[size:])
            return piece[:size]
        if self._error is not None:
            raise self._error()
        return b"" if self._is_at_end else None

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with the next bytes, however long that takes; raises as `read_some`."""
        while (piece := self.read_some(len(buffer))) is None:
            pass
        buffer[: len(piece)] = piece
        return len(piece)

    def end(self) -> None:
        """Close `held` and drop the buffer and the connection; the response has been sent."""
        self.held.close()
        self._pieces.clear()
        self._release_buffers()
        self._give_back = self._hang_up = _nothing

    def leave(self) -> None:
        """Stop reading: if some of the body is still to come, the connection closes after the response."""
        if not self.has_all_come:
            self._hang_up()

    @property
    def is_consumed(self) -> bool:
        """Return whether the next request follows directly, without more of this body."""
        return self.has_all_come and not self.failed

    @property
    def _is_at_end(self) -> bool:
        return self._framing.is_over or self._is_cut_off

    def _receive(self, size: int) -> None:
        wanted = self._framing.wanted(min(size, _SCARCE if UPLOAD_MEMORY.is_scarce else CHUNK_SIZE))
        began = time.monotonic()
        try:
            data = self._recv(wanted)
        except TimeoutError:
            data = None
        except OSError:
            self._error = _broken_off
            return
        self._waited += time.monotonic() - began
        self._is_fast = data is not None and len(data) >= _FAST
        if data is None:
            self._release_buffers()
        if data:
            self._take(data)
        elif data is not None:
            self._end()
        watch = None if self._is_at_end or self._error else self._watch
        if watch is not None and watch.is_too_slow(self._waited, self._received):
            self._error = RequestTimeout

    def _recv(self, size: int) -> Chunk:
        patience = self._connection.gettimeout()
        self._connection.settimeout(PAUSE)
        self._space = self._find_space()
        try:
            if not self._space:
                return self._connection.recv(size)
            count = self._connection.recv_into(self._space, min(size, len(self._space)))
        finally:
            with suppress(OSError):
                self._connection.settimeout(patience)
        data, self._space = self._space[:count], self._space[count:]
        return data.toreadonly()

    def _find_space(self) -> memoryview:
        """Return where to receive the next bytes; empty for a slow client, and while memory is scarce."""
        if not self._is_fast or UPLOAD_MEMORY.is_scarce:
            return _NO_SPACE
        if len(self._space) >= _FAST:
            return self._space
        return _BUFFERS.take(self)

    def _release_buffers(self) -> None:
        self._space = _NO_SPACE
        _BUFFERS.release(self)

    def _take(self, data: Chunk) -> None:
        self._received += len(data)
        try:
            self._pieces.extend(self._framing.feed(data))
        except BadFraming:
            self._error = _broken_off
        if self._framing.is_over and self._framing.rest:
            self._give_back(self._framing.rest)

    def _end(self) -> None:
        """Note a disconnect: an error for chunks; with a known length, the reader notices the missing bytes."""
        if isinstance(self._framing, Counted):
            self._is_cut_off = True
        else:
            self._error = _broken_off
