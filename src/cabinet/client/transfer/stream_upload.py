"""Upload of standard input, or of a file of unknown size, which can be read only once.

Bytes that are not acknowledged yet are kept in memory, so that an upload continues after a lost
connection or a server restart. It cannot be resumed after filecli itself ends.

Rule: at most one part is kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cabinet.client.failures import LimitInFront, SourceChanged
from cabinet.client.local import MemoryBody, local_errors
from cabinet.client.transfer.single import Channel, MeteredBody, check, upload
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.entries import RemoteEntry
from cabinet.client.wire.tus import Destination, UploadStatus, is_ahead
from cabinet.errors import CabinetError
from cabinet.storage.chunks import Reader, read_up_to
from cabinet.storage.content_hash import ContentHasher

# Bytes: two blocks. Larger parts gain little and cost memory.
PART = 8 << 20


class StreamUpload:
    """The upload of one stream; `path` is its name in errors.

    `verify` is called after the stream was read, before its last bytes are sent; an error in it aborts
    the upload.
    """

    def __init__(
        self, channel: Channel, stream: Reader[bytes], path: Path, verify: Callable[[], None] = lambda: None
    ) -> None:
        self._channel = channel
        self._limit = channel.sizer.limit
        self._stream = stream
        self._path = path
        self._verify = verify
        self._hasher = ContentHasher()
        self._failed_attempts = 0

    def run(self, destination: Destination) -> RemoteEntry:
        """Store the stream at `destination`: in one request if it is short, else in parts."""
        first = self._read()
        if len(first) < PART and self._limit.allows(len(first)):
            try:
                return upload(self._channel, MemoryBody(first), destination)
            except LimitInFront as error:
                self._limit.refused(error)
        self._channel.gauge.begin(None)
        upload_id = self._channel.api.tus.create(None, destination)
        try:
            entry = self._send_all(upload_id, first)
        except SourceChanged:
            self._channel.api.tus.cancel(upload_id)
            raise
        check(entry, self._hasher.hexdigest())
        self._channel.gauge.finish()
        return entry

    def _send_all(self, upload_id: str, first: bytes) -> RemoteEntry:
        part, offset = first, 0
        while True:
            self._hasher.update(part)
            # A part that is not full is the last one, and sets the length.
            is_last = len(part) < PART
            self._send(upload_id, offset, part, is_last=is_last)
            offset += len(part)
            if is_last:
                return self._channel.api.tus.entry(upload_id)
            part = self._read()

    def _send(self, upload_id: str, start: int, part: bytes, *, is_last: bool) -> None:
        """Send `part`, which starts at `start`, until the server has all of it."""
        status, end = UploadStatus(start, None), start + len(part)
        while status.offset < end or (is_last and status.length is None):
            chunk_end = (
                end if self._limit.max_bytes is None else min(end, status.offset + self._limit.max_bytes)
            )
            body = MeteredBody(MemoryBody(part[status.offset - start : chunk_end - start]), self._channel)
            is_end = is_last and chunk_end == end
            try:
                status = self._channel.api.tus.send(
                    upload_id,
                    status.offset,
                    body,
                    content_hash=self._hasher.hexdigest() if is_end else None,
                    length=end if is_end else None,
                )
            except LimitInFront as error:
                body.retract()
                self._limit.refused(error)
            except CabinetError as error:
                body.retract()
                before = status.offset
                status = self._query_status(upload_id, before, error)
                self._channel.gauge.advance(status.offset - before)
                if status.offset > before:
                    self._failed_attempts = 0
            else:
                self._failed_attempts = 0
                self._limit.succeeded(body.length)
                if chunk_end == end:
                    return

    def _query_status(self, upload_id: str, offset: int, error: CabinetError) -> UploadStatus:
        if is_ahead(error):
            status = self._channel.api.tus.get_status(upload_id)
            if status.offset != offset:
                return status
        elif not is_passing(error):
            raise error
        self._channel.api.retry.wait(self._failed_attempts, error)
        self._failed_attempts += 1
        return self._channel.api.tus.get_status(upload_id)

    def _read(self) -> bytes:
        """Read a whole part, or the rest of the stream."""
        with local_errors(self._path):
            part = read_up_to(self._stream, PART)
        if len(part) < PART:
            self._verify()
        return part
