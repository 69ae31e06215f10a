"""One piece of a file up, part by part: the whole file, or a span of it that is joined later.

Rule: the server says where to go on; a part that it does not confirm is asked about, then sent again.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from cabinet.client.failures import LimitInFront, Refused
from cabinet.client.local import Body, FileBody
from cabinet.client.transfer.notes import Notes, Piece
from cabinet.client.transfer.parts import Part, choose_end, digests_before, measure, whole_blocks
from cabinet.client.transfer.single import Line, MeteredBody
from cabinet.client.transfer.steady import ConfirmedBody, Steady
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.tus import Standing
from cabinet.errors import CabinetError, ChecksumMismatch, OffsetMismatch
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, combine

# Bytes of which the digests are noted together: a kill while they are read costs no more than these.
_READ_AGAIN = 16 * BLOCK_SIZE


class PieceSender:
    """Brings one piece to its end; the next part is hashed while the present one is on its way."""

    def __init__(
        self,
        line: Line,
        steady: Steady,
        notes: Notes,
        piece: Piece,
        given_up: threading.Event,
    ) -> None:
        self._line = line
        self._steady = steady
        self._source = steady.source
        self._notes = notes
        self._piece = piece
        self._given_up = given_up
        self._is_checked = True
        self._in_vain = 0

    def run(self, standing: Standing) -> Standing:
        """Send what is missing, and return how the piece stands then.

        It is not whole only if another piece failed meanwhile.
        """
        span, pace = self._piece.span, self._line.pace
        self._line.gauge.advance(standing.offset)
        self._recall(standing.offset)
        before: Part | None = None
        with ThreadPoolExecutor(1) as hashing:
            ahead: Future[Part] | None = None
            while standing.offset < span.length and not self._given_up.is_set():
                self._steady.check()
                part = self._part_at(standing.offset, before, ahead)
                ahead = None
                if part.end < span.length and pace.bytes >= BLOCK_SIZE:
                    end = choose_end(pace, span, part.end)
                    ahead = hashing.submit(measure, self._source, span, part.end, end, part.begun)
                standing = self._send(part)
                before = part
        return standing

    def _part_at(self, offset: int, before: Part | None, ahead: Future[Part] | None) -> Part:
        end = choose_end(self._line.pace, self._piece.span, offset)
        if ahead is not None:
            part = ahead.result()
            if part.offset == offset and part.end <= end:
                return part
        begun = before.begun if before is not None and before.end == offset else None
        return measure(self._source, self._piece.span, offset, end, begun)

    def _send(self, part: Part) -> Standing:
        """Send a part, and return how the piece stands then, be it as before."""
        body = MeteredBody(self._body(part), self._line)
        content_hash = part.content_hash if self._is_checked else None
        began = time.monotonic()
        try:
            standing = self._line.api.tus.send(self._piece.id, part.offset, body, content_hash)
        except LimitInFront as error:
            body.take_back()
            self._line.pace.ceiling.meet(error)
            return Standing(part.offset, self._piece.span.length)
        except CabinetError as error:
            if not _may_go_on(error):
                raise
            body.take_back()
            standing = self._look_again(part, error)
            self._line.gauge.advance(standing.offset - part.offset)
        else:
            self._line.pace.passed(part.length, time.monotonic() - began)
            self._is_checked = True
            self._in_vain = 0
            self._line.gauge.advance(standing.offset - part.end)
        self._note(part, standing.offset)
        self._recall(standing.offset)
        return standing

    def _body(self, part: Part) -> Body:
        body = FileBody(self._source, self._piece.span.start + part.offset, part.length)
        if part.end < self._source.size:
            return body  # not the end, or one of several pieces, confirmed before they are joined
        content_hash = combine(bytes(self._piece.digests) + part.digests)
        return ConfirmedBody(body, partial(self._steady.confirm_whole, content_hash))

    def _look_again(self, part: Part, error: CabinetError) -> Standing:
        """Ask where to go on after a part that was lost."""
        self._line.pace.lost()
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
        """Keep the digests of the blocks that end in `part` and are now on the server as a whole."""
        digests = digests_before(part, self._piece.span, offset)
        if digests:
            self._notes.add(self._piece, part.offset // BLOCK_SIZE, digests)

    def _recall(self, offset: int) -> None:
        """Have the digests of the whole blocks before `offset`, and of no others: read those not noted."""
        span, digests = self._piece.span, self._piece.digests
        self._piece.offset = offset
        wanted = whole_blocks(span, offset)
        known = len(digests) // DIGEST_SIZE
        while known < wanted:
            start = known * BLOCK_SIZE
            part = measure(self._source, span, start, min(span.length, start + _READ_AGAIN))
            self._notes.add(self._piece, known, part.digests[: (wanted - known) * DIGEST_SIZE])
            known = len(digests) // DIGEST_SIZE
        del digests[wanted * DIGEST_SIZE :]


def _may_go_on(error: CabinetError) -> bool:
    """Tell whether the same upload can go on after `error`."""
    if isinstance(error, Refused) and (error.means(OffsetMismatch) or error.means(ChecksumMismatch)):
        return True
    return is_passing(error)
