"""One large file up, in parts, over as many requests, connections and runs of filecli as it takes.

Over a long line a single stream is slow however fat the line is, for it takes each lost packet for
a jam. There the file goes in several pieces at once, which the server joins in the end.

Rule: the server says where to go on, never our journal. An upload is done only when the content hash
that the server computed is the one of the bytes that were read here.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from cabinet.client.failures import Damaged, Misunderstood, Refused, SourceChanged
from cabinet.client.local import SizeUnknown
from cabinet.client.remote.conflicts import UploadTask
from cabinet.client.transfer.change_detection import ChangeDetector
from cabinet.client.transfer.parts import Span, measure, whole_blocks
from cabinet.client.transfer.pieces import PieceSender
from cabinet.client.transfer.single import Channel
from cabinet.client.transfer.upload_journal import JournalKey, Piece, UploadJournal
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.entries import RemoteEntry
from cabinet.client.wire.tus import Destination, UploadStatus
from cabinet.errors import CabinetError, NotFound, UploadGone
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, combine

# Seconds of a round trip from which on several streams are faster than one. Measured with 100 ms
# and one packet in a thousand lost.
LONG_LINE = 0.02

# Bytes. Below, several streams would be over before they are at their speed; a piece has at least so
# many that this is true of it, too.
WORTH_CUTTING = 32 << 20
SHORTEST_PIECE = 8 << 20

# How often a round trip is measured: a busy machine makes a short line look long.
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Resumable:
    """The upload of one file, in at most `streams` pieces, begun now or by an earlier run that left `notes`."""

    channel: Channel
    journal: UploadJournal
    key: JournalKey
    task: UploadTask
    detector: ChangeDetector
    streams: int = 1

    @property
    def offset(self) -> int:
        """How many bytes the server has."""
        return sum(piece.offset for piece in self.journal.pieces)

    def run(self) -> RemoteEntry:
        """Bring the whole file to the server and return what it became; then there are no journal.

        Raises `SourceChanged` or `SizeUnknown`, and then nothing of it stays on the server.
        """
        self.channel.gauge.begin(self.task.source.size)
        try:
            statuses = self._take_up()
            entry = self._find() if statuses is None else None
            if entry is None:
                entry = self._finish(self._send_all(statuses or self._begin()))
        except (SourceChanged, SizeUnknown):
            self._cancel()
            raise
        self.journal.delete()
        self.channel.gauge.finish()
        return entry

    def _take_up(self) -> list[UploadStatus] | None:
        """Return how far an earlier run came; None if there was none that can be continued."""
        if not self.journal.matches(self.task.source, self.task.on_conflict):
            self._cancel()
            return None
        try:
            statuses = [self.channel.api.tus.get_status(piece.id) for piece in self.journal.pieces]
        except Refused as error:
            if not (error.means(NotFound) or error.means(UploadGone)):
                raise
            return None
        if not (self.journal.is_same_file(self.task.source) or self._is_all_true(statuses)):
            self._cancel()
            return None
        return statuses

    def _is_all_true(self, statuses: list[UploadStatus]) -> bool:
        """Tell whether all that the server has is noted, and still is what the file holds.

        With its old size and time it may be another file all the same, and nobody may get a mixture.
        """
        for piece, status in zip(self.journal.pieces, statuses, strict=True):
            count = len(piece.digests) // DIGEST_SIZE
            if count != whole_blocks(piece.span, status.offset) or (
                status.offset % BLOCK_SIZE and status.offset != piece.span.length
            ):
                return False
            part = measure(self.task.source, piece.span, 0, status.offset)
            if part.digests != piece.digests:
                return False
        return True

    def _cancel(self) -> None:
        """Drop what is on the server of a file that was another one."""
        for piece in self.journal.pieces:
            # It has expired by now, or it will.
            with suppress(Refused):
                self.channel.api.tus.cancel(piece.id)
        self.journal.clear()

    def _find(self) -> RemoteEntry | None:
        """Return what an earlier run finished without hearing of it, or None.

        Pieces are gone once they are joined, and the digests of all blocks are in the notes then.
        """
        pieces = self.journal.pieces
        if not pieces or not all(piece.is_hashed for piece in pieces):
            return None
        found = self.channel.api.lookup([self.task.path])[0]
        return found if found is not None and found.content_hash == self._content_hash() else None

    def _begin(self) -> list[UploadStatus]:
        source = self.task.source
        spans = cut_spans(source.size, self._count_streams())
        tus, destination = self.channel.api.tus, self._destination()
        if len(spans) == 1:
            ids = [tus.create(source.size, destination)]
        else:
            ids = [tus.create_partial(span.length, destination) for span in spans]
        pieces = [Piece(upload_id, span) for upload_id, span in zip(ids, spans, strict=True)]
        self.journal.begin(self.key, source, self.task.on_conflict, pieces)
        return [UploadStatus(0, span.length) for span in spans]

    def _count_streams(self) -> int:
        """Return in how many pieces to send: several where the line is long and the file worth it."""
        size = self.task.source.size
        wanted = min(self.streams, size // SHORTEST_PIECE) if size >= WORTH_CUTTING else 1
        if wanted > 1 and all(self.channel.api.tus.round_trip() >= LONG_LINE for _ in range(_PROBES)):
            return wanted
        return 1

    def _send_all(self, statuses: list[UploadStatus]) -> list[UploadStatus]:
        """Bring every piece to its end, all at once; the first error is raised once all have stopped."""
        given_up = threading.Event()

        def send(piece: Piece, status: UploadStatus) -> UploadStatus:
            try:
                return PieceSender(self.channel, self.detector, self.journal, piece, given_up).run(status)
            except BaseException:
                given_up.set()
                raise

        pieces = self.journal.pieces
        if len(pieces) == 1:
            return [send(pieces[0], statuses[0])]
        with ThreadPoolExecutor(len(pieces)) as threads:
            sent = [threads.submit(send, *each) for each in zip(pieces, statuses, strict=True)]
        return [each.result() for each in sent]

    def _finish(self, statuses: list[UploadStatus]) -> RemoteEntry:
        """Have the server make a file of what it has, and return that."""
        tus, pieces = self.channel.api.tus, self.journal.pieces
        if len(pieces) == 1:
            upload_id, content_hash = pieces[0].id, statuses[0].content_hash
        else:
            content_hash = ""
            for _ in self.detector.verify_whole(self._content_hash()):
                pass
            try:
                upload_id = tus.join([piece.id for piece in pieces], self._destination())
            except CabinetError as error:
                # Whether they were joined is not known if the answer was lost.
                if not is_passing(error):
                    raise
                self.channel.api.retry.wait(0, error)
                return self._find() or self._finish(statuses)
        # Without a hash it is not known yet, or all is there and could not be made a file so far.
        self._check(content_hash or tus.get_status(upload_id).content_hash)
        return tus.entry(upload_id)

    def _check(self, received: str) -> None:
        if not received:
            raise Misunderstood(server=self.key.server, reason="a whole upload has no content hash")
        if received != self._content_hash():
            self.journal.delete()
            raise Damaged(path=self.task.path, expected=self._content_hash(), received=received)

    def _content_hash(self) -> str:
        return combine(b"".join(piece.digests for piece in self.journal.pieces))

    def _destination(self) -> Destination:
        return Destination(self.task.path, self.task.on_conflict, self.task.source.mtime_ns)


def cut_spans(size: int, count: int) -> list[Span]:
    """Cut `size` bytes into at most `count` spans of whole blocks, of one length but for the last."""
    length = -(-size // count)
    length = -(-length // BLOCK_SIZE) * BLOCK_SIZE
    return [Span(start, min(length, size - start)) for start in range(0, size, length)]
