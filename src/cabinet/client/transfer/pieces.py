"""Upload of one piece, part by part: a whole file, or a span of it that is joined later.

Rule: the server's offset decides where to resume; after an unconfirmed part, the offset is queried first.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from cabinet.client.failures import LimitInFront, Refused
from cabinet.client.local import Body, FileBody
from cabinet.client.transfer.change_detection import ChangeDetector, VerifiedBody
from cabinet.client.transfer.parts import UploadPart, choose_end, digests_before, measure, whole_blocks
from cabinet.client.transfer.single import Channel, MeteredBody
from cabinet.client.transfer.upload_journal import Piece, UploadJournal
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.tus import UploadStatus
from cabinet.errors import CabinetError, ChecksumMismatch, OffsetMismatch
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, combine

# Bytes whose digests are recorded together: a kill while reading costs at most these.
_READ_AGAIN = 16 * BLOCK_SIZE


class PieceSender:
    """Uploads one piece; the next part is hashed while the current one is sent."""

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
        self._given_up = given_up
        self._is_checked = True
        self._failed_attempts = 0

    def run(self, status: UploadStatus) -> UploadStatus:
        """Send the missing bytes and return the status of the piece.

        The piece is incomplete only if another piece failed.
        """
        span, sizer = self._piece.span, self._channel.sizer
        self._channel.gauge.advance(status.offset)
        self._restore_digests(status.offset)
        before: UploadPart | None = None
        with ThreadPoolExecutor(1) as hashing:
            ahead: Future[UploadPart] | None = None
            while status.offset < span.length and not self._given_up.is_set():
                self._detector.check()
                part = self._part_at(status.offset, before, ahead)
                ahead = None
                if part.end < span.length and sizer.bytes >= BLOCK_SIZE:
                    end = choose_end(sizer, span, part.end)
                    ahead = hashing.submit(measure, self._source, span, part.end, end, part.begun)
                status = self._send(part)
                before = part
        return status

    def _part_at(
        self, offset: int, before: UploadPart | None, ahead: Future[UploadPart] | None
    ) -> UploadPart:
        end = choose_end(self._channel.sizer, self._piece.span, offset)
        if ahead is not None:
            part = ahead.result()
            if part.offset == offset and part.end <= end:
                return part
        begun = before.begun if before is not None and before.end == offset else None
        return measure(self._source, self._piece.span, offset, end, begun)

    def _send(self, part: UploadPart) -> UploadStatus:
        """Send a part and return the status of the piece, which may be unchanged."""
        body = MeteredBody(self._body(part), self._channel)
        content_hash = part.content_hash if self._is_checked else None
        began = time.monotonic()
        try:
            status = self._channel.api.tus.send(self._piece.id, part.offset, body, content_hash)
        except LimitInFront as error:
            body.take_back()
            self._channel.sizer.limit.refused(error)
            return UploadStatus(part.offset, self._piece.span.length)
        except CabinetError as error:
            if not _may_go_on(error):
                raise
            body.take_back()
            status = self._query_status(part, error)
            self._channel.gauge.advance(status.offset - part.offset)
        else:
            self._channel.sizer.succeeded(part.length, time.monotonic() - began)
            self._is_checked = True
            self._failed_attempts = 0
            self._channel.gauge.advance(status.offset - part.end)
        self._record(part, status.offset)
        self._restore_digests(status.offset)
        return status

    def _body(self, part: UploadPart) -> Body:
        body = FileBody(self._source, self._piece.span.start + part.offset, part.length)
        if part.end < self._source.size:
            return body  # not the end, or one of several pieces, which are verified before the join
        content_hash = combine(bytes(self._piece.digests) + part.digests)
        return VerifiedBody(body, partial(self._detector.verify_whole, content_hash))

    def _query_status(self, part: UploadPart, error: CabinetError) -> UploadStatus:
        """Query the status of the piece after a failed part."""
        self._channel.sizer.failed()
        # A part without a hash is stored as far as it arrived: on a connection that breaks every few
        # seconds no whole part would ever arrive. The hash of the whole file is still verified.
        self._is_checked = isinstance(error, Refused)
        self._channel.api.retry.wait(self._failed_attempts, error)
        self._failed_attempts += 1
        status = self._channel.api.tus.get_status(self._piece.id)
        if status.offset > part.offset:
            self._failed_attempts = 0
        return status

    def _record(self, part: UploadPart, offset: int) -> None:
        """Record the digests of the blocks that end in `part` and are complete on the server."""
        digests = digests_before(part, self._piece.span, offset)
        if digests:
            self._journal.add(self._piece, part.offset // BLOCK_SIZE, digests)

    def _restore_digests(self, offset: int) -> None:
        """Set the digests to those of the complete blocks before `offset`; hash blocks not recorded."""
        span, digests = self._piece.span, self._piece.digests
        self._piece.offset = offset
        wanted = whole_blocks(span, offset)
        known = len(digests) // DIGEST_SIZE
        while known < wanted:
            start = known * BLOCK_SIZE
            part = measure(self._source, span, start, min(span.length, start + _READ_AGAIN))
            self._journal.add(self._piece, known, part.digests[: (wanted - known) * DIGEST_SIZE])
            known = len(digests) // DIGEST_SIZE
        del digests[wanted * DIGEST_SIZE :]


def _may_go_on(error: CabinetError) -> bool:
    """Return whether the upload can continue after `error`."""
    if isinstance(error, Refused) and (error.is_kind(OffsetMismatch) or error.is_kind(ChecksumMismatch)):
        return True
    return is_passing(error)
