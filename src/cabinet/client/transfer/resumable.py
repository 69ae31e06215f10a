"""Upload of one large file in parts, over any number of requests, connections and runs of filecli.

With high latency a single TCP stream is slow at any bandwidth, because it treats each lost packet as
congestion. There the file is sent in several parallel pieces, which the server joins at the end.

Rule: the server's offset decides where to resume, never the journal. An upload is complete only if the
server's content hash is that of the bytes read here.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from cabinet.client.failures import Damaged, Misunderstood, Refused, SourceChanged
from cabinet.client.local import SizeUnknown, read_span
from cabinet.client.remote.conflicts import UploadTask
from cabinet.client.transfer.change_detection import ChangeDetector
from cabinet.client.transfer.parts import Span, whole_blocks
from cabinet.client.transfer.pieces import PieceSender
from cabinet.client.transfer.single import Channel
from cabinet.client.transfer.upload_journal import JournalKey, Piece, UploadJournal
from cabinet.client.wire.connection import is_passing
from cabinet.client.wire.entries import RemoteEntry
from cabinet.client.wire.tus import Destination, UploadStatus
from cabinet.errors import CabinetError, ChecksumMismatch, Forbidden, NotFound, UploadGone
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, ContentHasher, combine

# Seconds: the round-trip time from which several streams are faster than one. Measured with 100 ms and a
# packet loss of 0.1 percent.
LONG_LINE = 0.02

# Bytes. Smaller files and pieces would end before a stream reaches its full speed.
WORTH_CUTTING = 32 << 20
SHORTEST_PIECE = 8 << 20

# Measurements of the round-trip time: a busy machine makes single ones too long.
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Resumable:
    """The upload of one file in at most `streams` pieces, new or resumed from `journal`."""

    channel: Channel
    journal: UploadJournal
    key: JournalKey
    task: UploadTask
    detector: ChangeDetector
    streams: int = 1

    @property
    def offset(self) -> int:
        """The number of bytes on the server."""
        return sum(piece.offset for piece in self.journal.pieces)

    def run(self) -> RemoteEntry:
        """Upload the whole file, return the new entry and delete the journal.

        Raises `SourceChanged`, `SizeUnknown` or the refusal of a damaged content, after removing the
        upload from the server.
        """
        try:
            statuses = self._resume()
            entry = self._find() if statuses is None else None
            if entry is None:
                entry = self._send_again_if_damaged(statuses)
        except (SourceChanged, SizeUnknown):
            self._cancel()
            raise
        self.journal.delete()
        self.channel.gauge.finish()
        return entry

    def _send_again_if_damaged(self, statuses: list[UploadStatus] | None) -> RemoteEntry:
        """Send the file, and once more if the server received another content.

        Its bytes were damaged on the way, or come from another file of the same size and time.
        """
        try:
            return self._send_and_finish(statuses)
        except Refused as error:
            if not error.is_kind(ChecksumMismatch):
                raise
        self._cancel()
        try:
            return self._send_and_finish(None)
        except Refused as error:
            if error.is_kind(ChecksumMismatch):
                self._cancel()
            raise

    def _send_and_finish(self, statuses: list[UploadStatus] | None) -> RemoteEntry:
        self.channel.gauge.begin(self.task.source.size)
        return self._finish(self._send_all(statuses or self._begin()))

    def _resume(self) -> list[UploadStatus] | None:
        """Return the statuses of the pieces of an earlier run; None if there is none to resume."""
        if not self.journal.matches(self.task.source, self.task.on_conflict):
            self._cancel()
            return None
        try:
            statuses = [self.channel.api.tus.get_status(piece.id) for piece in self.journal.pieces]
        except Refused as error:
            if not (error.is_kind(NotFound) or error.is_kind(UploadGone)):
                raise
            return None
        if not (self.journal.is_same_file(self.task.source) or self._matches_file(statuses)):
            self._cancel()
            return None
        return statuses

    def _matches_file(self, statuses: list[UploadStatus]) -> bool:
        """Return whether the recorded digests of bytes on the server still match the file.

        A different file may have the same size and time. Bytes without a record, at most one part of
        each piece, are only verified with the whole upload.
        """
        for piece, status in zip(self.journal.pieces, statuses, strict=True):
            digests = piece.digests[: whole_blocks(piece.span, status.offset) * DIGEST_SIZE]
            if status.offset and not digests:
                return False
            length = min(len(digests) // DIGEST_SIZE * BLOCK_SIZE, piece.span.length)
            hasher = ContentHasher()
            for chunk in read_span(self.task.source, piece.span.start, length):
                hasher.update(chunk)
            if hasher.all_digests() != digests:
                return False
        return True

    def _cancel(self) -> None:
        """Cancel the pieces on the server."""
        for piece in self.journal.pieces:
            # An upload that cannot be canceled expires.
            with suppress(Refused):
                self.channel.api.tus.cancel(piece.id)
        self.journal.clear()

    def _find(self) -> RemoteEntry | None:
        """Return the entry if an earlier run finished without receiving the response, else None.

        The pieces do not exist after a join, and the journal then has the digests of all blocks.
        """
        pieces = self.journal.pieces
        if not pieces or not all(piece.is_hashed for piece in pieces):
            return None
        try:
            found = self.channel.api.lookup([self.task.path])[0]
        except Refused as error:
            # A request for files, or a token that may only write, shows no names.
            if not error.is_kind(Forbidden):
                raise
            return None
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
        """Return the number of pieces: several if the latency is high and the file is large."""
        size = self.task.source.size
        wanted = min(self.streams, size // SHORTEST_PIECE) if size >= WORTH_CUTTING else 1
        if wanted > 1 and all(self.channel.api.tus.round_trip() >= LONG_LINE for _ in range(_PROBES)):
            return wanted
        return 1

    def _send_all(self, statuses: list[UploadStatus]) -> list[UploadStatus]:
        """Send all pieces in parallel; raises the first error after all have stopped."""
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
        """Join the pieces if there are several, verify the hash, and return the new entry."""
        tus, pieces = self.channel.api.tus, self.journal.pieces
        if len(pieces) == 1:
            upload_id, content_hash = pieces[0].id, statuses[0].content_hash
        else:
            content_hash = ""
            for _ in self.detector.verify_whole(self._content_hash()):
                pass
            try:
                ids = [piece.id for piece in pieces]
                upload_id = tus.join(ids, self._destination(), self._content_hash())
            except CabinetError as error:
                # If the response was lost, the join may have succeeded.
                if not is_passing(error):
                    raise
                self.channel.api.retry.wait(0, error)
                return self._find() or self._finish(statuses)
        # The status has no hash if it was not requested yet, or if the file could not be stored so far.
        self._check(content_hash or tus.get_status(upload_id).content_hash)
        return tus.entry(upload_id)

    def _check(self, received: str) -> None:
        if not received:
            raise Misunderstood(server=self.key.server, reason="a complete upload has no content hash")
        if received != self._content_hash():
            self.journal.delete()
            raise Damaged(path=self.task.path, expected=self._content_hash(), received=received)

    def _content_hash(self) -> str:
        return combine(b"".join(piece.digests for piece in self.journal.pieces))

    def _destination(self) -> Destination:
        return Destination(self.task.path, self.task.on_conflict, self.task.source.mtime_ns)


def cut_spans(size: int, count: int) -> list[Span]:
    """Split `size` bytes into at most `count` spans of whole blocks; the last may be shorter."""
    length = -(-size // count)
    length = -(-length // BLOCK_SIZE) * BLOCK_SIZE
    return [Span(start, min(length, size - start)) for start in range(0, size, length)]
