"""Standard input up, or a file of no size: nobody knows how long it is, and it can be read once.

What was read and not yet acknowledged is kept in memory, so a lost connection or a restarted
server costs nothing. Only when filecli itself ends, the rest of the pipe is gone with it.

Rule: never hold more than one part.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cabinet.client.failures import LimitInFront, Refused, SourceChanged
from cabinet.client.local import MemoryBody, local_errors
from cabinet.client.transfer.single import Line, MeteredBody, check, upload
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.entries import Entry
from cabinet.client.wire.tus import Place, Standing
from cabinet.errors import CabinetError, OffsetMismatch
from cabinet.storage.chunks import Reader, read_up_to
from cabinet.storage.content_hash import ContentHasher

# Bytes: two blocks. Larger parts gain little and cost memory.
PART = 8 << 20


class StreamUpload:
    """The upload of one stream; `path` is what errors call it.

    `confirm` is called once the stream is read, before its end leaves; what it raises breaks the upload off.
    """

    def __init__(
        self, line: Line, stream: Reader, path: Path, confirm: Callable[[], None] = lambda: None
    ) -> None:
        self._line = line
        self._ceiling = line.pace.ceiling
        self._stream = stream
        self._path = path
        self._confirm = confirm
        self._hasher = ContentHasher()
        self._in_vain = 0

    def run(self, place: Place) -> Entry:
        """Store what comes at `place`: in one request if it is short, else in parts."""
        first = self._read()
        if len(first) < PART and self._ceiling.allows(len(first)):
            try:
                return upload(self._line, MemoryBody(first), place)
            except LimitInFront as error:
                self._ceiling.meet(error)
        self._line.gauge.begin(None)
        upload_id = self._line.api.tus.create(None, place)
        try:
            entry = self._send_all(upload_id, first)
        except SourceChanged:
            self._line.api.tus.cancel(upload_id)
            raise
        check(entry, self._hasher.hexdigest())
        self._line.gauge.finish()
        return entry

    def _send_all(self, upload_id: str, first: bytes) -> Entry:
        part, offset = first, 0
        while True:
            self._hasher.update(part)
            # A part that is not full is the last one, and names the length.
            is_last = len(part) < PART
            self._send(upload_id, offset, part, offset + len(part) if is_last else None)
            offset += len(part)
            if is_last:
                return self._line.api.tus.entry(upload_id)
            part = self._read()

    def _send(self, upload_id: str, start: int, part: bytes, length: int | None) -> None:
        """Send what the server does not have of `part`, which begins at `start`, until it has all of it."""
        standing, end = Standing(start, None), start + len(part)
        while standing.offset < end or (length is not None and standing.length is None):
            stop = end if self._ceiling.most is None else min(end, standing.offset + self._ceiling.most)
            body = MeteredBody(MemoryBody(part[standing.offset - start : stop - start]), self._line)
            named = length if stop == end else None
            try:
                standing = self._line.api.tus.send(upload_id, standing.offset, body, None, named)
            except LimitInFront as error:
                body.take_back()
                self._ceiling.meet(error)
            except CabinetError as error:
                body.take_back()
                before = standing.offset
                standing = self._look_again(upload_id, error)
                self._line.gauge.advance(standing.offset - before)
                if standing.offset > before:
                    self._in_vain = 0
            else:
                self._in_vain = 0
                self._ceiling.passed(body.length)
                if stop == end:
                    return

    def _look_again(self, upload_id: str, error: CabinetError) -> Standing:
        is_ahead = isinstance(error, Refused) and error.means(OffsetMismatch)
        if not (is_ahead or is_passing(error)):
            raise error
        self._line.api.patience.wait(self._in_vain, error)
        self._in_vain += 1
        return self._line.api.tus.look(upload_id)

    def _read(self) -> bytes:
        """Read a whole part, or what is left."""
        with local_errors(self._path):
            part = read_up_to(self._stream, PART)
        if len(part) < PART:
            self._confirm()
        return part
