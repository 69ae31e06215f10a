"""One large file up, in parts, over as many requests, connections and runs of filecli as it takes.

Rule: the server says where to go on, never our notes. An upload is done only when the content hash
that the server computed is the one of the bytes that were read here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from cabinet.client.conflicts import Task
from cabinet.client.connection import is_passing
from cabinet.client.entries import Entry
from cabinet.client.failures import Damaged, Misunderstood, Refused
from cabinet.client.local import FileBody
from cabinet.client.notes import Notes, Piece, Subject
from cabinet.client.parts import DIGEST_SIZE, Part, PartSize, Span, measure
from cabinet.client.transfer import Line, MeteredBody
from cabinet.client.tus import Place, Standing
from cabinet.errors import CabinetError, ChecksumMismatch, NotFound, OffsetMismatch, UploadGone
from cabinet.storage.content_hash import BLOCK_SIZE, combine


class Resumable:
    """The upload of one file, begun now or by an earlier run that left `notes`."""

    def __init__(self, line: Line, notes: Notes, subject: Subject, task: Task) -> None:
        self._line = line
        self._tus = line.api.tus
        self._notes = notes
        self._subject = subject
        self._task = task
        self._place = Place(task.path, task.on_conflict, task.source.mtime_ns)
        self.offset = 0

    def run(self) -> Entry:
        """Bring the whole file to the server and return what it became; then there are no notes."""
        standing = self._take_up() or self._begin()
        piece = self._notes.pieces[0]
        sender = PieceSender(self._line, self._task, self._notes, piece, self._moved)
        self._line.gauge.begin(self._task.source.size)
        standing = sender.run(standing)
        # Without a hash, all bytes are there, and the server could not make a file of them so far.
        content_hash = standing.content_hash or self._tus.look(piece.id).content_hash
        self._check(content_hash, combine(bytes(piece.digests)))
        entry = self._tus.entry(piece.id)
        self._notes.forget()
        self._line.gauge.finish()
        return entry

    def _take_up(self) -> Standing | None:
        """Return how far an earlier run came; None if there was none that can be continued."""
        pieces = self._notes.pieces
        if not self._notes.is_about(self._task.source, self._task.on_conflict):
            for piece in pieces:
                # It has expired by now, or it will.
                with suppress(Refused):
                    self._tus.cancel(piece.id)
            return None
        try:
            return self._tus.look(pieces[0].id)
        except Refused as error:
            if not (error.means(NotFound) or error.means(UploadGone)):
                raise
        return None

    def _begin(self) -> Standing:
        size = self._task.source.size
        piece = Piece(self._tus.create(size, self._place), Span(0, size))
        self._notes.begin(self._subject, self._task.source, self._task.on_conflict, [piece])
        return Standing(0, size)

    def _moved(self, count: int) -> None:
        self.offset += count

    def _check(self, received: str, sent: str) -> None:
        if not received:
            raise Misunderstood(server=self._subject.server, reason="a whole upload has no content hash")
        if received != sent:
            self._notes.forget()
            raise Damaged(path=self._task.path, expected=sent, received=received)


class PieceSender:
    """Brings one piece to its end; the next part is hashed while the present one is on its way."""

    def __init__(
        self, line: Line, task: Task, notes: Notes, piece: Piece, moved: Callable[[int], None]
    ) -> None:
        self._line = line
        self._source = task.source
        self._notes = notes
        self._piece = piece
        self._moved = moved
        self._size = PartSize()
        self._is_checked = True
        self._in_vain = 0

    def run(self, standing: Standing) -> Standing:
        """Send what is missing, and return how the piece stands in the end."""
        self._advance(standing.offset)
        self._recall(standing.offset)
        with ThreadPoolExecutor(1) as hashing:
            ahead: Future[Part] | None = None
            while standing.offset < self._piece.span.length:
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
        checksum = part.checksum if self._is_checked else None
        began = time.monotonic()
        try:
            standing = self._line.api.tus.send(self._piece.id, part.offset, body, checksum)
        except CabinetError as error:
            if not _may_go_on(error):
                raise
            body.take_back()
            standing = self._look_again(part, error)
            self._advance(standing.offset - part.offset)
        else:
            self._size.passed(part.length, time.monotonic() - began)
            self._is_checked = True
            self._in_vain = 0
            self._moved(part.length)
            self._advance(standing.offset - part.end)
        self._note(part, standing.offset)
        self._recall(standing.offset)
        return standing

    def _look_again(self, part: Part, error: CabinetError) -> Standing:
        """Ask where to go on after a part that was lost."""
        self._size.lost()
        # A part without a checksum counts as far as it came: on a line that breaks every few
        # seconds nothing else would ever arrive. The content hash still has the last word.
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
        known = len(self._piece.digests) // DIGEST_SIZE
        wanted = offset // BLOCK_SIZE
        if offset == self._piece.span.length:
            wanted = -(-offset // BLOCK_SIZE)
        while known < wanted:
            part = measure(self._source, self._piece.span, known * BLOCK_SIZE, self._size.bytes)
            self._notes.add(self._piece, known, part.digests[: (wanted - known) * DIGEST_SIZE])
            known = len(self._piece.digests) // DIGEST_SIZE
        del self._piece.digests[wanted * DIGEST_SIZE :]

    def _advance(self, count: int) -> None:
        self._line.gauge.advance(count)
        self._moved(count)


def _may_go_on(error: CabinetError) -> bool:
    """Tell whether the same upload can go on after `error`."""
    if isinstance(error, Refused) and (error.means(OffsetMismatch) or error.means(ChecksumMismatch)):
        return True
    return is_passing(error)
