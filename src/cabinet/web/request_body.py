"""The body of a request as our own gunicorn worker hands it over: read with patience, and not with too much.

gunicorn's own readers gather a whole megabyte before they give any of it, however long that takes.
This one gives what there is, says after a second that nothing has come, and gives a sender up that
is slower than the view allows. Time counts only while somebody waits for the sender, so a slow disk
of ours is nobody's fault.

Rule: used by one thread. It holds no more than one read, and never reads behind the end of a body
that has a length.
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
from cabinet.storage.chunks import CHUNK_SIZE
from cabinet.storage.memory import UPLOAD_MEMORY
from cabinet.web.framing import BadFraming, Counted, Framing

BROKEN_OFF = N_("the connection broke off, or its framing is wrong.")

# Seconds that a read waits at most, until whoever holds bytes of a stalled sender is told to let go.
PAUSE = 1.0

# What is read at a time while memory is scarce; hundreds of threads may have as much in hand.
_SCARCE = 256 << 10


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a sender may be: at least `rate` bytes a second over any `window` seconds, `total` seconds in all."""

    rate: int
    window: float
    total: float | None = None


class _Watch:
    """Holds a sender against its pace; `waited` and `received` only grow."""

    def __init__(self, pace: Pace, received: int) -> None:
        self._pace = pace
        # Moments about a second apart, and how much had been received by then.
        self._marks = deque([(0.0, received)])

    def is_too_slow(self, waited: float, received: int) -> bool:
        """Tell whether so many bytes after so many seconds of waiting are too few."""
        pace, marks = self._pace, self._marks
        while len(marks) > 1 and marks[1][0] <= waited - pace.window:
            marks.popleft()
        began, before = marks[0]
        if waited - marks[-1][0] >= PAUSE:
            marks.append((waited, received))
        has_dawdled = waited - began >= pace.window and received - before < pace.rate * pace.window
        return has_dawdled or (pace.total is not None and waited > pace.total)


def _nothing(*_: object) -> None:
    """Stand for what is not wanted any more."""


def _broken_off() -> CabinetError:
    return MalformedRequest(reason=BROKEN_OFF)


class RequestBody(io.RawIOBase):
    """What comes on `connection` behind a head, `received` first.

    `give_back` takes what was read of the next request, `hang_up` makes the connection end with the
    answer. What `held` holds is let go once the answer is out.
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
        self._pieces: deque[bytes] = deque()
        self._is_cut_off = False
        self._received = 0
        self._waited = 0.0
        self._watch: _Watch | None = None
        # Makes the error, anew each time: one that is kept would keep all that it passed through.
        self._error: Callable[[], CabinetError] | None = None
        self._take(received)

    @property
    def has_all_come(self) -> bool:
        """Tell whether nothing of it is still on its way."""
        return self._framing.is_over

    @property
    def failed(self) -> bool:
        """Tell whether reading ended in an error; gunicorn asks, for no request can follow then."""
        return self._error is not None

    def readable(self) -> bool:
        return True

    def keep_pace(self, pace: Pace) -> None:
        """Give the sender up, by `RequestTimeout`, once it is slower from now on."""
        self._waited = 0.0
        self._watch = _Watch(pace, self._received)

    def read_some(self, size: int) -> bytes | None:
        """Return at most `size` bytes, as many as are there; None when nothing comes for a second.

        Empty at the end, and where the sender went away from a body that has a length. Raises
        `RequestTimeout`, and `MalformedRequest` for wrong framing or a connection that breaks off.
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
        """Fill `buffer` with what comes next, however long that takes; raises as `read_some`."""
        while (piece := self.read_some(len(buffer))) is None:
            pass
        buffer[: len(piece)] = piece
        return len(piece)

    def end(self) -> None:
        """Let go of what `held` holds, of what is left, and of the connection; the answer is out."""
        self.held.close()
        self._pieces.clear()
        self._give_back = self._hang_up = _nothing

    def leave(self) -> None:
        """Say that nobody reads the rest: where some is still to come, the connection ends with the answer."""
        if not self.has_all_come:
            self._hang_up()

    @property
    def is_passed(self) -> bool:
        """Tell whether the next request begins behind it, now that nobody reads it any more."""
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
        if data:
            self._take(data)
        elif data is not None:
            self._end()
        watch = None if self._is_at_end or self._error else self._watch
        if watch is not None and watch.is_too_slow(self._waited, self._received):
            self._error = RequestTimeout

    def _recv(self, size: int) -> bytes:
        patience = self._connection.gettimeout()
        self._connection.settimeout(PAUSE)
        try:
            return self._connection.recv(size)
        finally:
            with suppress(OSError):
                self._connection.settimeout(patience)

    def _take(self, data: bytes) -> None:
        self._received += len(data)
        try:
            self._pieces.extend(self._framing.feed(data))
        except BadFraming:
            self._error = _broken_off
        if self._framing.is_over and self._framing.rest:
            self._give_back(self._framing.rest)

    def _end(self) -> None:
        """Note that the sender has gone: chunks tell that something is missing, of a length its reader knows."""
        if isinstance(self._framing, Counted):
            self._is_cut_off = True
        else:
            self._error = _broken_off
