"""Upload of one piece, part by part: a whole file, or a span of it that is joined later.

Every byte is read once: it is hashed while it is sent. The hash of a whole file is known before its last
part is sent, and goes with it, so that the server stores nothing else.

Rule: the server's offset decides where to resume; after an unconfirmed part, the offset is queried first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

from cabinet.client.failures import LimitInFront
from cabinet.client.local import Body, FileBody, MemoryBody
from cabinet.client.transfer.change_detection import ChangeDetector
from cabinet.client.transfer.parts import choose_end, whole_blocks
from cabinet.client.transfer.single import Channel, MeteredBody
from cabinet.client.transfer.upload_journal import Piece, UploadJournal
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.tus import UploadStatus, is_ahead
from cabinet.errors import CabinetError
from cabinet.storage.chunks import BackgroundHasher, iter_hashed
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, ContentHasher

# Bytes whose digests are recorded together: a kill while reading costs at most these.
_READ_AGAIN = 16 * BLOCK_SIZE


class PieceSender:
    """Uploads one piece."""

    def __init__(
        self,
        channel: Channel,
        detector: ChangeDetector,
        journal: UploadJournal,
        piece: Piece,
        given_up: threading.Event,
    ) -> None:
        self._channel = channel
        self._detector = detector
        self._source = detector.source
        self._journal = journal
        self._piece = piece
        self._span = piece.span
        self._given_up = given_up
        self._hasher = ContentHasher(bytes(piece.digests[: piece.span.length // BLOCK_SIZE * DIGEST_SIZE]))
        self._failed_attempts = 0

    def run(self, status: UploadStatus) -> UploadStatus:
        """Send the missing bytes and return the status of the piece.

        The piece is incomplete only if another piece failed.
        """
        self._channel.gauge.advance(status.offset)
        self._follow(status.offset)
        while status.offset < self._span.length and not self._given_up.is_set():
            self._detector.check()
            try:
                status = self._send(status.offset)
            finally:
                self._record()
            self._follow(status.offset)
        return status

    def _send(self, offset: int) -> UploadStatus:
        """Send the part that starts at `offset`, and return the status of the piece."""
        end = choose_end(self._channel.sizer.bytes, self._span, offset)
        if end == self._source.size:  # of several pieces, none is the last: the joined file is verified
            body = self._last_part(offset)
            return self._send_part(offset, body, self._hasher.hexdigest())
        with closing(BackgroundHasher(self._hasher)) as hasher:
            return self._send_part(offset, _HashedPart(self._body(offset, end), hasher))

    def _send_part(self, offset: int, part: Body, content_hash: str | None = None) -> UploadStatus:
        body = MeteredBody(part, self._channel)
        began = time.monotonic()
        try:
            status = self._channel.api.tus.send(self._piece.id, offset, body, content_hash=content_hash)
        except LimitInFront as error:
            body.retract()
            self._channel.sizer.limit.refused(error)
            return UploadStatus(offset, self._span.length)
        except CabinetError as error:
            if not _may_go_on(error):
                raise
            body.retract()
            status = self._query_status(offset, error)
            self._channel.gauge.advance(status.offset - offset)
        else:
            self._channel.sizer.succeeded(part.length, time.monotonic() - began)
            self._failed_attempts = 0
            self._channel.gauge.advance(status.offset - offset - part.length)
        return status

    def _body(self, offset: int, end: int) -> FileBody:
        return FileBody(self._source, self._span.start + offset, end - offset)

    def _last_part(self, offset: int) -> Body:
        """Read the end of the file, and verify that the file is unchanged."""
        content = b"".join(iter_hashed(self._body(offset, self._source.size).chunks(), self._hasher))
        for _ in self._detector.verify_whole(self._hasher.hexdigest()):
            pass
        return MemoryBody(content)

    def _query_status(self, offset: int, error: CabinetError) -> UploadStatus:
        """Query the status of the piece after a failed part that started at `offset`."""
        self._channel.sizer.failed()
        if is_ahead(error):
            status = self._channel.api.tus.get_status(self._piece.id)
            if status.offset != offset:
                return status
        self._channel.api.retry.wait(self._failed_attempts, error)
        self._failed_attempts += 1
        status = self._channel.api.tus.get_status(self._piece.id)
        if status.offset > offset:
            self._failed_attempts = 0
        return status

    def _follow(self, offset: int) -> None:
        """Let the hash end at the server's offset: some bytes are to be sent, or were hashed, again."""
        self._piece.offset = offset
        del self._piece.digests[whole_blocks(self._span, offset) * DIGEST_SIZE :]
        if self._hasher.size > offset:
            self._hasher = ContentHasher(self._hasher.digests()[: offset // BLOCK_SIZE * DIGEST_SIZE])
        while self._hasher.size < offset:
            start = self._hasher.size
            some = self._body(start, min(offset, start + _READ_AGAIN)).chunks()
            for _ in iter_hashed(some, self._hasher):
                pass
            self._record()

    def _record(self) -> None:
        """Record the digests of the blocks that were read, whether the server has all of them or not."""
        known = len(self._piece.digests)
        end = whole_blocks(self._span, self._hasher.size) * DIGEST_SIZE
        if end > known:
            self._journal.add(self._piece, known // DIGEST_SIZE, self._hasher.all_digests()[known:end])


class _HashedPart:
    """The body of a part that is hashed in another thread while it is sent."""

    def __init__(self, body: Body, hasher: BackgroundHasher) -> None:
        self.length = body.length
        self._body = body
        self._hasher = hasher

    def chunks(self) -> Iterator[bytes]:
        return iter_hashed(self._body.chunks(), self._hasher)


def _may_go_on(error: CabinetError) -> bool:
    """Return whether the upload can continue after `error`."""
    return is_ahead(error) or is_passing(error)
