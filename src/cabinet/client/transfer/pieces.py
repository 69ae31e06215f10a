"""One piece of a file up, part by part: the whole file, or a span of it that is joined later.

Rule: the server says where to go on; a part that it does not confirm is asked about, then sent again.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from cabinet.client.failures import Refused
from cabinet.client.local import FileBody, Source
from cabinet.client.transfer.notes import Notes, Piece
from cabinet.client.transfer.parts import DIGEST_SIZE, Part, PartSize, count_blocks, measure
from cabinet.client.transfer.single import Line, MeteredBody
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.tus import Standing
from cabinet.errors import CabinetError, ChecksumMismatch, OffsetMismatch
from cabinet.storage.content_hash import BLOCK_SIZE


class PieceSender:
    """Brings one piece to its end; the next part is hashed while the present one is on its way."""

    def __init__(
        self, line: Line, source: Source, notes: Notes, piece: Piece, given_up: threading.Event
    ) -> None:
        self._line = line
        self._source = source
        self._notes = notes
        self._piece = piece
        self._given_up = given_up
        self._size = PartSize()
        self._is_checked = True
        self._in_vain = 0

    def run(self, standing: Standing) -> Standing:
        """Send what is missing, and return how the piece stands then.

        It is not whole only if another piece failed meanwhile.
        """
        self._line.gauge.advance(standing.offset)
        self._recall(standing.offset)
        with ThreadPoolExecutor(1) as hashing:
            ahead: Future[Part] | None = None
            while standing.offset < self._piece.span.length and not self._given_up.is_set():
                self._source.check()
                part = self._part_at(standing.offset, ahead)
                ahead = None
                if part.end < self._piece.span.length:
                    size = self._size.bytes
                    ahead = hashing.submit(measure, self._source, self._piece.span, part.end, size)
                standing = self._send(part)
        return standing

    def _part_at(self, offset: int, ahead: Future[Part] | None) -> Part:
        if ahead is not None:
            part = ahead.result()
            if part.offset == offset and part.length <= self._size.bytes:
                return part
        return measure(self._source, self._piece.span, offset, self._size.bytes)

    def _send(self, part: Part) -> Standing:
        """Send a part, and return how the piece stands then, be it as before."""
        start = self._piece.span.start + part.offset
        body = MeteredBody(FileBody(self._source, start, part.length), self._line)
        content_hash = part.content_hash if self._is_checked else None
        began = time.monotonic()
        try:
            standing = self._line.api.tus.send(self._piece.id, part.offset, body, content_hash)
        except CabinetError as error:
            if not _may_go_on(error):
                raise
            body.take_back()
            standing = self._look_again(part, error)
            self._line.gauge.advance(standing.offset - part.offset)
        else:
            self._size.passed(part.length, time.monotonic() - began)
            self._is_checked = True
            self._in_vain = 0
            self._line.gauge.advance(standing.offset - part.end)
        self._note(part, standing.offset)
        self._recall(standing.offset)
        return standing

    def _look_again(self, part: Part, error: CabinetError) -> Standing:
        """Ask where to go on after a part that was lost."""
        self._size.lost()
        # A part without its hash counts as far as it came: on a line that breaks every few
        # seconds nothing else would ever arrive. The hash of the whole still has the last word.
        self._is_checked = isinstance(error, Refused)
        self._line.api.patience.wait(self._in_vain, error)
        self._in_vain += 1
        standing = self._line.api.tus.look(self._piece.id)
        if standing.offset > part.offset:
            self._in_vain = 0
        return standing

    def _note(self, part: Part, offset: int) -> None:
        """Keep the digests of the blocks of `part` that are now on the server as a whole."""
        first = part.offset // BLOCK_SIZE
        if offset >= part.end:
            self._notes.add(self._piece, first, part.digests)
        elif offset // BLOCK_SIZE > first:
            count = offset // BLOCK_SIZE - first
            self._notes.add(self._piece, first, part.digests[: count * DIGEST_SIZE])

    def _recall(self, offset: int) -> None:
        """Have the digests of the whole blocks before `offset`, and of no others: read those not noted."""
        self._piece.offset = offset
        known = len(self._piece.digests) // DIGEST_SIZE
        wanted = offset // BLOCK_SIZE
        if offset == self._piece.span.length:
            wanted = count_blocks(offset)
        while known < wanted:
            part = measure(self._source, self._piece.span, known * BLOCK_SIZE, self._size.bytes)
            self._notes.add(self._piece, known, part.digests[: (wanted - known) * DIGEST_SIZE])
            known = len(self._piece.digests) // DIGEST_SIZE
        del self._piece.digests[wanted * DIGEST_SIZE :]


def _may_go_on(error: CabinetError) -> bool:
    """Tell whether the same upload can go on after `error`."""
    if isinstance(error, Refused) and (error.means(OffsetMismatch) or error.means(ChecksumMismatch)):
        return True
    return is_passing(error)
